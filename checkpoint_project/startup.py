"""What must hold before the server may answer."""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection

from foundation import env

DATABASE_WAIT = 60.0
"""Seconds that a start waits for PostgreSQL, which often starts at the same time."""
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
    except OperationalError as error:
        raise env.ConfigurationError(_explained(error)) from None


def wait_for_database(seconds: float) -> None:
    """Returns once the database takes connections.

    Raises:
        env.ConfigurationError: it took none within `seconds`; the message has its last error.
    """
    deadline = time.monotonic() + (seconds if connection.vendor == "postgresql" else 0)
    told = False
    while True:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() >= deadline:
                raise env.ConfigurationError(_explained(error)) from None
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
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
        return
    # The lock ends with the file's last descriptor, so a process that is killed leaves none behind.
    with (settings.STATE_DIR / "migration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _explained(error: OperationalError) -> str:
    if connection.vendor == "sqlite":
        return (
            f"{_database_name()} cannot be used ({_first_line(error)}): mount a folder that user {os.getuid()} may "
            "write, or set CHECKPOINT_STATE_DIR."
        )
    return f"{_database_name()} does not answer: {_first_line(error)}"


def _database_name() -> str:
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"The database {values['NAME']}"
    host = values["HOST"] or values["OPTIONS"].get("host") or "localhost"
    return f"The database {values['NAME']} at {host}:{values['PORT'] or 5432}"


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
