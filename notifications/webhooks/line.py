"""One connection to a receiver, on which call after call is made, each within a time and a size."""

import io
import socket
import ssl
import time
from http.client import HTTPException, HTTPResponse
from typing import Any

from typing_extensions import override

MOST_BYTES = 64 * 1024
"""Of an answer's body that are read; its headers are refused if they are longer."""


def left(deadline: float) -> float:
    """Returns the seconds until a moment of the monotonic clock.

    Raises:
        TimeoutError: it is over.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class NothingCame(ConnectionError):
    """The connection ended before the first byte of an answer."""


class Line:
    """A connection. One call at a time."""

    def __init__(self, connection: socket.socket) -> None:
        # What is sent is sent whole: nothing is gained by waiting for more to send with it.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._bytes = _Bytes(connection)
        self._file = _Kept(self._bytes)
        self._is_between_calls = True

    def call(self, message: bytes, deadline: float) -> tuple[HTTPResponse, bytes]:
        """Sends a request, and returns the answer with the beginning of its body.

        Raises:
            TimeoutError: the whole answer was not there in time.
            NothingCame: the connection ended before an answer began.
            OSError, HTTPException: it ended later, or what came is no HTTP.
        """
        self._is_between_calls = False
        self._bytes.begin(deadline)
        response = HTTPResponse(self, method="POST")  # type: ignore[arg-type] # makes a file of it
        try:
            self._connection.settimeout(left(deadline))
            self._connection.sendall(message)
            response.begin()
        except ConnectionError as error:
            if self._bytes.came:
                raise
            raise NothingCame(*error.args) from None
        self._bytes.most = None
        body = response.read(MOST_BYTES)
        self._is_between_calls = response.isclosed() and not response.will_close
        return response, body

    def may_be_used(self) -> bool:
        """Tells whether another call may be made on it.

        Not after an answer that was not read to its end, nor where bytes came that nobody asked for: they would be
        taken for the answer to the next call.
        """
        return self._is_between_calls and self._bytes.has_nothing(self._file)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def makefile(self, mode: str) -> io.BufferedReader:
        """Returns what `HTTPResponse` reads."""
        return self._file


class _Kept(io.BufferedReader):
    """A buffer that outlives the answer that was read from it."""

    @override
    def close(self) -> None:
        """Does nothing: `HTTPResponse` calls it at the end of each answer."""


class _Bytes(io.RawIOBase):
    """Reads a socket until a moment, however little it gets each time: a time-out alone begins anew with each byte.

    Attributes:
        came: Bytes of this answer so far.
        most: That may come; None for any number.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = 0.0
        self._only_looks = False
        self._has_ended = False
        self.came = 0
        self.most: int | None = None

    def begin(self, deadline: float) -> None:
        """Begins an answer."""
        self._deadline, self.came, self.most = deadline, 0, MOST_BYTES

    def has_nothing(self, buffered: io.BufferedReader) -> bool:
        """Tells whether the connection stands and nothing has come that was not read; without waiting."""
        self._only_looks = True
        try:
            return not buffered.peek() and not self._has_ended
        finally:
            self._only_looks = False

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        if self._only_looks:
            return self._look(buffer)
        self._connection.settimeout(left(self._deadline))
        count = self._connection.recv_into(buffer)
        self.came += count
        if self.most is not None and self.came > self.most:
            raise HTTPException(f"its headers are longer than {MOST_BYTES:,} bytes")
        return count

    def _look(self, buffer: Any) -> int | None:
        self._connection.settimeout(0)
        try:
            count = self._connection.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            count = 0
        self._has_ended = not count
        return count
