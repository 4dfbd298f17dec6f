"""Logging: one line per event on standard error."""

import logging
import re
from contextvars import ContextVar
from typing import Any

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


def configuration(*, access: bool) -> dict[str, Any]:
    """Returns Django's LOGGING; `access` switches the line per proxied request on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": OneLine, "format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # The library logs several lines per request; Checkpoint logs one (`access`).
            "revproxy": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            "checkpoint.access": {"level": "INFO" if access else "CRITICAL"},
        },
    }
