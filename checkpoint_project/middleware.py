"""What every request passes first, and what the middleware for Checkpoint's pages does beyond Django's."""

from collections.abc import Callable
from pathlib import Path

import whitenoise.middleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import security

from registry import patience

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""For Checkpoint's pages: nothing but what comes from here, no inline script or style."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PatienceMiddleware:
    """Bounds how long a page or API call waits for MLflow in sum, however many questions it asks there."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        with patience.at_most(patience.PAGE):
            return self.get_response(request)


class SecurityMiddleware(security.SecurityMiddleware):
    """Django's, with a content security policy beside it.

    Markdown is cleaned before it is shown; the policy is the second wall, behind which a script that somebody smuggled
    into a description would still not run.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Adds the headers; a view that sets a policy of its own keeps it."""
        response = super().process_response(request, response)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if self.sts_seconds:
            # Django adds it only to calls that came by TLS, which ends in front of this process. Over plain HTTP
            # browsers ignore it.
            response.headers.setdefault("Strict-Transport-Security", f"max-age={self.sts_seconds}")
        return response


class WhiteNoiseMiddleware(whitenoise.middleware.WhiteNoiseMiddleware):
    """WhiteNoise's, that is content with a clone which never collected its files."""

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Adds a folder's files; that of a clone which never collected them does not exist, and need not."""
        if Path(root).is_dir():
            super().add_files(root, prefix)
