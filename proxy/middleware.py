"""Separates Checkpoint's pages, which Django answers, from calls for MLflow, which the proxy answers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase

from foundation import error_pages
from foundation.addresses import PORTAL, Site, absolute, site_of
from foundation.browsers import metadata, policies
from proxy import auth_request
from proxy.views import CheckpointProxyView

# What MLflow's page itself needs of Checkpoint; none shows anything, or changes anything but who is signed in.
_AT_MLFLOW = (
    policies.STATIC,
    "/checkpoint/mlflow-ui/status/",
    "/checkpoint/accounts/enter/",
    "/checkpoint/accounts/arrive/",
)


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
        misplaced = elsewhere(request)
        if misplaced is not None:
            return misplaced
        if path.startswith(PORTAL):
            return self.get_response(request)
        if f"{path}/" == PORTAL:
            return HttpResponseRedirect(PORTAL)
        return self._proxy(request, path=path)


def elsewhere(request: HttpRequest) -> HttpResponseBase | None:
    """Returns the answer to a call that is for the other origin; None for one that is in its place.

    A person is sent to the other address, always one of the two that are configured. A program gets 404 and the
    address: a redirect would have it send its credentials on, or lose them.
    """
    path, site = request.path_info, site_of(request)
    is_ours = path.startswith(PORTAL)
    if site is Site.WHOLE or (site is Site.PORTAL) is is_ours:
        return None
    if site is Site.MLFLOW and path.startswith(_AT_MLFLOW):
        return None
    if request.method in {"GET", "HEAD"} and _may_follow(request, is_page=is_ours):
        return HttpResponseRedirect(absolute(request.get_full_path()))
    what = "Checkpoint's pages and API are" if is_ours else "MLflow is"
    address = absolute(PORTAL) if is_ours else settings.CHECKPOINT_PUBLIC_URL
    response = error_pages.error(
        request,
        status=404,
        title="Not here",
        message=f"{what} at {address}, not at this address.",
        code="RESOURCE_DOES_NOT_EXIST",
        bare=True,
    )
    response.headers["Content-Security-Policy"] = policies.for_pages(request)
    return response


def _may_follow(request: HttpRequest, *, is_page: bool) -> bool:
    """Tells whether a person asks, in a tab, or a page of ours for a picture of MLflow's."""
    if metadata.destination(request) == "image":
        return not is_page
    return metadata.is_navigation(request) and not error_pages.wants_json(request)
