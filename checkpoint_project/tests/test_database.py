"""Database settings from DATABASE_URL."""

import sqlite3
from pathlib import Path

import pytest
from django.db import connection

from checkpoint_project import database
from foundation.env import ConfigurationError


def test_without_an_address_the_database_is_sqlite_in_the_state_folder(tmp_path: Path) -> None:
    settings = database.configuration("", tmp_path / "checkpoint.sqlite3")
    assert settings["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["NAME"] == str(tmp_path / "checkpoint.sqlite3")


def test_sqlite_takes_the_write_lock_at_once_and_waits_for_it(tmp_path: Path) -> None:
    options = database.configuration("", tmp_path / "db")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] >= 10


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="asks SQLite")
def test_sqlite_really_checks_foreign_keys() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)


def test_sqlite_really_writes_ahead_in_a_file(tmp_path: Path) -> None:
    settings = database.configuration("", tmp_path / "db")
    link = sqlite3.connect(settings["NAME"])
    link.executescript(settings["OPTIONS"]["init_command"])
    assert link.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    link.close()


def test_a_postgresql_connection_lives_as_long_as_its_request(tmp_path: Path) -> None:
    settings = database.configuration("postgresql://me:secret@db.example:5433/checkpoint", tmp_path)
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db.example", 5433, "checkpoint")
    assert settings["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize(
    "address", ["mysql://me:secret@host/name", "nonsense", "postgresql://me:secret@host:port/name"]
)
def test_another_database_is_refused_without_repeating_the_password(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        database.configuration(address, tmp_path)
    assert str(refusal.value).startswith("DATABASE_URL is not")
    assert "secret" not in str(refusal.value)


def test_a_database_whose_machine_is_gone_is_noticed(tmp_path: Path) -> None:
    options = database.configuration("postgresql://me:secret@db/name", tmp_path / "db")["OPTIONS"]
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 30
    assert options["tcp_user_timeout"] <= 30_000
    own = database.configuration("postgresql://me:secret@db/name?keepalives_idle=60", tmp_path / "db")["OPTIONS"]
    assert (own["keepalives_idle"], own["keepalives_interval"]) == (60, options["keepalives_interval"])


@pytest.mark.postgresql
@pytest.mark.django_db
def test_postgresqls_library_knows_how_a_machine_that_is_gone_is_noticed() -> None:
    connection.ensure_connection()
    used = connection.connection.info.dsn_parameters
    assert {name: used[name] for name in database._GIVEN_UP} == {
        name: str(value) for name, value in database._GIVEN_UP.items()
    }
