"""Turns DATABASE_URL into Django's database settings."""

from pathlib import Path
from typing import Any

import dj_database_url

from foundation.env import ConfigurationError

_SQLITE = "django.db.backends.sqlite3"
_POSTGRESQL = "django.db.backends.postgresql"


def configuration(address: str, default_path: Path) -> dict[str, Any]:
    """Returns the settings of the database at `address`, or of SQLite at `default_path` when it is empty.

    Raises:
        ConfigurationError: the address is malformed or names a database other than SQLite or PostgreSQL.
    """
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(address or f"sqlite:///{default_path}"))
    except (ValueError, KeyError):
        parsed = {"ENGINE": ""}
    if parsed["ENGINE"] == _SQLITE:
        # SQLite has one writer at a time. Taking the write lock when the transaction begins avoids a deadlock between
        # two readers that both want to write: one waits a little instead.
        parsed["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;",
        }
    elif parsed["ENGINE"] == _POSTGRESQL:
        # A connection lives as long as its request. One for each thread of each worker of each replica would be more
        # than PostgreSQL allows, and the proxy's hot path makes no query.
        parsed["CONN_MAX_AGE"] = 0
    else:
        raise ConfigurationError(
            "DATABASE_URL is not a sqlite:///path or postgresql://user:password@host/name address."
        )
    return parsed
