"""What every request passes first, and Django's own middleware confined to Checkpoint's pages."""

import uuid
from collections.abc import Callable
from typing import Any

import whitenoise.middleware
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import clickjacking, common, csrf, security

from checkpoint_project import error_pages

PORTAL = "/checkpoint/"
"""Everything below this path is Checkpoint's; everything else is MLflow's."""

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class EntryMiddleware:
    """Gives each request an id and refuses host names that nobody configured.

    The check runs before anything else reads the name, so that a forged Host header cannot reach a link in a mail or
    a redirect. Health checks come by address and are exempt.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        if request.path_info != "/checkpoint/healthz":
            try:
                request.get_host()
            except DisallowedHost:
                return error_pages.unknown_host(request)
        return self.get_response(request)


class PortalOnly:
    """Mixin: the middleware beside it sees only requests for Checkpoint's own pages."""

    get_response: GetResponse

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PORTAL):
            return self.get_response(request)
        return super().__call__(request)  # type: ignore[misc]

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        inner = getattr(super(), "process_view", None)
        if inner is None or not request.path_info.startswith(PORTAL):
            return None
        return inner(request, *view)


class SecurityMiddleware(PortalOnly, security.SecurityMiddleware):
    """Django's, confined to Checkpoint's pages."""


class WhiteNoiseMiddleware(PortalOnly, whitenoise.middleware.WhiteNoiseMiddleware):
    """WhiteNoise's, confined to Checkpoint's pages."""


class SessionMiddleware(PortalOnly, sessions.SessionMiddleware):
    """Django's, confined to Checkpoint's pages; the proxy reads sessions through the credential cache."""


class CommonMiddleware(PortalOnly, common.CommonMiddleware):
    """Django's, confined to Checkpoint's pages."""


class CsrfViewMiddleware(PortalOnly, csrf.CsrfViewMiddleware):
    """Django's, confined to Checkpoint's pages; the proxy checks the origin of writes itself."""


class AuthenticationMiddleware(PortalOnly, auth.AuthenticationMiddleware):
    """Django's, confined to Checkpoint's pages."""


class MessageMiddleware(PortalOnly, messages.MessageMiddleware):
    """Django's, confined to Checkpoint's pages."""


class LoginRequiredMiddleware(PortalOnly, auth.LoginRequiredMiddleware):
    """Django's, confined to Checkpoint's pages; the proxy answers callers it does not know itself."""


class XFrameOptionsMiddleware(PortalOnly, clickjacking.XFrameOptionsMiddleware):
    """Django's, confined to Checkpoint's pages."""
