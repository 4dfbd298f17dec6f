"""A refusal as the client gets it: MLflow's error JSON for programs, a page for people."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from foundation import error_pages
from foundation.addresses import Site, site_of
from foundation.browsers import policies
from foundation.exceptions import CheckpointError
from proxy.exceptions import NotSignedIn, ProxyError
from registry.exceptions import RegistryTimeout, RegistryUnreachable

_MEANWHILE = "Reload this page to ask MLflow again. Promote requests are kept by Checkpoint and can be read meanwhile."


def answer(request: HttpRequest, error: CheckpointError) -> HttpResponseBase:
    """Returns a refusal as MLflow's error JSON for programs and as a page for people.

    A person who is not signed in and wanted a page is sent to the sign-in page instead, and comes back afterwards.
    """
    if isinstance(error, NotSignedIn) and request.method in {"GET", "HEAD"} and not error_pages.wants_json(request):
        is_mlflow = site_of(request) is Site.MLFLOW
        response: HttpResponseBase = redirect_to_login(
            request.get_full_path(), reverse("accounts:enter") if is_mlflow else settings.LOGIN_URL
        )
    else:
        response = error_pages.error(
            request,
            status=error.status,
            title=_title(error),
            message=error.message,
            code=error.code,
            bare=True,
            hint=_MEANWHILE if error.status >= 500 else "",
        )
    if error.status == 401 and response.status_code == 401:
        response.headers["WWW-Authenticate"] = _challenge(request)
    if isinstance(error, ProxyError):
        for name, value in error.headers().items():
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = policies.for_pages(request)
    response.headers["Content-Length"] = str(len(getattr(response, "content", b"")))
    return response


def _challenge(request: HttpRequest) -> str:
    """Returns Basic for programs and Bearer for browsers, which would show their own password box for Basic.

    Sec-Fetch-Mode comes only over TLS or from localhost, so the name that every browser calls itself counts as well.
    """
    headers = request.headers
    is_browser = (
        "Sec-Fetch-Mode" in headers
        or "X-Requested-With" in headers
        or "Origin" in headers
        or headers.get("User-Agent", "").startswith("Mozilla/")
    )
    return 'Bearer realm="Checkpoint"' if is_browser else 'Basic realm="Checkpoint", charset="UTF-8"'


def _title(error: CheckpointError) -> str:
    if isinstance(error, RegistryTimeout):
        return "MLflow is too slow"
    if isinstance(error, RegistryUnreachable):
        return "No answer from MLflow"
    return getattr(error, "title", "Not allowed")
