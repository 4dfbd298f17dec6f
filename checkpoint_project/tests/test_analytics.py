"""The anonymous count of starts, against a service of our own."""

import json
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from pytest_django import Settings

from accounts.joining import installation
from checkpoint_project import analytics
from demo.processes import free_port
from testing.waiting import LONG

pytestmark = pytest.mark.sockets


class Service(HTTPServer):
    """Keeps the body of each call it gets and answers `answer`."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, list[str]]] = []
        self.headers: list[str] = []
        self.answer = b'{"status": 1}'
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/track"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(parse_qs(body.decode()))
        self.server.headers.append(str(self.headers))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CHECKPOINT_ANALYTICS_KEY = "the-key"
    monkeypatch.setattr(analytics, "TIMEOUT", LONG)


def sent(thread: Thread | None) -> None:
    assert thread is not None
    thread.join(LONG)
    assert not thread.is_alive()


@pytest.mark.django_db
@pytest.mark.usefixtures("key")
def test_a_start_is_counted_with_a_digest_and_nothing_else(service: Service) -> None:
    sent(analytics.report_start(events_url=service.url))
    (body,) = service.bodies
    event = json.loads(body["data"][0])
    anonymous_id = installation.current().anonymous_id
    assert event["event"] == "Server started"
    assert event["properties"]["distinct_id"] == sha256(anonymous_id.bytes).hexdigest()
    assert set(event) == {"event", "properties"}
    assert set(event["properties"]) == {"token", "distinct_id", "time", "$insert_id", "mp_lib", "$lib_version"}
    assert body["ip"] == ["0"]
    assert str(anonymous_id) not in str(service.bodies) + str(service.headers)
    assert anonymous_id.hex not in str(service.bodies)


@pytest.mark.django_db
@pytest.mark.usefixtures("key")
def test_the_same_installation_is_counted_as_the_same(service: Service) -> None:
    sent(analytics.report_start(events_url=service.url))
    sent(analytics.report_start(events_url=service.url))
    first, second = (json.loads(body["data"][0])["properties"] for body in service.bodies)
    assert first["distinct_id"] == second["distinct_id"]
    assert first["$insert_id"] != second["$insert_id"]


def test_nothing_is_sent_without_a_key() -> None:
    assert analytics.report_start() is None


@pytest.mark.usefixtures("key")
def test_nothing_is_sent_after_opting_out(settings: Settings) -> None:
    settings.CHECKPOINT_ANALYTICS_OPT_OUT = True
    assert analytics.report_start() is None


@pytest.mark.django_db
@pytest.mark.usefixtures("key")
@pytest.mark.parametrize("answer", [b"<html>", b'{"status": 0, "error": "no"}', b"1", b"{}"])
def test_a_service_that_answers_nonsense_does_no_harm(service: Service, answer: bytes) -> None:
    service.answer = answer
    sent(analytics.report_start(events_url=service.url))
    assert len(service.bodies) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("key")
def test_a_service_that_is_not_there_does_no_harm() -> None:
    sent(analytics.report_start(events_url=f"http://127.0.0.1:{free_port()}/track"))


@pytest.mark.django_db
@pytest.mark.usefixtures("key")
def test_a_start_does_not_wait_for_a_service_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "TIMEOUT", 0.5)
    installation.current()
    with HTTPServer(("127.0.0.1", 0), Handler) as silent:  # listens and never answers
        thread = analytics.report_start(events_url=f"http://127.0.0.1:{silent.server_port}/track")
        assert thread is not None
        assert thread.is_alive()
        assert thread.daemon
        sent(thread)
