"""Writes one line for each proxied call, on the logger `checkpoint.access`."""

import logging
import time

logger = logging.getLogger("checkpoint.access")


class Entry:
    """The values of a call's line; `write` writes it once, when the response has ended.

    The query is left out, because it may hold secrets. The path is percent-encoded, so that no caller can forge a line
    of the log.
    """

    __slots__ = ("_is_written", "_started", "caller", "method", "note", "path", "request_id", "sent", "status")

    def __init__(self, request_id: str) -> None:
        self._started = time.perf_counter()
        self._is_written = False
        self.request_id = request_id
        self.method = self.path = self.caller = "-"
        self.note = ""
        self.status = 0
        self.sent = 0

    def write(self) -> None:
        """Writes the line: method, path, status, bytes of the body sent, milliseconds, caller, request id."""
        if self._is_written or not logger.isEnabledFor(logging.INFO):
            return
        self._is_written = True
        logger.info(
            "method=%s path=%s status=%d bytes=%d ms=%.1f caller=%s request=%s%s",
            self.method,
            self.path,
            self.status,
            self.sent,
            (time.perf_counter() - self._started) * 1000,
            self.caller,
            self.request_id,
            f" {self.note}" if self.note else "",
        )
