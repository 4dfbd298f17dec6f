"""Turns DATABASE_URL into Django's database settings."""

import re
import sqlite3
from pathlib import Path
from typing import Any

import dj_database_url
import psycopg2
from psycopg2.extensions import make_dsn

from foundation import state_folder
from foundation.env import ConfigurationError

_SQLITE = "django.db.backends.sqlite3"
_POSTGRESQL = "django.db.backends.postgresql"
_NOT_AN_ADDRESS = "DATABASE_URL is not a sqlite:///path or postgresql://user:password@host/name address."
_NOT_A_FILE = (
    "DATABASE_URL does not name a file: expected sqlite:///relative/path or sqlite:////absolute/path, without options."
)
_CONNECT_SECONDS = 5
_TIME_OUTS = "-c lock_timeout=10s -c statement_timeout=60s -c idle_in_transaction_session_timeout=60s"
"""For every connection, unless DATABASE_URL has options of its own: nobody waits or blocks for ever."""
_GIVEN_UP = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""Ends a connection after some 25 seconds without a sign of life: a machine that is gone says nothing, and its
time-outs went with it. Each call that waits there has a connection, of which a process has few."""
_LONGEST_NAME = 63
"""Characters of a database's name, in PostgreSQL and in Django."""


class PrivateConnection(sqlite3.Connection):
    """Opens a database file that only its owner reads, whichever command makes it and whatever umask it has.

    SQLite gives the files that it puts beside it (`-wal`, `-shm`, `-journal`) the mode of the file itself.
    """

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if not database.startswith("file:"):  # an address and no path: the tests' database in memory
            try:
                state_folder.create_private(Path(database))
            except OSError as error:
                raise sqlite3.OperationalError(f"unable to open database file: {error.strerror}") from None
        super().__init__(database, *args, **kwargs)


def configuration(address: str, default_path: Path) -> dict[str, Any]:
    """Returns the settings of the database at `address`, or of SQLite at `default_path` when it is empty.

    Raises:
        ConfigurationError: the address is malformed or names a database other than SQLite or PostgreSQL.
    """
    if not address:
        return _sqlite(default_path)
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(address))
    except (ValueError, KeyError):
        raise ConfigurationError(_NOT_AN_ADDRESS) from None
    if parsed["ENGINE"] == _SQLITE:
        if not re.fullmatch(r"sqlite:///[^?#]+", address) or parsed["NAME"] == ":memory:":
            raise ConfigurationError(_NOT_A_FILE)
        return _sqlite(Path(parsed["NAME"]).absolute())
    if parsed["ENGINE"] == _POSTGRESQL:
        return _postgresql(parsed, address)
    raise ConfigurationError(_NOT_AN_ADDRESS)


def _sqlite(path: Path) -> dict[str, Any]:
    # SQLite has one writer at a time. Taking the write lock when the transaction begins avoids a deadlock between two
    # readers that both want to write: one waits a little instead.
    options = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;",
        "factory": PrivateConnection,
    }
    return {"ENGINE": _SQLITE, "NAME": str(path), "OPTIONS": options}


def _postgresql(parsed: dict[str, Any], address: str) -> dict[str, Any]:
    options = parsed.get("OPTIONS", {})
    if "#" in address or not (parsed["NAME"] or "service" in options) or len(parsed["NAME"]) > _LONGEST_NAME:
        raise ConfigurationError(_NOT_AN_ADDRESS)
    # `assume_role` is Django's own; everything else goes to PostgreSQL's library.
    for name in options.keys() - {"assume_role"}:
        try:
            known = not isinstance(options[name], list) and make_dsn(**{name: options[name]})
        except psycopg2.ProgrammingError:
            known = ""
        if not known:
            raise ConfigurationError(f"DATABASE_URL has an option that PostgreSQL does not know, or twice: {name}.")
    # A connection lives until its request waits for something else. One for each thread of each worker of each replica
    # would be more than PostgreSQL allows, and the proxy's hot path makes no query.
    own = {"connect_timeout": _CONNECT_SECONDS, "options": _TIME_OUTS} | _GIVEN_UP | options
    return parsed | {"ENGINE": "checkpoint_project.postgresql", "CONN_MAX_AGE": 0, "OPTIONS": own}
