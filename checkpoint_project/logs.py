"""Logging: one line per event on standard error."""

from typing import Any


def configuration(*, access: bool) -> dict[str, Any]:
    """Returns Django's LOGGING; `access` switches the line per proxied request on."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            # The library logs several lines a request; ours is the one line that counts.
            "revproxy": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
            "checkpoint.access": {"level": "INFO" if access else "CRITICAL"},
        },
    }
