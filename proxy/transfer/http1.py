"""One HTTP/1.1 connection to MLflow: sends requests, and reads responses without changing them (RFC 9112).

Not `http.client`, which normalises headers, cannot tell a truncated response from a whole one when it is read in
pieces, and takes several times the processor time. Here the header block is one read and one split.
"""

import re
import select
import socket
import ssl
from collections.abc import Callable

from proxy.exceptions import ClientLeft, UpstreamBroken

RECEIVE_BYTES = 256 * 1024
"""The most bytes that one read of a body takes; what has arrived is passed on at once, however little it is."""

_HUNG_UP = getattr(select, "POLLRDHUP", 0)
"""The other side will send no more (Linux); without it only a broken connection is noticed. POLLIN would not do,
because a client may send ahead without leaving."""

_HEAD_BYTES = 256 * 1024
_CHUNK_LINE_BYTES = 16 * 1024
_STATUS_LINE = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\x00-\x08\x0a-\x1f\x7f]*))?")
_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)

Headers = list[tuple[str, str]]
"""[(name, value)] in the order sent, repeated names kept, each byte one character (latin-1)."""


class Connection:
    """A socket to MLflow, with the bytes that were read ahead.

    Attributes:
        client: The connection of the client that waits for the response, if the WSGI server shows it.
    """

    __slots__ = ("_pending", "_poll", "buffer", "client", "idle_since", "is_reused", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = b""
        self.client: socket.socket | None = None
        self.idle_since = 0.0
        self.is_reused = False
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._pending: Callable[[], int] | None = sock.pending if isinstance(sock, ssl.SSLSocket) else None

    def is_readable(self, seconds: float = 0.0) -> bool:
        """Tells whether a read would return at once, with bytes or because MLflow hung up; waits at most `seconds`."""
        if self.buffer or (self._pending is not None and self._pending()):
            return True
        return bool(self._poll.poll(seconds * 1000))

    def receive(self) -> bytes:
        """Returns what has arrived, waiting for at least one byte; b"" when MLflow hung up.

        Raises:
            TimeoutError: nothing came within the read time-out.
            ClientLeft: the client hung up before anything came.
            OSError: the connection broke.
        """
        if self.buffer:
            data, self.buffer = self.buffer, b""
            return data
        if self.client is not None and not (self._pending is not None and self._pending()):
            self._wait_with(self.client)
        return self.sock.recv(RECEIVE_BYTES)

    def _wait_with(self, client: socket.socket) -> None:
        """Returns when something has arrived, or after the read time-out, which the read that follows then reports.

        Raises:
            ClientLeft: the client hung up first.
        """
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        poll.register(client, _HUNG_UP)
        ready = dict(poll.poll((self.sock.gettimeout() or 0.0) * 1000 or None))
        if ready and self.sock.fileno() not in ready:
            raise ClientLeft

    def receive_head(self) -> bytes:
        """Returns a header block without its final blank line.

        Raises:
            UpstreamBroken: it ended early or is longer than 256 KiB.
            TimeoutError: nothing came within the read time-out.
        """
        data = b""
        while (end := data.find(b"\r\n\r\n", 0, _HEAD_BYTES)) < 0:
            if len(data) >= _HEAD_BYTES:
                raise UpstreamBroken("MLflow's answer has too large a header.")
            more = self.receive()
            if not more:
                raise UpstreamBroken("MLflow closed the connection without an answer.", unanswered=not data)
            data = data + more if data else more
        self.buffer = data[end + 4 :]
        return data[:end]

    def receive_line(self) -> bytes:
        """Returns one line of a chunked body's framing, without its line end."""
        data = b""
        while (end := data.find(b"\r\n")) < 0:
            more = self.receive()
            if not more or len(data) > _CHUNK_LINE_BYTES:
                raise UpstreamBroken("MLflow's answer ended in the middle.")
            data += more
        self.buffer = data[end + 2 :]
        return data[:end]

    def close(self) -> None:
        """Closes the socket; MLflow sees the end at once."""
        self.sock.close()


class Answer:
    """MLflow's response: its head is read, its body is still to come.

    Attributes:
        status: Three digits.
        reason: The reason phrase, often empty.
        headers: As sent.
        length: Bytes of the body as announced; None if only its end will tell, 0 if there can be none.
    """

    __slots__ = (
        "_chunk_left",
        "_connection",
        "_is_chunked",
        "_left",
        "_release",
        "headers",
        "length",
        "reason",
        "status",
    )

    def __init__(self, connection: Connection, method: str, release: Callable[[Connection], None]) -> None:
        """Reads the head, skipping interim responses.

        Args:
            connection: Closed, or given to `release`, at the end of the response.
            method: The request's; decides whether there is a body.
            release: Takes the connection back once the body was read to its end, if MLflow keeps it open.

        Raises:
            UpstreamBroken: no response came, or none that can be read.
            TimeoutError: no response came within the read time-out.
            ClientLeft: the client hung up first.
        """
        self._connection: Connection | None = connection
        minor, self.status, self.reason, self.headers = _read_head(connection)
        while self.status < 200:
            if self.status == 101:
                raise UpstreamBroken("MLflow wants another protocol.")
            minor, self.status, self.reason, self.headers = _read_head(connection)
        self._is_chunked = False
        self._chunk_left = 0
        keeps_open = self._frame(method, minor)
        self._release = release if keeps_open else None
        self._left = self.length
        if self.length == 0:
            self._finish()

    def _frame(self, method: str, minor: str) -> bool:
        """Finds out how the body ends (RFC 9112 section 6.3); tells whether the connection stays open after it."""
        lengths: set[str] = set()
        coding = connection = ""
        for name, value in self.headers:
            match name.lower():
                case "content-length":
                    lengths.update(part.strip() for part in value.split(","))
                case "transfer-encoding":
                    coding += "," + value
                case "connection":
                    connection += "," + value
        keeps_open = minor == "1" and "close" not in connection.lower()
        self.length: int | None = None
        if method == "HEAD" or self.status in {204, 304}:
            self.length = 0
        elif coding:
            if coding.strip(", ").lower() != "chunked" or lengths:
                raise UpstreamBroken("MLflow's answer is framed in a way that cannot be read safely.")
            self._is_chunked = True
        elif lengths:
            length = lengths.pop()
            if lengths or not (length.isascii() and length.isdigit()):
                raise UpstreamBroken("MLflow's answer has a length that cannot be read.")
            self.length = int(length)
        else:
            keeps_open = False
        return keeps_open

    @property
    def is_finished(self) -> bool:
        """Whether the body was read to its end, or the response was closed."""
        return self._connection is None

    def is_ready(self, seconds: float) -> bool:
        """Tells whether `read` would return at once; waits at most that many seconds."""
        return self._connection is None or self._connection.is_readable(seconds)

    def read(self) -> bytes:
        """Returns the next bytes of the body as soon as any arrive; b"" only at its proper end.

        Raises:
            UpstreamBroken: MLflow hung up before the end.
            TimeoutError: nothing came within the read time-out.
            ClientLeft: the client hung up before anything came.
        """
        connection = self._connection
        if connection is None:
            return b""
        try:
            return self._read_chunked(connection) if self._is_chunked else self._read_plain(connection)
        except (TimeoutError, UpstreamBroken, ClientLeft):
            self.close()
            raise
        except OSError as error:
            self.close()
            raise UpstreamBroken("MLflow's answer ended in the middle.") from error

    def _read_plain(self, connection: Connection) -> bytes:
        data = connection.receive()
        if self._left is None:
            if not data:
                self._finish()
            return data
        if not data:
            raise UpstreamBroken("MLflow's answer ended in the middle.")
        if len(data) > self._left:  # more bytes than announced: the connection is not safe for another call
            data, self._release = data[: self._left], None
        self._left -= len(data)
        if not self._left:
            self._finish()
        return data

    def _read_chunked(self, connection: Connection) -> bytes:
        if not self._chunk_left:
            found = _CHUNK_SIZE.fullmatch(connection.receive_line())
            if not found:
                raise UpstreamBroken("MLflow's answer is framed in a way that cannot be read.")
            self._chunk_left = int(found.group(1), 16)
            if not self._chunk_left:
                while connection.receive_line():  # trailers, which are dropped
                    pass
                self._finish()
                return b""
        data = connection.receive()
        if not data:
            raise UpstreamBroken("MLflow's answer ended in the middle.")
        if len(data) > self._chunk_left:
            connection.buffer = data[self._chunk_left :]
            data = data[: self._chunk_left]
        self._chunk_left -= len(data)
        if not self._chunk_left and connection.receive_line():
            raise UpstreamBroken("MLflow's answer is framed in a way that cannot be read.")
        return data

    def _finish(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._release is not None and not connection.buffer:
            self._release(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Ends the response; if it was not read to its end, closes the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _read_head(connection: Connection) -> tuple[str, int, str, Headers]:
    lines = connection.receive_head().decode("latin-1").split("\r\n")
    status = _STATUS_LINE.fullmatch(lines[0])
    if not status:
        raise UpstreamBroken("What answered does not speak HTTP/1.1.")
    headers: Headers = []
    for line in lines[1:]:
        header = _HEADER.fullmatch(line)
        if not header:
            raise UpstreamBroken("MLflow's answer has a header that cannot be read.")
        headers.append((header.group(1), header.group(2).rstrip(" \t")))
    return status.group(1), int(status.group(2)), status.group(3) or "", headers
