"""The middleware of Checkpoint's pages, beyond Django's own."""

import logging
from collections.abc import Callable
from pathlib import Path
from wsgiref.headers import Headers

import whitenoise.middleware
from django.conf import settings
from django.contrib.auth import middleware as auth
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware import security
from typing_extensions import override

from foundation import error_pages
from foundation.browsers import htmx, metadata, policies
from foundation.exceptions import CheckpointError, DatabaseBusy
from proxy.page.html import ARTIFACT_FRAME
from registry import patience

ARTIFACT_FRAME_POLICY = "sandbox allow-scripts; frame-ancestors 'self'"
"""For the frame in which MLflow's page shows what is logged as HTML: its scripts run, in an origin of their own."""

# Below these addresses answers are for scripts of ours: JSON, no page, and no token that a form needs.
_API = "/checkpoint/api/"
_FOR_SCRIPTS = (
    _API,
    "/checkpoint/mlflow-ui/",
    "/checkpoint/compare/curves/",
    "/checkpoint/compare/versions/",
    "/checkpoint/admin/autocomplete/",
)
_PICTURES = ("/checkpoint/compare/picture/", "/checkpoint/compare/copy/")
"""What is sent from there is told by its bytes to be a picture, and is contained by its policy."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_IN_A_TAB = "This page is shown in a tab of its own only, not to scripts and in frames."

logger = logging.getLogger(__name__)

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
        if "Content-Security-Policy" not in response.headers:
            response.headers["Content-Security-Policy"] = policies.for_pages(request)
        if self.sts_seconds:
            # Django adds it only to calls that came by TLS, which ends in front of this process. Browsers ignore it
            # over plain HTTP.
            response.headers.setdefault("Strict-Transport-Security", f"max-age={self.sts_seconds}")
        return response


class OwnPagesMiddleware:
    """Keeps Checkpoint's pages out of the reach of scripts that are not theirs, where both share an origin.

    A script on MLflow's page has our origin, so that neither cookies nor CSRF tokens nor the Origin header tell it from
    ours. What it lacks is a page of ours to take a token from. So a page is given to whoever goes to it in a tab of its
    own, never to a script or a frame (`Cross-Origin-Opener-Policy` keeps that tab apart), and what changes anything
    must come from a page of ours. Browsers say so themselves; see `foundation.browsers.metadata`. Calls of the API with
    credentials in a header pass: there the header is what tells who calls, or it is refused. Elsewhere it says nothing,
    and a script of our origin can send one.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request below /checkpoint/."""
        refusal = _refusal(request)
        if refusal:
            return error_pages.error(
                request, status=403, title="Not allowed", message=refusal, code="PERMISSION_DENIED", bare=True
            )
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], *_: object
    ) -> HttpResponseBase | None:
        """Refuses a script the answer of a view that asks for no token: it is a page, and there is a token in it."""
        asks_for_token = not getattr(view_func, "csrf_exempt", False) or request.path_info.startswith(_API)
        if request.method in _SAFE_METHODS or asks_for_token or metadata.is_navigation(request):
            return None
        return error_pages.error(
            request, status=403, title="Not allowed", message=_IN_A_TAB, code="PERMISSION_DENIED", bare=True
        )


def _refusal(request: HttpRequest) -> str:
    """Returns why the browser does not get what it asks for, "" when it does."""
    path = request.path_info
    if metadata.is_service_worker(request):
        return "No file of Checkpoint's is a service worker."
    if path.startswith(policies.STATIC) or (path.startswith(_API) and "HTTP_AUTHORIZATION" in request.META):
        return ""
    if request.method not in _SAFE_METHODS:
        is_ours = metadata.is_sent_by_our_page(request)
        return "" if is_ours else "This was not sent by a page of Checkpoint's. Open the page and send it from there."
    if metadata.is_navigation(request):
        return ""
    if metadata.is_code(request):
        is_ours = path in policies.GENERATED_SCRIPTS and metadata.destination(request) == "script"
        return "" if is_ours else "There is no script and no style sheet at this address."
    if metadata.destination(request) == "image" and path.startswith(_PICTURES):
        return "" if metadata.site(request) in metadata.FROM_OUR_ORIGIN else "Pictures are shown on our own pages only."
    is_read = metadata.is_call(request) and metadata.site(request) in metadata.FROM_OUR_ORIGIN
    if is_read and path.startswith(_FOR_SCRIPTS):
        return ""
    return _IN_A_TAB


class RefusalMiddleware:
    """Answers a refusal that no view has put beside what it is about: with its sentence, and never as a fault."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers one request."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """Returns the page, or the JSON, of a refusal; None of everything else, which is a fault."""
        if not isinstance(exception, CheckpointError):
            return None
        if isinstance(exception, DatabaseBusy):
            return error_pages.database_unavailable(request)
        # A view that has not answered it may have forgotten to: whoever reads the log can tell which.
        view = getattr(request.resolver_match, "view_name", "")
        logger.info("%s was refused at %s: %s", type(exception).__name__, view or request.path, exception.message)
        message, code = exception.message, exception.code
        return error_pages.error(request, status=exception.status, title="Not possible", message=message, code=code)


class LoginRequiredMiddleware(auth.LoginRequiredMiddleware):
    """Django's middleware, which leaves people who are signed out on the page that they are writing on."""

    @override
    def handle_no_permission(  # type: ignore[override]  # the stubs know only redirects
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        """Leads to the sign-in page, but tells a script that sends a form only that this is needed."""
        if htmx.is_asking(request):
            return error_pages.signed_out(request)
        return super().handle_no_permission(request, view_func)


class WhiteNoiseMiddleware(whitenoise.middleware.WhiteNoiseMiddleware):
    """WhiteNoise's middleware, which also runs where nobody has collected the static files."""

    @override
    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Adds a folder's files; skips a folder that does not exist, for which WhiteNoise would warn."""
        if Path(root).is_dir():
            super().add_files(root, prefix)

    @override
    def add_mime_headers(self, headers: Headers, path: str, url: str) -> None:
        """Adds the type, and to the frame for artifacts its policy; in a collected folder names have a hash in them."""
        super().add_mime_headers(headers, path, url)
        if url.startswith(f"{settings.STATIC_URL}{ARTIFACT_FRAME.removesuffix('html')}"):
            headers["Content-Security-Policy"] = ARTIFACT_FRAME_POLICY
