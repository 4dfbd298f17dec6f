"""One line for each proxied call, on the logger `checkpoint.access`."""

import logging
import time

logger = logging.getLogger("checkpoint.access")


class Entry:
    """Gathers what a call's line will say; `write` writes it once, when the last byte has gone or nothing more will.

    The query is left out: it may hold secrets. The path is in its percent-encoded form, so that no caller can write
    lines of their own into the log.
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
