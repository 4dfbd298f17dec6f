"""The fixtures that other tests stand on."""

import socket

import dj_database_url
import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from registry import get_registry
from registry.fake import FakeRegistry
from testing.fixtures.needs import SocketRefused


def test_no_test_reaches_a_registry_by_accident() -> None:
    assert settings.CHECKPOINT_REGISTRY_URL == "http://127.0.0.1:9"


def test_a_test_that_does_not_say_so_opens_no_socket() -> None:
    with socket.socket() as unused, pytest.raises(SocketRefused, match="mark the test with `sockets`"):
        unused.connect(("127.0.0.1", 9))


def test_the_fake_registry_is_the_one_that_the_product_gets(registry: FakeRegistry) -> None:
    assert get_registry() is registry


@pytest.mark.postgresql
def test_the_embedded_postgresql_gives_an_empty_database(postgresql: str) -> None:
    parsed = dj_database_url.parse(postgresql)
    link = psycopg2.connect(dbname=parsed["NAME"], user=parsed["USER"], host=parsed["OPTIONS"]["host"])
    with link.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)
    link.close()


@pytest.mark.postgresql
@pytest.mark.django_db
def test_the_run_on_postgresql_is_on_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        assert int(cursor.fetchone()[0].split(".")[0]) >= 16
