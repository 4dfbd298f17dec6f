"""Requests as they come over a client's connection.

Gunicorn's parser, but for three things: a head has a limit and a time in which it must have come, a body is read in
large pieces, and `100 Continue` is sent when somebody wants the body, so that a refusal costs the client no upload.
"""

import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from gunicorn.http import body, message, parser
from gunicorn.http.errors import LimitRequestHeaders, NoMoreData

RECEIVE_BYTES = 64 * 1024
"""How much one read takes from the connection at most."""

HEAD_SECONDS = 20.0
"""In how many seconds a head must have come. Whoever sends one byte now and then holds a thread no longer."""

_END_OF_HEAD = b"\r\n\r\n"


class Parser(parser.RequestParser):
    """The requests of one connection, one after the other."""

    def __init__(self, cfg: Any, source: socket.socket, source_addr: Any) -> None:
        super().__init__(cfg, source, source_addr)
        self.mesg_class = Request
        self.unreader.mxchunk = RECEIVE_BYTES

    def __next__(self) -> "Request":
        """Returns the next request as soon as its head is here.

        Raises:
            StopIteration: the client closed the connection between two requests.
            gunicorn.http.errors.ParseException: what came is no request, or too slow.
        """
        self.unreader.sock.settimeout(settings.CHECKPOINT_CLIENT_TIMEOUT)
        found: Request = super().__next__()
        return found

    next = __next__

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Discards what nobody read of the last body; tells whether all of it has come."""
        if self.mesg is None or self.mesg.body.is_read:
            return True
        return bool(super().finish_body(deadline, max_bytes))

    @property
    def has_more(self) -> bool:
        """Whether bytes of a further request came together with the last one."""
        return bool(self.unreader.buf.getbuffer().nbytes)


class Request(message.Request):
    """One request; its head is bounded, its body read as it comes."""

    body: "Body"
    _expected_100_continue: bool

    def __init__(self, cfg: Any, unreader: Any, peer_addr: Any, req_number: int = 1) -> None:
        self._until = time.monotonic() + HEAD_SECONDS
        super().__init__(cfg, unreader, peer_addr, req_number)

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:
        """Adds what came of the head; its first bytes have come before anybody asks for them.

        Raises:
            LimitRequestHeaders: the head is longer than CHECKPOINT_HEADER_BYTES.
            NoMoreData: the client hung up, or took too long.
        """
        if not stop and not _comes(unreader.sock, self._until - time.monotonic()):
            raise NoMoreData
        super().read_into(unreader, buf, stop)
        limit = settings.CHECKPOINT_HEADER_BYTES
        if len(buf) > limit and buf.find(_END_OF_HEAD, 0, limit) < 0:
            raise LimitRequestHeaders(f"more than {limit} bytes")

    def set_body_reader(self) -> None:
        """Prepares the body for reading."""
        super().set_body_reader()
        awaits = self._expected_100_continue
        self._expected_100_continue = False  # or gunicorn would ask for the body before anybody wants it
        self.body = Body(self.body.reader, self.unreader.sock if awaits else None)

    def should_close(self) -> bool:
        """Tells whether this is the connection's last request.

        It is when the answer comes without the body having been asked for: the client may or may not send it still.
        """
        return self.body.is_awaited or super().should_close()


def _comes(sock: socket.socket, seconds: float) -> bool:
    """Tells whether a read would return at once; waits at most that many seconds."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return seconds > 0 and bool(poll.poll(seconds * 1000))


class Body(body.Body):
    """A body read in pieces as large as the reader asks for; gunicorn's own goes by 1 KiB."""

    def __init__(self, reader: Any, ask: socket.socket | None) -> None:
        """`ask` is the connection of a client that waits for `100 Continue`."""
        super().__init__(reader)
        self._ask = ask

    @property
    def is_awaited(self) -> bool:
        """Whether the client waits to be asked for the body."""
        return self._ask is not None

    @property
    def is_read(self) -> bool:
        """Whether nothing is left of a body with a length; a chunked one is asked."""
        return getattr(self.reader, "length", -1) == 0

    def read(self, size: int | None = None) -> bytes:
        """Returns that many bytes, fewer only at the end; None and negative numbers stand for all of it."""
        self._ask_for_it()
        if size is None or size < 0 or self.buf.tell():
            whole: bytes = super().read(size)
            return whole
        piece: bytes = self.reader.read(size)
        return piece

    def readline(self, size: int | None = None) -> bytes:
        """Returns the next line; for Django's form parsers."""
        self._ask_for_it()
        line: bytes = super().readline(size)
        return line

    def __iter__(self) -> Iterator[bytes]:
        return self

    def _ask_for_it(self) -> None:
        ask, self._ask = self._ask, None
        if ask is not None:
            ask.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
