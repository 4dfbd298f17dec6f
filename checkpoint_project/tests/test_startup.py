"""What a start makes sure of, in processes of their own."""

import fcntl
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import dj_database_url
import psycopg2
import psycopg2.extensions
import pytest
from django.conf import settings
from django.db import OperationalError, connection

from checkpoint_project import startup
from demo.processes import free_port
from foundation.env import ConfigurationError
from testing.servers.commands import environment
from testing.waiting import LONG, wait_until

PREPARE = """
import django
django.setup()
from checkpoint_project.startup import prepare_database
prepare_database(wait=5)
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        for name in ("lock_timeout", "statement_timeout"):
            cursor.execute(f"SELECT setting = reset_val FROM pg_settings WHERE name = '{name}'")
            assert cursor.fetchone() == (True,), name
print(MigrationRecorder.Migration.objects.count())
"""


def prepare(state: Path, **changes: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE],
        env=environment(state, DJANGO_SETTINGS_MODULE="checkpoint_project.settings", **changes),
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, int, str]:
    """Returns (exit code, migrations in the database, errors)."""
    output, errors = process.communicate(timeout=LONG)
    return process.returncode, int(output or 0), errors


def is_held_up(pid: int) -> bool:
    """Tells whether a process waits for the lock of a file."""
    locks = Path("/proc/locks").read_text().splitlines()
    return any("->" in line and str(pid) in line.split() for line in locks)


@pytest.fixture
def link(postgresql: str) -> Iterator[psycopg2.extensions.connection]:
    parsed = dj_database_url.parse(postgresql)
    link = psycopg2.connect(dbname=parsed["NAME"], user=parsed["USER"], host=parsed["OPTIONS"]["host"])
    link.autocommit = True
    yield link
    link.close()


@pytest.mark.postgresql
def test_replicas_that_start_together_on_postgresql_all_start(tmp_path: Path, postgresql: str) -> None:
    outcomes = [outcome(process) for process in [prepare(tmp_path, DATABASE_URL=postgresql) for _ in range(3)]]
    assert [code for code, _, _ in outcomes] == [0, 0, 0], outcomes
    assert len({migrations for _, migrations, _ in outcomes}) == 1


@pytest.mark.postgresql
def test_a_replica_waits_while_another_migrates_on_postgresql(
    tmp_path: Path, postgresql: str, link: psycopg2.extensions.connection
) -> None:
    with link.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [startup._MIGRATION_LOCK])
        times = "-c lock_timeout=200ms -c statement_timeout=400ms"
        process = prepare(tmp_path, DATABASE_URL=f"{postgresql}&{urlencode({'options': times})}")

        def answer(question: str) -> int:
            cursor.execute(question)
            return int(cursor.fetchone()[0])

        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        wait_until(lambda: answer(waiting), "a process that waits for the lock")
        assert answer(waiting) == 1
        assert answer("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        time.sleep(1)  # longer than a request would wait
        cursor.execute("SELECT pg_advisory_unlock(%s)", [startup._MIGRATION_LOCK])
    assert outcome(process)[0] == 0


@pytest.mark.postgresql
def test_a_database_in_which_no_table_can_be_made_is_one_line(
    tmp_path: Path, postgresql: str, link: psycopg2.extensions.connection
) -> None:
    parsed = dj_database_url.parse(postgresql)
    weak = f"weak_{parsed['NAME']}"[:60]
    with link.cursor() as cursor:
        cursor.execute(f'CREATE ROLE "{weak}" LOGIN')
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    address = postgresql.replace(f"//{parsed['USER']}@", f"//{weak}@").replace(f"//{parsed['USER']}:", f"//{weak}:")
    assert weak in address
    code, _, errors = outcome(prepare(tmp_path, DATABASE_URL=address))
    last = errors.strip().split("\n")[-1]
    assert code == 1
    assert "DATABASE_URL" in last
    assert "cannot be brought up to date" in last
    assert "permission denied" in last


@pytest.mark.slow
def test_a_process_waits_while_another_migrates_on_sqlite(tmp_path: Path) -> None:
    with (tmp_path / "migration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = prepare(tmp_path)
        wait_until(lambda: process.poll() is not None or is_held_up(process.pid), "a process that waits for the lock")
        assert process.poll() is None
        with closing(sqlite3.connect(tmp_path / "checkpoint.sqlite3")) as link:
            assert link.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    code, migrations, errors = outcome(process)
    assert code == 0, errors
    assert migrations > 10


def test_a_database_that_comes_up_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [OperationalError("the database system is starting up"), OperationalError("not yet")]

    def ensure_connection() -> None:
        if refusals:
            raise refusals.pop()

    monkeypatch.setattr(connection, "vendor", "postgresql")
    monkeypatch.setattr(connection, "ensure_connection", ensure_connection)
    startup.wait_for_database(30)
    assert refusals == []


@pytest.mark.sockets
def test_a_database_that_never_comes_up_is_one_line_without_its_password(tmp_path: Path) -> None:
    address = f"postgresql://me:hidden@127.0.0.1:{free_port()}/checkpoint"
    process = prepare(tmp_path, DATABASE_URL=address)
    code, _, errors = outcome(process)
    last = errors.strip().split("\n")[-1]
    assert code == 1
    assert "ConfigurationError: The database checkpoint at 127.0.0.1:" in last
    assert "does not answer" in last
    assert "hidden" not in errors


def test_a_database_file_that_cannot_be_opened_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ensure_connection() -> None:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(connection, "vendor", "sqlite")
    monkeypatch.setattr(connection, "ensure_connection", ensure_connection)
    with pytest.raises(ConfigurationError) as refusal:
        startup.prepare_database()
    assert "cannot be used (unable to open database file)" in str(refusal.value)
    assert "CHECKPOINT_STATE_DIR" in str(refusal.value)


def test_a_registry_is_required_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHECKPOINT_REGISTRY_URL")
    with pytest.raises(ConfigurationError, match="CHECKPOINT_REGISTRY_URL is not set"):
        startup.require_registry()
    monkeypatch.setenv("CHECKPOINT_REGISTRY_URL", "mlflow:5000")
    startup.require_registry()
