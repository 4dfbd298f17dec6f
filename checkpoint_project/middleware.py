"""The middleware of Checkpoint's pages, beyond Django's own."""

from collections.abc import Callable
from pathlib import Path

import whitenoise.middleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import security
from typing_extensions import override

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
"""For Checkpoint's pages: only files from this server, no inline script or style."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class PatienceMiddleware:
    """Bounds how long a page or API call waits for MLflow in total, however many calls it makes there."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        with patience.at_most(patience.PAGE):
            return self.get_response(request)


class SecurityMiddleware(security.SecurityMiddleware):
    """Django's middleware, which adds a content security policy too.

    Markdown is cleaned before it is shown. The policy is the second defence: with it, a script that somebody smuggled
    into a description would not run either.
    """

    @override
    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Adds the headers; a view that sets a policy of its own keeps it."""
        response = super().process_response(request, response)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        if self.sts_seconds:
            # Django adds it only to calls that came by TLS, which ends in front of this process. Browsers ignore it
            # over plain HTTP.
            response.headers.setdefault("Strict-Transport-Security", f"max-age={self.sts_seconds}")
        return response


class WhiteNoiseMiddleware(whitenoise.middleware.WhiteNoiseMiddleware):
    """WhiteNoise's middleware, which also runs where nobody has collected the static files."""

    @override
    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Adds a folder's files; skips a folder that does not exist, for which WhiteNoise would warn."""
        if Path(root).is_dir():
            super().add_files(root, prefix)
