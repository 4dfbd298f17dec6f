"""PostgreSQL's connections: bounded per process, and given back while a call waits for something else."""

import gc
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.db.utils import OperationalError
from django.test import Client

from checkpoint_project.postgresql import slots
from foundation.database.side_by_side import side_by_side
from proxy.wsgi import Handler
from registry.exceptions import RegistryUnreachable
from registry.transport import Transport
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.sockets, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def three_slots(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.BoundedSemaphore]:
    """Lets the process have three connections."""
    connections.close_all()
    found = threading.BoundedSemaphore(3)
    monkeypatch.setattr(slots, "_slots", found)
    yield found
    connections.close_all()


def _sleep_in_the_database(seconds: float) -> int:
    """Returns how many connections asked this database something meanwhile.

    Those that were given back are not counted: PostgreSQL lists them for some moments after the client has gone.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            )
            counted = cursor.fetchone()
            cursor.execute("SELECT pg_sleep(%s)", [seconds])
            return int(counted[0])
    finally:
        connections.close_all()


def test_many_threads_share_few_connections(three_slots: threading.BoundedSemaphore) -> None:
    with ThreadPoolExecutor(12) as threads:
        seen = list(threads.map(_sleep_in_the_database, [0.05] * 24))
    assert len(seen) == 24
    assert max(seen) <= 3
    assert three_slots._value == 3


def test_who_gets_none_in_time_is_told_to_try_again(
    three_slots: threading.BoundedSemaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.1)
    with ThreadPoolExecutor(3) as threads:
        held = [threads.submit(_sleep_in_the_database, 1.0) for _ in range(3)]
        while three_slots._value:
            time.sleep(0.01)
        client = Client(raise_request_exception=False)
        answer = client.get("/checkpoint/healthz", headers={"accept": "text/html"})
        with pytest.raises(OperationalError, match="connections of this process are in use"):
            connection.ensure_connection()
        for each in held:
            each.result()
    assert answer.status_code == 503
    assert client.get("/checkpoint/healthz").status_code == 200


def test_a_connection_that_failed_to_open_or_was_forgotten_takes_no_place(
    three_slots: threading.BoundedSemaphore,
) -> None:
    params = connection.get_connection_params()
    with pytest.raises(OperationalError), connection.wrap_database_errors:
        connection.get_new_connection(params | {"port": 1, "host": "127.0.0.1"})
    assert three_slots._value == 3
    forgotten = threading.Thread(target=lambda: connection.ensure_connection())  # and nobody closes it
    forgotten.start()
    forgotten.join()
    gc.collect()
    assert three_slots._value == 3


def test_none_is_held_while_mlflow_is_asked_but_within_a_transaction(three_slots: threading.BoundedSemaphore) -> None:
    connection.ensure_connection()
    with pytest.raises(RegistryUnreachable):
        Transport(workspace="").ask("/version")
    assert three_slots._value == 3
    with transaction.atomic():
        with pytest.raises(RegistryUnreachable):
            Transport(workspace="").ask("/version")
        assert three_slots._value == 2


def test_none_is_held_while_a_page_is_sent(three_slots: threading.BoundedSemaphore) -> None:
    environ = Client()._base_environ(PATH_INFO="/checkpoint/accounts/login/", HTTP_ACCEPT="text/html")
    pieces = Handler()(environ, lambda status, headers: None)
    assert b"Sign in" in b"".join(pieces)
    assert three_slots._value == 3


def test_nobody_waits_for_ever() -> None:
    with connection.cursor() as cursor:
        for name, value in (
            ("lock_timeout", "10s"),
            ("statement_timeout", "1min"),
            ("idle_in_transaction_session_timeout", "1min"),
        ):
            cursor.execute(f"SHOW {name}")
            assert cursor.fetchone() == (value,)


def test_nobody_holds_a_connection_while_mlflow_is_asked_for_both_sides(
    three_slots: threading.BoundedSemaphore,
) -> None:
    connection.ensure_connection()
    assert three_slots._value == 2
    both = threading.Barrier(2, timeout=LONG)

    def asked() -> tuple[int, int]:
        both.wait()
        free, counted = three_slots._value, 0
        both.wait()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            counted = cursor.fetchone()[0]
        return free, counted

    assert side_by_side([asked, asked]) == [(3, 1), (3, 1)]
    assert three_slots._value == 3
