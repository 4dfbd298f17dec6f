"""Separates Checkpoint's pages, which Django answers, from calls for MLflow, which the proxy answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from foundation.addresses import PORTAL
from proxy import auth_request
from proxy.views import CheckpointProxyView


class ProxyMiddleware:
    """Hands every path outside /checkpoint/ to the proxy, and no other: nothing below /checkpoint/ reaches MLflow.

    This is a middleware and not a URL pattern, because a proxied call needs neither the middleware for pages nor the
    URL patterns, which together would cost more than the proxy's own work.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._proxy = CheckpointProxyView.as_view()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        path = request.path_info
        if path == auth_request.PATH:
            return auth_request.auth_request(request)
        if path.startswith(PORTAL):
            return self.get_response(request)
        if f"{path}/" == PORTAL:
            return HttpResponseRedirect(PORTAL)
        return self._proxy(request, path=path)
