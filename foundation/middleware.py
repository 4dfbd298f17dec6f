"""The middleware that every request passes first."""

import os
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from foundation import error_pages, health, logs
from foundation.browsers import cookies

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class EntryMiddleware:
    """Gives each request an id, refuses host names that nobody configured, and drops cookies that count for nobody.

    The check runs before anything else reads the name, so that a forged Host header cannot reach a link in a mail or
    a redirect. Health checks come by address, so they are answered before it, and those for MLflow pass without it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers health checks and unknown host names, and passes everything else on."""
        request.id = os.urandom(16).hex()  # type: ignore[attr-defined]
        # Not reset here: an answer is sent after this returned. The server does it, or the thread's next request.
        logs.request_id.set(request.id)  # type: ignore[attr-defined]
        if request.path_info == health.PATH:
            return health.healthz(request)
        cookies.keep_plain(request)
        if not health.is_probe_of_mlflow(request.method, request.path_info):
            try:
                request.get_host()
            except DisallowedHost:
                return error_pages.unknown_host(request)
        return self.get_response(request)
