"""Logging: one line per event on standard error."""

import logging
import re
import time
from collections import OrderedDict
from contextvars import ContextVar
from threading import Lock
from typing import Any

from django.db.utils import InterfaceError, OperationalError
from typing_extensions import override

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the HTTP request that this thread is answering; "" between requests. Every line of the log carries it."""


class OneLine(logging.Formatter):
    """Ends each line with the id of the request that caused it.

    Writes control characters as escapes, so that no text that somebody sent can forge a line of the log. A traceback
    keeps its lines.
    """

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], record.message)
        named = f"request={request_id.get()}"
        if request_id.get() and named not in record.message:
            record.message = f"{record.message} {named}"
        return super().formatMessage(record)


class OneLinePerMinute(logging.Filter):
    """Tells of a database that does not answer in one line a minute for each caller, and not in a traceback a call."""

    SECONDS = 60.0
    _MOST = 1_000

    def __init__(self) -> None:
        super().__init__()
        self._told: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if hasattr(record, "request") and isinstance(error, (OperationalError, InterfaceError)):
            said = str(error).splitlines()
            record.msg, record.args = "The database does not answer: %s", (said[0] if said else type(error).__name__,)
            # Every handler gets the same record, and the next one's filter must know it without the exception.
            record.exc_info, record.exc_text, record.is_of_database = None, None, True
        return not getattr(record, "is_of_database", False) or self._is_due(_caller(record))

    def _is_due(self, caller: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._told.get(caller, -self.SECONDS) < self.SECONDS:
                return False
            self._told[caller] = now
            self._told.move_to_end(caller)
            if len(self._told) > self._MOST:
                self._told.popitem(last=False)
        return True


def _caller(record: logging.LogRecord) -> str:
    meta = getattr(getattr(record, "request", None), "META", {})
    return str(meta.get("REMOTE_ADDR", ""))


def configuration(*, access: bool) -> dict[str, Any]:
    """Returns Django's LOGGING; `access` switches the line per proxied request on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": OneLine, "format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
        "filters": {"database": {"()": OneLinePerMinute}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["database"]}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # The library logs several lines per request; Checkpoint logs one (`access`).
            "revproxy": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            "checkpoint.access": {"level": "INFO" if access else "CRITICAL"},
        },
    }
