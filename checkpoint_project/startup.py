"""What must hold before the server may answer."""

import fcntl
import importlib
import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection

from foundation import env, state_folder

DATABASE_WAIT = 60.0
"""Seconds that a start waits for PostgreSQL, which often starts at the same time."""
_MIGRATION_WAIT = "30min"
"""How long a start waits for another one's migrations."""
_MIGRATION_LOCK = 0x43_68_65_63_6B  # the number of Checkpoint's advisory lock in the database

logger = logging.getLogger("checkpoint.startup")


def require_registry() -> None:
    """Refuses to start without an upstream.

    Not in `settings`, because commands that never call MLflow (migrate, collectstatic, create_api_token) need none.

    Raises:
        env.ConfigurationError: CHECKPOINT_REGISTRY_URL is not set.
    """
    if not env.url("CHECKPOINT_REGISTRY_URL", assume_http=True):
        raise env.ConfigurationError(
            "CHECKPOINT_REGISTRY_URL is not set: give the address of your MLflow server, "
            "for example CHECKPOINT_REGISTRY_URL=http://mlflow:5000."
        )


def require_settings() -> None:
    """Refuses to start with a wrong setting, or without an upstream.

    Raises:
        env.ConfigurationError: one line that names the setting.
    """
    importlib.import_module("checkpoint_project.settings")
    require_registry()


def prepare_database(*, wait: float = DATABASE_WAIT) -> None:
    """Migrates the database to this release; replicas that start together do so one after the other.

    Args:
        wait: Seconds until PostgreSQL must have answered. SQLite answers at once or never.

    Raises:
        env.ConfigurationError: the database does not answer, or is not writable.
    """
    wait_for_database(wait)
    try:
        with _one_at_a_time():
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise env.ConfigurationError(explained(error)) from None


def wait_for_database(seconds: float) -> None:
    """Returns once the database takes connections.

    Raises:
        env.ConfigurationError: it took none within `seconds`, or never will; the message has its last error.
    """
    deadline = time.monotonic() + (seconds if connection.vendor == "postgresql" else 0)
    told = False
    while True:
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            # PostgreSQL's library says so of an option, before it calls anybody.
            hopeless = not isinstance(error, OperationalError) or re.search(r"\binvalid [\w ]*value\b", str(error))
            if hopeless or time.monotonic() >= deadline:
                raise env.ConfigurationError(explained(error)) from None
            if not told:
                logger.warning("Waiting up to %g s for %s: %s", seconds, _database_name(), _first_line(error))
                told = True
            time.sleep(0.5)
        else:
            return


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Makes every other process of this installation that is starting wait."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A request waits seconds for a lock and a statement. A start waits for another one's migrations, and a
            # migration may well fill a column of a large table.
            cursor.execute(f"SET lock_timeout = '{_MIGRATION_WAIT}'; SET statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            try:
                cursor.execute("RESET lock_timeout")
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
                cursor.execute("RESET statement_timeout")
        return
    # The lock ends with the file's last descriptor, so a process that is killed leaves none behind.
    path = Path(connection.settings_dict["NAME"]).with_name("migration.lock")
    state_folder.create_private(path)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def explained(error: DatabaseError) -> str:
    """Returns in one line why the database cannot be used, and the setting that says which one it is."""
    setting = "DATABASE_URL" if env.string("DATABASE_URL") else "CHECKPOINT_STATE_DIR"
    if connection.vendor == "sqlite":
        return (
            f"{_database_name()} cannot be used ({_first_line(error)}): name a file in a folder that user "
            f"{os.getuid()} may write with {setting}."
        )
    refusal = "does not answer" if connection.connection is None else "cannot be brought up to date"
    return f"{_database_name()}, which {setting} names, {refusal}: {_first_line(error)}"


def _database_name() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"The database {values['NAME']}"
    host = values["HOST"] or values["OPTIONS"].get("host") or "localhost"
    return f"The database {values['NAME']} at {host}:{values['PORT'] or 5432}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
