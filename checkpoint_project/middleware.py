"""What every request passes first, and Django's own middleware confined to Checkpoint's pages."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import whitenoise.middleware
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import clickjacking, common, csrf, security

from checkpoint_project import error_pages, health

PORTAL = "/checkpoint/"
"""Everything below this path is Checkpoint's; everything else is MLflow's."""

NO_PAGE = "/checkpoint/auth-request"
"""The one path below it that is no page: a web server in front asks it about every call (`proxy.auth_request`)."""

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


class EntryMiddleware:
    """Gives each request an id and refuses host names that nobody configured.

    The check runs before anything else reads the name, so that a forged Host header cannot reach a link in a mail or
    a redirect. Health checks come by address, so they are answered before it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers health checks and unknown host names, and passes everything else on."""
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        if request.path_info == health.PATH:
            return health.healthz(request)
        try:
            request.get_host()
        except DisallowedHost:
            return error_pages.unknown_host(request)
        return self.get_response(request)


def _is_page(path: str) -> bool:
    return path.startswith(PORTAL) and path != NO_PAGE


class PortalOnly:
    """Mixin: the middleware beside it sees only requests for Checkpoint's own pages."""

    get_response: Any  # the middlewares beside it declare it, each in its own way

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Passes MLflow's paths on untouched."""
        if not _is_page(request.path_info):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Lets the middleware judge the view of one of Checkpoint's pages."""
        inner = getattr(super(), "process_view", None)
        if inner is None or not _is_page(request.path_info):
            return None
        return inner(request, *view)


class SecurityMiddleware(PortalOnly, security.SecurityMiddleware):
    """Django's, confined to Checkpoint's pages, with a content security policy beside it.

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


class WhiteNoiseMiddleware(PortalOnly, whitenoise.middleware.WhiteNoiseMiddleware):
    """WhiteNoise's, confined to Checkpoint's pages."""

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Adds a folder's files; that of a clone which never collected them does not exist, and need not."""
        if Path(root).is_dir():
            super().add_files(root, prefix)


class SessionMiddleware(PortalOnly, sessions.SessionMiddleware):
    """Django's, confined to Checkpoint's pages; the proxy reads sessions through the credential cache."""


class CommonMiddleware(PortalOnly, common.CommonMiddleware):
    """Django's, confined to Checkpoint's pages."""


class CsrfViewMiddleware(PortalOnly, csrf.CsrfViewMiddleware):  # type: ignore[misc]
    """Django's, confined to Checkpoint's pages; the proxy checks the origin of writes itself."""


class AuthenticationMiddleware(PortalOnly, auth.AuthenticationMiddleware):
    """Django's, confined to Checkpoint's pages."""


class MessageMiddleware(PortalOnly, messages.MessageMiddleware):
    """Django's, confined to Checkpoint's pages."""


class LoginRequiredMiddleware(PortalOnly, auth.LoginRequiredMiddleware):
    """Django's, confined to Checkpoint's pages; the proxy answers callers it does not know itself."""


class XFrameOptionsMiddleware(PortalOnly, clickjacking.XFrameOptionsMiddleware):
    """Django's, confined to Checkpoint's pages."""
