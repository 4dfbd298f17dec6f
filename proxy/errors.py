"""What the proxy refuses, each refusal one class, and the one place that turns them into answers."""

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from checkpoint_project import error_pages
from promote_requests.exceptions import NotAllowed, PromoteRequestError, RegistryTimeout, RegistryUnreachable


class ProxyRefusal(PromoteRequestError):
    """A call that the proxy does not pass on."""

    title = "Bad request"
    code = "BAD_REQUEST"

    def headers(self) -> dict[str, str]:
        """Returns what the answer's header says beside the message."""
        return {}


class MalformedCall(ProxyRefusal):
    """The request line, a header or the body cannot be forwarded with one meaning."""


class ClientGone(MalformedCall):
    """The client hung up before its request was whole: nobody will read the answer."""


class ClientLeft(ProxyRefusal):
    """The client hung up before MLflow had answered: nobody waits any more, so MLflow's connection is closed."""

    status = 499  # nginx's word for it in a log; nobody reads the answer

    def __init__(self) -> None:
        super().__init__("The client hung up before MLflow had answered.")


class UploadCut(ClientGone):
    """An upload that seems to have been broken off; where the client is there after all, it may send it again."""

    status = 503
    code = "TEMPORARILY_UNAVAILABLE"
    title = "Upload broken off"

    def headers(self) -> dict[str, str]:
        """Says when to try again, in seconds."""
        return {"Retry-After": "1"}


class NotSignedIn(ProxyRefusal):
    """Nobody may do this without saying who they are, or what they said is wrong."""

    status = 401
    code = "UNAUTHENTICATED"
    title = "Sign in"


class TooManyAttempts(ProxyRefusal):
    """Too many wrong passwords."""

    status = 429
    code = "RESOURCE_EXHAUSTED"
    title = "Too many attempts"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self._retry_after = retry_after

    def headers(self) -> dict[str, str]:
        """Says when to try again, in seconds."""
        return {"Retry-After": str(self._retry_after)}


class TooManyCalls(TooManyAttempts):
    """One caller has as many calls under way as one caller may."""

    title = "Too many calls at once"


class CrossOrigin(ProxyRefusal):
    """Another site's page tried to write with this browser's session."""

    status = 403
    code = "PERMISSION_DENIED"
    title = "Not allowed"


class MethodRefused(ProxyRefusal):
    """A method that MLflow does not use."""

    status = 405
    title = "Method not allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("This method is not passed on to MLflow.")
        self._allowed = allowed

    def headers(self) -> dict[str, str]:
        """Says which methods are passed on."""
        return {"Allow": ", ".join(sorted(self._allowed))}


class BodyTooLarge(ProxyRefusal):
    """A call that the guard has to read is longer than any honest one."""

    status = 413
    code = "REQUEST_LIMIT_EXCEEDED"
    title = "Too large"


class EncodedBody(ProxyRefusal):
    """A call that the guard has to read is compressed."""

    status = 415
    title = "Unsupported encoding"


class GuardRefusal(NotAllowed):
    """A call that the guard refused: it would change a protected target."""

    def __init__(self, message: str, *, status: int, code: str, form_path: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.form_path = form_path

    def headers(self) -> dict[str, str]:
        """Says where to ask for the change instead."""
        return {"X-Checkpoint-Promote-Request": self.form_path} if self.form_path else {}


class UpstreamRefusesUs(PromoteRequestError):
    """MLflow is set up so that Checkpoint itself may not call it."""

    status = 502
    code = "BAD_GATEWAY"


_MEANWHILE = "Reload this page to ask MLflow again. Promote requests are kept by Checkpoint and can be read meanwhile."


def answer(request: HttpRequest, error: PromoteRequestError) -> HttpResponseBase:
    """Returns a refusal as MLflow's error JSON for programs and as a page for people.

    A person who is not signed in and wanted a page is sent to the sign-in page instead, and comes back afterwards.
    """
    if isinstance(error, NotSignedIn) and request.method in {"GET", "HEAD"} and not error_pages.wants_json(request):
        response: HttpResponseBase = redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
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
    if isinstance(error, ProxyRefusal | GuardRefusal):
        for name, value in error.headers().items():
            response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
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


def _title(error: PromoteRequestError) -> str:
    if isinstance(error, RegistryTimeout):
        return "MLflow is too slow"
    if isinstance(error, RegistryUnreachable):
        return "No answer from MLflow"
    if isinstance(error, UpstreamRefusesUs):
        return "MLflow refuses Checkpoint"
    return getattr(error, "title", "Not allowed")
