"""Bodies of requests: streamed as they come, or read whole where the guard must understand them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from proxy.exceptions import BodyTooLarge, ClientGone, EncodedBody, LengthRequired, MalformedCall

PIECE_BYTES = 64 * 1024
"""How much of a body is held at once."""

Environ = dict[str, Any]


class Input(Protocol):
    """What PEP 3333 promises of `wsgi.input`, as far as it is used here."""

    def read(self, size: int, /) -> bytes:
        """Returns up to that many bytes; b"" at the end."""


@dataclass(frozen=True, slots=True)
class Body:
    """A request's body on its way upstream.

    Attributes:
        header: How it is framed; the header that goes with it.
        pieces: It, as it goes over the wire; reading them fails with `ClientGone` when the client hangs up.
    """

    header: tuple[str, str]
    pieces: Iterator[bytes]


def streamed(environ: Environ) -> Body | None:
    """Returns the body framed as it came: by its length, or chunked; None when there is none.

    Raises:
        LengthRequired: it is chunked, and the server does not say where it ends.
        MalformedCall: the header says two things at once, or something that is not understood.
    """
    length = _length(environ)
    source: Input = environ["wsgi.input"]
    if length is None:
        return chunked(_to_the_end(source))
    if length < 0:
        return None
    return Body(("Content-Length", str(length)), _counted(source, length))


def held_back(pieces: Iterator[bytes], before_last: Callable[[], None]) -> Iterator[bytes]:
    """Yields the pieces one behind the client, and calls `before_last` before the last one goes on.

    What it raises cuts the body off: nobody takes one for whole that lacks its end.
    """
    held = next(pieces, None)
    for piece in pieces:
        if held is not None:
            yield held
        held = piece
    before_last()
    if held is not None:
        yield held


def whole(environ: Environ, limit: int) -> bytes:
    """Returns the whole body of a call that the guard has to understand.

    Raises:
        BodyTooLarge: longer than `limit` bytes; no more than that is read.
        EncodedBody: compressed, which MLflow would not read either.
        ClientGone: it ended early.
        LengthRequired, MalformedCall: as for `streamed`.
    """
    _require_plain(environ)
    length = _length(environ)
    if length is not None and length > limit:
        raise _too_large(limit)
    source: Input = environ["wsgi.input"]
    if length is None:
        found = b"".join(_read(source, limit))
        if len(found) > limit:
            raise _too_large(limit)
        return found
    return b"".join(_counted(source, max(length, 0)))


def unframed(environ: Environ) -> Iterator[bytes]:
    """Returns the pieces of a body that goes on in another shape.

    Raises:
        EncodedBody, LengthRequired, MalformedCall: as for `whole`.
    """
    _require_plain(environ)
    length = _length(environ)
    source: Input = environ["wsgi.input"]
    return _to_the_end(source) if length is None else _counted(source, max(length, 0))


def chunked(pieces: Iterator[bytes]) -> Body:
    """Returns pieces, of which none is empty, framed as a body of unknown length."""
    return Body(("Transfer-Encoding", "chunked"), _in_chunks(pieces))


def _require_plain(environ: Environ) -> None:
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() not in {"identity", ""}:
        raise EncodedBody("A change to the registry must be sent uncompressed.")


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A change to the registry may be at most {limit} bytes long (CHECKPOINT_GUARDED_BODY_BYTES).")


def _length(environ: Environ) -> int | None:
    """Returns how many bytes follow; None when only their end will tell, -1 when the header announces no body."""
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    length = environ.get("CONTENT_LENGTH", "")
    if coding:
        # Two framings are how one request becomes two (RFC 9112 section 6.1).
        if coding != "chunked" or length:
            raise MalformedCall("The body must be sent with its length, or chunked, and not both.")
        # Without this key the input's end is not the body's: read, it could look whole and hold nothing.
        if not environ.get("wsgi.input_terminated"):
            raise LengthRequired("This server takes no chunked bodies: send the body with its length.")
        return None
    if length:
        if not (length.isascii() and length.isdigit()):
            raise MalformedCall("The header Content-Length is not a number.")
        return int(length)
    if not environ.get("SERVER_PROTOCOL", "HTTP/1").startswith("HTTP/1") and environ["REQUEST_METHOD"] != "GET":
        return None  # HTTP/2 needs neither header
    return -1


def _counted(source: Input, length: int) -> Iterator[bytes]:
    left = length
    while left:
        piece = _next(source, min(left, PIECE_BYTES))
        if not piece:
            raise ClientGone("The body is shorter than its header says.")
        left -= len(piece)
        yield piece


def _to_the_end(source: Input) -> Iterator[bytes]:
    while piece := _next(source, PIECE_BYTES):
        yield piece


def _in_chunks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _read(source: Input, limit: int) -> Iterator[bytes]:
    """Yields a body of unknown length until it ends or has grown past the limit."""
    taken = 0
    while taken <= limit and (piece := _next(source, PIECE_BYTES)):
        taken += len(piece)
        yield piece


def _next(source: Input, size: int) -> bytes:
    try:
        return source.read(size)
    except OSError as error:  # gunicorn's errors about malformed chunks are OSErrors as well
        raise ClientGone("The body ended early or is malformed.") from error
