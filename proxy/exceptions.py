"""What can go wrong with a proxied call, each one class. Knows neither Django nor promote requests."""

from collections.abc import Iterable, Sequence

from foundation.exceptions import CheckpointError


class ProxyError(CheckpointError):
    """A call that the proxy does not pass on, or that MLflow does not answer.

    Attributes:
        title: The heading of the page that a person sees.
    """

    title = "Bad request"
    code = "BAD_REQUEST"

    def headers(self) -> dict[str, str]:
        """Returns what the answer's header says beside the message."""
        return {}


class MalformedCall(ProxyError):
    """The request line, a header or the body cannot be forwarded with one meaning."""


class LengthRequired(ProxyError):
    """A chunked body under a WSGI server that does not read such bodies."""

    status = 411
    title = "Length required"


class ClientGone(MalformedCall):
    """The client hung up before its request was whole: nobody will read the answer."""


class ClientLeft(ProxyError):
    """The client hung up before MLflow had answered: nobody waits any more, so MLflow's connection is closed."""

    status = 499  # nginx's word for it in a log; nobody reads the answer

    def __init__(self) -> None:
        super().__init__("The client hung up before MLflow had answered.")


class NotSignedIn(ProxyError):
    """Nobody may do this without saying who they are, or what they said is wrong."""

    status = 401
    code = "UNAUTHENTICATED"
    title = "Sign in"


class UntestedMlflow(ProxyError):
    """A write that Checkpoint would pass on unread, to an MLflow whose routes nobody has compared with its own."""

    status = 403
    code = "PERMISSION_DENIED"
    title = "Not tested with this MLflow"

    def __init__(self, version: str, tested: Sequence[str]) -> None:
        super().__init__(
            f"MLflow {version or 'of an unknown version'} was not tested with this Checkpoint ({' and '.join(tested)} "
            "were), so writes that Checkpoint does not judge are refused. An administrator can use another version of "
            "either, or let them pass with CHECKPOINT_UNKNOWN_WRITES=pass."
        )


class TooManyAttempts(ProxyError):
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


class CrossOrigin(ProxyError):
    """Another site's page tried to write with this browser's session."""

    status = 403
    code = "PERMISSION_DENIED"
    title = "Not allowed"


class CodeRefused(ProxyError):
    """A browser would run, in our origin, what is no file of MLflow's own interface."""

    status = 403
    code = "PERMISSION_DENIED"
    title = "Not allowed"

    def __init__(self) -> None:
        super().__init__(
            "Browsers do not get this as a script, a worker or a style sheet: anybody could have written it. "
            "Only the files of MLflow's own interface are served as such."
        )


class MethodRefused(ProxyError):
    """A method that MLflow does not use."""

    status = 405
    title = "Method not allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__("This method is not passed on to MLflow.")
        self._allowed = allowed

    def headers(self) -> dict[str, str]:
        """Says which methods are passed on."""
        return {"Allow": ", ".join(sorted(self._allowed))}


class BodyTooLarge(ProxyError):
    """A call that the guard has to read is longer than any honest one."""

    status = 413
    code = "REQUEST_LIMIT_EXCEEDED"
    title = "Too large"


class EncodedBody(ProxyError):
    """A call that the guard has to read is compressed."""

    status = 415
    title = "Unsupported encoding"


class UpstreamRefusesUs(ProxyError):
    """MLflow is set up so that Checkpoint itself may not call it."""

    status = 502
    code = "BAD_GATEWAY"
    title = "MLflow refuses Checkpoint"


class UpstreamSilent(ProxyError):
    """MLflow took too long."""

    status = 504
    code = "GATEWAY_TIMEOUT"
    title = "MLflow is too slow"


class UpstreamBroken(ProxyError):
    """The connection to MLflow could not be made or broke, or what came over it is not HTTP.

    Attributes:
        unanswered: Whether not one byte of an answer had come.
    """

    status = 502
    code = "BAD_GATEWAY"
    title = "No answer from MLflow"

    def __init__(self, message: str, *, unanswered: bool = False) -> None:
        super().__init__(message)
        self.unanswered = unanswered
