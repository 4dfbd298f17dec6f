"""Takes an upload apart whose first part says what is uploaded, and puts it together again, its file streamed.

Two parsers may find other parts in one such body: by a boundary in quotes, a part named twice, a header folded. So
MLflow gets nothing of the caller's framing. The first part is read, judged and written anew; what comes behind it is
one file, whatever it holds, between boundaries that the caller cannot know.
"""

import re
import secrets
from collections.abc import Iterator

from proxy.exceptions import BodyTooLarge, MalformedCall

_MEANT = re.compile(r"\s*multipart/", re.IGNORECASE)
_TYPE = re.compile(r"multipart/form-data *; *boundary=(\"?)([0-9A-Za-z'()+_,./:=?-]{1,70})\1 *", re.IGNORECASE)
_HEAD_BYTES = 8 * 1024
_LAST = b"--\r\n"
"""What follows the last boundary; some senders leave out the line's end."""
_SHAPE = (
    "An upload must be multipart/form-data of two parts: 'metadata', which holds a JSON object, and behind it "
    "'content', which holds the archive."
)


def is_meant(content_type: str) -> bool:
    """Tells whether a body is said to have parts."""
    return _MEANT.match(content_type) is not None


class Upload:
    """An upload, read as far as its second part.

    Attributes:
        metadata: The first part's content.
    """

    def __init__(self, content_type: str, pieces: Iterator[bytes], limit: int) -> None:
        """Reads the first part.

        Args:
            content_type: As sent.
            pieces: The body as it comes, without its framing on the wire.
            limit: How many bytes the first part may have.

        Raises:
            MalformedCall: its parts are not the two that are taken.
            BodyTooLarge: its first part is longer than the limit.
        """
        found = _TYPE.fullmatch(content_type)
        if found is None:
            raise MalformedCall(_SHAPE)
        self._pieces = pieces
        self._read = bytearray()
        mark = b"--" + found[2].encode()
        self._end = b"\r\n" + mark
        self._require(self._until(b"\r\n", _HEAD_BYTES) == mark)
        self._head("metadata")
        self.metadata = self._until(self._end + b"\r\n", limit)
        self._head("content")

    def anew(self, metadata: bytes) -> tuple[str, Iterator[bytes]]:
        """Returns the content type, and the body with other content in its first part; it fails as reading does."""
        boundary = secrets.token_hex(16)
        return f"multipart/form-data; boundary={boundary}", self._written(boundary, metadata)

    def _written(self, boundary: str, metadata: bytes) -> Iterator[bytes]:
        yield (
            f'--{boundary}\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
        ).encode() + metadata
        yield (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="content.tar.gz"\r\n'
            "Content-Type: application/gzip\r\n\r\n"
        ).encode()
        yield from self._content()
        yield f"\r\n--{boundary}--\r\n".encode()

    def _content(self) -> Iterator[bytes]:
        while (at := self._read.find(self._end)) < 0:
            # The end's first bytes may be there, and the others not.
            ready = len(self._read) - len(self._end) + 1
            if ready > 0:
                yield self._taken(ready)
            self._more()
        if at:
            yield self._taken(at)
        del self._read[: len(self._end)]
        for piece in self._pieces:
            self._require(len(self._read) < len(_LAST))
            self._read += piece
        self._require(self._read in (_LAST, _LAST[:2]))

    def _head(self, name: str) -> None:
        lines = self._until(b"\r\n\r\n", _HEAD_BYTES).decode("latin-1").split("\r\n")
        named = [line for line in lines if line.lower().startswith("content-disposition:")]
        self._require(len(named) == 1 and f' name="{name}"' in named[0])

    def _until(self, mark: bytes, limit: int) -> bytes:
        """Returns what comes before a mark, and goes on behind it."""
        seen = 0
        while (at := self._read.find(mark, seen)) < 0 and len(self._read) <= limit + len(mark):
            seen = max(len(self._read) - len(mark) + 1, 0)
            self._more()
        if not 0 <= at <= limit:
            raise BodyTooLarge(f"What is said of an upload, before its content, may be at most {limit} bytes long.")
        found = self._taken(at)
        del self._read[: len(mark)]
        return found

    def _taken(self, size: int) -> bytes:
        found = bytes(self._read[:size])
        del self._read[:size]
        return found

    def _more(self) -> None:
        piece = next(self._pieces, b"")
        self._require(bool(piece))
        self._read += piece

    def _require(self, holds: bool) -> None:
        if not holds:
            raise MalformedCall(_SHAPE)
