"""Reads the requests of a client's connection.

This is gunicorn's parser with three differences: a head has a size limit and a time limit, a body is read in large
pieces, and `100 Continue` is sent only when the body is wanted, so that a refusal costs the client no upload.
"""

import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from gunicorn.http import body, message, parser
from gunicorn.http.errors import (
    ChunkMissingTerminator,
    InvalidChunkExtension,
    InvalidChunkSize,
    LimitRequestHeaders,
    NoMoreData,
    ParseException,
)

RECEIVE_BYTES = 64 * 1024
"""The most bytes that one read takes from the connection."""

HEAD_SECONDS = 20.0
"""Seconds within which a head must arrive, so that a client that sends one byte now and then cannot hold a thread."""

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
            gunicorn.http.errors.ParseException: what came is not a request, or is too slow.
        """
        self.unreader.sock.settimeout(settings.CHECKPOINT_CLIENT_TIMEOUT)
        found: Request = super().__next__()
        return found

    next = __next__

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Discards the unread part of the last body; tells whether all of it has come, and was well formed."""
        if self.mesg is None or self.mesg.body.is_read:
            return True
        try:
            return bool(super().finish_body(deadline, max_bytes))
        except MalformedBody:
            return False

    @property
    def has_more(self) -> bool:
        """Whether bytes of a further request have arrived with the last one."""
        return bool(self.unreader.buf.getbuffer().nbytes)


class Request(message.Request):
    """One request; its head is bounded, its body is read as it comes."""

    body: "Body"
    _expected_100_continue: bool

    def __init__(self, cfg: Any, unreader: Any, peer_addr: Any, req_number: int = 1) -> None:
        self._until = time.monotonic() + HEAD_SECONDS
        super().__init__(cfg, unreader, peer_addr, req_number)

    def read_into(self, unreader: Any, buf: bytearray, stop: bool = False) -> None:
        """Adds the next part of the head. The first bytes have arrived before this is called.

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
        self._expected_100_continue = False  # or gunicorn would ask for the body too early
        reader = self.body.reader
        if isinstance(reader, body.ChunkedReader):
            reader = Chunks(self, self.unreader)
        self.body = Body(reader, self.unreader.sock if awaits else None)

    def should_close(self) -> bool:
        """Tells whether this is the connection's last request.

        It is if the response is sent before the body was asked for: the client may send the body or not.
        """
        return self.body.is_awaited or super().should_close()


def _comes(sock: socket.socket, seconds: float) -> bool:
    """Tells whether a read would return at once; waits at most that many seconds."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return seconds > 0 and bool(poll.poll(seconds * 1000))


class MalformedBody(OSError):
    """A chunked body does not follow RFC 9112 section 7.1. The next request on the connection cannot be found."""


class Chunks(body.ChunkedReader):
    """A chunked body whose every fault is an `OSError`, and of which no line and no trailers grow without limit."""

    def read(self, size: int) -> bytes:
        """Returns that many bytes, fewer only at the end.

        Raises:
            MalformedBody: a chunk, or what follows the last one, is malformed.
            NoMoreData: the client hung up.
        """
        try:
            piece: bytes = super().read(size)
        except (ParseException, ChunkMissingTerminator, InvalidChunkExtension, InvalidChunkSize) as error:
            raise MalformedBody(f"The chunked body is malformed: {type(error).__name__}.") from error
        return piece

    def get_data(self, unreader: Any, buf: Any) -> None:
        """Adds what arrives next to the line or the trailers that are being read."""
        limit = settings.CHECKPOINT_HEADER_BYTES
        if buf.tell() > limit:
            raise MalformedBody(f"A line of the chunked body, or its trailers, are longer than {limit} bytes.")
        super().get_data(unreader, buf)


class Body(body.Body):
    """A body read in pieces as large as the reader asks for; gunicorn's own reads 1 KiB at a time."""

    def __init__(self, reader: Any, ask: socket.socket | None) -> None:
        """Takes as `ask` the connection of a client that waits for `100 Continue`."""
        super().__init__(reader)
        self._ask = ask

    @property
    def is_awaited(self) -> bool:
        """Whether the client waits to be asked for the body."""
        return self._ask is not None

    @property
    def is_read(self) -> bool:
        """Whether nothing is left of a body with a length; a chunked body is read to find out."""
        return getattr(self.reader, "length", -1) == 0

    def read(self, size: int | None = None) -> bytes:
        """Returns that many bytes, fewer only at the end; None and negative numbers mean all of it."""
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
