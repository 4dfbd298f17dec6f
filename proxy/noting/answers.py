"""An answer of MLflow's that is to be recorded on its way to the client, which gets it unchanged."""

import logging
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from foundation.database import connections
from proxy.transfer import responses
from proxy.transfer.http1 import Answer, Headers

MOST_BYTES = 4 * 1024 * 1024
"""Of an answer that is understood, compressed or not: what is larger says nothing, and its maker stays unknown."""
_AS_GZIP = 16 + zlib.MAX_WBITS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """What is done once MLflow has said that a call succeeded.

    Attributes:
        write: Is given the whole body.
        waits: Whether it takes the database.
    """

    write: Callable[[bytes], None]
    waits: bool = True

    def read(self, answer: Answer, content: bytes | None) -> bytes | None:
        """Returns what was read of the answer for the client, after what it says was recorded.

        Nothing that goes wrong with the record changes the answer: MLflow has done what was asked.

        Args:
            answer: Its body is read here if it was not.
            content: The whole body, where it was read already.

        Raises:
            UpstreamBroken, UpstreamSilent: MLflow did not send all of its answer.
        """
        is_whole = content is not None
        if content is None:
            content, is_whole = responses.read_up_to(answer, MOST_BYTES)
        if is_whole and 200 <= answer.status < 300:
            self._write(plain(answer.headers, content))
        return content

    def _write(self, body: bytes | None) -> None:
        if body is None:
            logger.warning("An answer of MLflow's could not be read, so what it made is not recorded.")
            return
        try:
            self.write(body)
        except Exception:
            # The database may be away, and MLflow has made it all the same: its maker stays unknown.
            logger.exception("What MLflow made could not be recorded")
        finally:
            if self.waits:
                connections.release()


def plain(headers: Headers, content: bytes) -> bytes | None:
    """Returns a body as it was before it was compressed; None if that cannot be told, or is too large."""
    codings = [value.strip().lower() for name, value in headers if name.lower() == "content-encoding"]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return content
    if codings not in (["gzip"], ["x-gzip"]):
        return None
    packed = zlib.decompressobj(_AS_GZIP)
    try:
        found = packed.decompress(content, MOST_BYTES)
    except zlib.error:
        return None
    return found if packed.eof else None
