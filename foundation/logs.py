"""Logging: one line per event on standard error."""

import logging
import re
from typing import Any

from typing_extensions import override

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class OneLine(logging.Formatter):
    """Writes control characters as escapes, so that no text that somebody sent can forge a line of the log.

    A traceback keeps its lines.
    """

    @override
    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], record.message)
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
