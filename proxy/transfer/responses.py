"""MLflow's answer on its way to the client: whole when it is small, streamed when it is not."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase

from proxy.access_log import Entry
from proxy.exceptions import ClientLeft, ProxyError, UpstreamSilent
from proxy.transfer import client
from proxy.transfer.http1 import Answer, Headers

WHOLE_BYTES = 256 * 1024
"""An answer up to this long is read before the first byte goes out, so that a failure can still be told as one."""

_LOOK_FOR_CLIENT_SECONDS = 0.5


class ProxiedResponse(HttpResponseBase):
    """An answer with its raw headers and a body that is passed on as it comes.

    What MLflow cuts short ends in an exception, on which the WSGI server breaks the connection off: a client that was
    promised a length or chunks sees that they did not come. Whatever ends the response, `close` runs once and lets go
    of everything.
    """

    streaming = True

    def __init__(
        self, answer: Answer, headers: Headers, *, first: bytes, environ: dict[str, Any], done: Callable[[], None]
    ) -> None:
        """Takes over the answer.

        Args:
            answer: Read to its end, or not; what is left is streamed.
            headers: All that the client gets, repeated names repeated.
            first: What was already read of the body.
            environ: The request's, to notice when the client hangs up.
            done: Called once when the response is closed.
        """
        super().__init__(status=answer.status, reason=answer.reason or None, headers=dict(headers))
        self._answer = answer
        self._raw = headers
        self._first = first
        self._environ = environ
        self._done: Callable[[], None] | None = done
        self._waited = -1.0
        self._has_been_logged = True  # or Django would log a line of its own for each 4xx
        self.entry: Entry | None = None

    def items(self) -> Headers:
        """Returns the headers as they go out; Django's own mapping would keep one of each name."""
        return self._raw

    def whole(self) -> bytes:
        """Returns the body if all of it is here, and counts it as sent; else b""."""
        if not self._answer.is_finished:
            return b""
        data, self._first = self._first, b""
        if self.entry is not None:
            self.entry.sent += len(data)
        return data

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._first:
            data, self._first = self._first, b""
        else:
            data = self._next()
        if self.entry is not None:
            self.entry.sent += len(data)
        return data

    def _next(self) -> bytes:
        """Returns the next piece.

        Raises:
            ProxyError: MLflow's answer was cut short; the server is to break the connection off.
            ConnectionAbortedError: the client hung up.
        """
        try:
            return self._piece()
        except ClientLeft as error:
            if self.entry is not None:
                self.entry.note = "cut-by=client"
            raise ConnectionAbortedError("The client hung up.") from error
        except (ProxyError, TimeoutError):
            if self.entry is not None:
                self.entry.note = "cut-by=upstream"
            raise

    def _piece(self) -> bytes:
        """Returns the next piece; b"", which sends nothing, while MLflow is silent.

        Meanwhile the client's socket is asked whether the client has gone: gunicorn does not look.
        """
        if not self._answer.is_ready(0 if self._waited < 0 else _LOOK_FOR_CLIENT_SECONDS):
            self._waited = max(self._waited, 0) + _LOOK_FOR_CLIENT_SECONDS
            if self._waited > settings.CHECKPOINT_READ_TIMEOUT:
                raise UpstreamSilent("MLflow went silent in the middle of its answer.")
            if client.has_gone(self._environ):
                raise ClientLeft
            return b""
        self._waited = 0.0
        data = self._answer.read()
        if not data:
            raise StopIteration
        return data

    def close(self) -> None:
        """Lets go of MLflow's connection, closing it if the answer was not read to its end, and writes the log line."""
        self._answer.close()
        # Without Django's signal: the view let go of the database before it sent the call.
        self.closed = True
        done, self._done = self._done, None
        if done is not None:
            done()


def read_whole(answer: Answer, limit: int) -> bytes | None:
    """Returns the body when it is announced to be at most `limit` bytes long, else None and reads nothing.

    Raises:
        UpstreamBroken: it ended early.
        UpstreamSilent: it did not come in time.
    """
    if answer.length is None or answer.length > limit:
        return None
    return read_all(answer)


def read_all(answer: Answer) -> bytes:
    """Returns the rest of the body.

    Raises:
        UpstreamBroken: it ended early.
        UpstreamSilent: it did not come in time.
    """
    try:
        pieces = list(iter(answer.read, b""))
    except TimeoutError as error:
        raise UpstreamSilent("MLflow did not answer in time.") from error
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_up_to(answer: Answer, limit: int) -> tuple[bytes, bool]:
    """Returns the beginning of the body, and whether that is all of it; reads little more than `limit` bytes.

    Raises:
        UpstreamBroken: it ended early.
        UpstreamSilent: it did not come in time.
    """
    pieces: list[bytes] = []
    taken = 0
    try:
        while taken <= limit:
            piece = answer.read()
            if not piece:
                return b"".join(pieces), True
            pieces.append(piece)
            taken += len(piece)
    except TimeoutError as error:
        raise UpstreamSilent("MLflow did not answer in time.") from error
    return b"".join(pieces), answer.is_finished
