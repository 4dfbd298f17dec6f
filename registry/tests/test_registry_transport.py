"""Every way in which MLflow can fail becomes one of our errors, soon, and says nothing that is secret."""

import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from foundation.exceptions import InvalidInput
from registry import mlflow, patience
from registry import transport as module
from registry.exceptions import RegistryError, RegistryNotFound, RegistryRefused, RegistryTimeout, RegistryUnreachable
from registry.targets import Target
from registry.transport import AlreadyExists, BadParameter, NoSuchRoute, NotInMlflow, Transport
from testing.waiting import LONG

pytestmark = pytest.mark.sockets


class Call(NamedTuple):
    """What a server was sent; a handler serves several calls of one connection, so it cannot stand for one."""

    method: str
    path: str
    headers: Message
    body: bytes


Handler = Callable[[BaseHTTPRequestHandler], None]
Serve = Callable[[Handler], list[Call]]


@contextmanager
def upstream(handle: Handler) -> Iterator[tuple[str, list[Call]]]:
    """Runs a real HTTP server on loopback that answers with `handle`; gives its address and the calls that it got."""
    calls: list[Call] = []

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            calls.append(Call(self.command, self.path, self.headers, body))
            handle(self)

        do_POST = do_DELETE = do_GET

        def log_message(self, *arguments: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    server = Server(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        module._pool.clear()


@pytest.fixture
def _short_timeouts(settings):
    settings.CHECKPOINT_CONNECT_TIMEOUT = 0.5
    settings.CHECKPOINT_READ_TIMEOUT = 0.5


@pytest.fixture
def serve(settings) -> Iterator[Serve]:
    """Gives a function that puts a server in MLflow's place and returns the list of the calls that it will get."""
    with ExitStack() as running:

        def start(handle: Handler) -> list[Call]:
            settings.CHECKPOINT_REGISTRY_URL, calls = running.enter_context(upstream(handle))
            return calls

        yield start


def answer(status: int, body: str, **headers: str) -> Handler:
    def handle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body.encode())

    return handle


def error(code: str, message: str = "because") -> str:
    return json.dumps({"error_code": code, "message": message})


@pytest.mark.parametrize(
    ("status", "body", "expected", "says"),
    [
        (404, error("RESOURCE_DOES_NOT_EXIST", "no such model"), RegistryNotFound, "no such model"),
        (400, error("RESOURCE_ALREADY_EXISTS"), AlreadyExists, "because"),
        (400, error("INVALID_PARAMETER_VALUE"), BadParameter, "MLflow refused: because"),
        (403, error("PERMISSION_DENIED"), RegistryRefused, "MLflow refused: because"),
        (500, error("FEATURE_DISABLED"), RegistryRefused, "MLflow refused: because"),
        (401, "You are not authenticated", RegistryRefused, "CHECKPOINT_REGISTRY_USERNAME"),
        (403, "Invalid Host header - possible DNS rebinding attack detected", RegistryRefused, "--allowed-hosts"),
        (403, "Permission denied", RegistryRefused, "own account"),
        (404, "<html>Not Found</html>", NoSuchRoute, "CHECKPOINT_REGISTRY_URL"),
        (404, error("ENDPOINT_NOT_FOUND"), NoSuchRoute, "CHECKPOINT_REGISTRY_URL"),
        (404, module._NO_ROUTE.decode(), NotInMlflow, "CHECKPOINT_REGISTRY_URL"),
        (302, "", RegistryUnreachable, "CHECKPOINT_REGISTRY_URL"),
        (200, "<html>Welcome to nginx</html>", RegistryUnreachable, "CHECKPOINT_REGISTRY_URL"),
        (200, "[1, 2]", RegistryUnreachable, "CHECKPOINT_REGISTRY_URL"),
        (200, "", RegistryUnreachable, "CHECKPOINT_REGISTRY_URL"),
        (429, "slow down", RegistryUnreachable, "429"),
        (502, "Bad Gateway", RegistryUnreachable, "502"),
        (503, error("TEMPORARILY_UNAVAILABLE"), RegistryUnreachable, "503"),
        (504, "Gateway Timeout", RegistryTimeout, "in time"),
        (500, "Internal Server Error", NoSuchRoute, "CHECKPOINT_REGISTRY_URL"),
    ],
)
def test_every_answer_that_is_not_mlflows_yes_is_one_of_our_errors(serve, status, body, expected, says):
    calls = serve(answer(status, body, Location="/elsewhere"))
    with pytest.raises(RegistryError) as raised:
        Transport().call("GET", "/api/2.0/mlflow/registered-models/get", {"name": "Fraud"})
    assert type(raised.value) is expected
    assert says in raised.value.message
    assert len(calls) == 1


def test_what_mlflow_says_of_its_own_failures_goes_to_the_log_and_not_to_people(serve, caplog):
    serve(answer(500, error("INTERNAL_ERROR", "postgresql://mlflow:hunter2@db/mlflow is gone")))
    with pytest.raises(RegistryError) as raised:
        Transport().call("GET", "/api/2.0/mlflow/registered-models/get")
    assert type(raised.value) is RegistryError
    assert "hunter2" not in str(raised.value)
    assert "hunter2" in caplog.text


def test_a_long_message_of_mlflow_is_cut_and_kept_on_one_line(serve):
    serve(answer(400, error("INVALID_PARAMETER_VALUE", "line\n" * 10_000)))
    with pytest.raises(RegistryRefused) as raised:
        Transport().call("POST", "/x")
    assert len(raised.value.message) < 600
    assert "\n" not in raised.value.message


def test_a_server_that_is_not_there_is_unreachable(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.CHECKPOINT_REGISTRY_URL = f"http://127.0.0.1:{free.getsockname()[1]}"
        settings.CHECKPOINT_REGISTRY_TOKEN = "hunter2"
        with pytest.raises(RegistryUnreachable) as raised:
            Transport().call("GET", "/x")
    assert "hunter2" not in raised.value.message
    assert "127.0.0.1" not in raised.value.message


def test_a_name_that_does_not_resolve_is_unreachable(settings):
    settings.CHECKPOINT_REGISTRY_URL = "http://mlflow.invalid:5000"
    with pytest.raises(RegistryUnreachable):
        Transport().call("GET", "/x")


@pytest.mark.usefixtures("_short_timeouts")
def test_a_silent_server_is_given_up_in_time_and_not_asked_again(serve, pace):
    ended = threading.Event()
    calls = serve(lambda request: ended.wait(LONG) and None)
    started = time.monotonic()
    with pytest.raises(RegistryTimeout):
        Transport().call("GET", "/x")
    assert time.monotonic() - started < pace.allows(2)
    assert len(calls) == 1
    ended.set()


def test_all_calls_of_a_page_together_wait_no_longer_than_it_may(serve, monkeypatch):
    now = SimpleNamespace(seconds=0.0)
    clock = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr(patience, "time", clock)
    monkeypatch.setattr(module, "time", clock)

    def slow(request):
        now.seconds += 9  # less than one answer may take
        answer(200, "{}")(request)

    calls = serve(slow)
    transport = Transport()

    def ask_often() -> None:
        for _ in range(20):
            transport.call("GET", "/api/2.0/mlflow/registered-models/get")

    with patience.at_most(30), pytest.raises(RegistryTimeout, match="in time"):
        ask_often()
    assert 27 < now.seconds < 45
    assert 3 <= len(calls) <= 4
    assert transport.call("GET", "/api/2.0/mlflow/registered-models/get") == {}


def test_a_page_that_has_no_patience_left_asks_nothing(serve):
    calls = serve(answer(200, "{}"))
    with patience.at_most(0), pytest.raises(RegistryTimeout):
        Transport().call("GET", "/")
    assert calls == []


def test_the_bound_that_ends_first_holds_unless_the_inner_one_begins_afresh():
    with patience.at_most(0):
        with patience.at_most(10), pytest.raises(RegistryTimeout):
            patience.seconds_left(5)
        with patience.at_most(10, afresh=True):
            assert patience.seconds_left(5) == 5
        with pytest.raises(RegistryTimeout):
            patience.seconds_left(5)
    assert patience.seconds_left(5) == 5


@pytest.mark.usefixtures("_short_timeouts")
def test_a_server_that_sends_a_byte_now_and_then_is_given_up_in_time(serve, pace):
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(50):
            try:
                request.wfile.write(b" ")
            except OSError:
                return
            time.sleep(0.1)

    serve(drip)
    started = time.monotonic()
    with pytest.raises(RegistryTimeout):
        Transport().call("GET", "/x")
    assert time.monotonic() - started < pace.allows(2)


def test_an_answer_that_breaks_off_is_unreachable(serve):
    def break_off(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b'{"registered_model": {}}')
        request.close_connection = True

    serve(break_off)
    with pytest.raises(RegistryUnreachable):
        Transport().call("GET", "/x")


def test_an_answer_that_is_too_large_is_not_kept_in_memory(serve, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_ANSWER", 1_000)
    serve(answer(200, json.dumps({"x": "y" * 2_000})))
    with pytest.raises(RegistryError, match="too large"):
        Transport().call("GET", "/x")


@pytest.mark.parametrize(("method", "asked"), [("GET", 2), ("POST", 1), ("DELETE", 1)])
def test_only_a_read_is_repeated_when_the_connection_breaks(serve, method, asked):
    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True

    calls = serve(hang_up)
    with pytest.raises(RegistryUnreachable):
        Transport().call(method, "/x")
    assert len(calls) == asked


def test_a_page_waits_ten_seconds_at_most_however_long_proxied_calls_may_take(settings):
    settings.CHECKPOINT_REGISTRY_URL = "http://mlflow"
    settings.CHECKPOINT_CONNECT_TIMEOUT = settings.CHECKPOINT_READ_TIMEOUT = 300
    transport = Transport()
    assert (transport._connect, transport._wait) == (10, 10)


@pytest.mark.parametrize(
    ("token", "username", "password", "expected"),
    [
        ("t0ken", "", "", "Bearer t0ken"),
        ("", "checkpoint", "pässwort:1", f"Basic {b64encode('checkpoint:pässwort:1'.encode()).decode()}"),
        ("", "", "", None),
    ],
)
def test_checkpoints_own_credentials_go_with_every_call(settings, serve, token, username, password, expected):
    settings.CHECKPOINT_REGISTRY_TOKEN = token
    settings.CHECKPOINT_REGISTRY_USERNAME = username
    settings.CHECKPOINT_REGISTRY_PASSWORD = password
    calls = serve(answer(200, "{}"))
    Transport().call("GET", "/x")
    (call,) = calls
    assert call.headers["Authorization"] == expected


def test_reads_carry_their_message_in_the_query_and_writes_in_the_body(serve, settings):
    calls = serve(answer(200, '{"a": 1}'))
    settings.CHECKPOINT_REGISTRY_URL += "/team/mlflow"
    assert Transport().call("GET", "/api/x", {"name": "a b&c=é", "order_by": ["n ASC", "v"]}) == {"a": 1}
    assert Transport().call("DELETE", "/api/x", {"name": "é"}) == {"a": 1}
    assert calls[0].path == "/team/mlflow/api/x?name=a+b%26c%3D%C3%A9&order_by=n+ASC&order_by=v"
    assert calls[1].path == "/team/mlflow/api/x"
    assert [json.loads(body) if body else None for body in (call.body for call in calls)] == [None, {"name": "é"}]


def test_threads_that_ask_for_different_workspaces_never_mix_them(serve):
    seen = []

    def handle(request: BaseHTTPRequestHandler) -> None:
        seen.append((request.path.partition("=")[2], request.headers["X-MLFLOW-WORKSPACE"] or ""))
        answer(200, "{}")(request)

    serve(handle)
    workspaces = ["", "team-a", "team-b"] * 10
    clients = {workspace: Transport(workspace) for workspace in workspaces}
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda workspace: clients[workspace].call("GET", "/x", {"w": workspace}), workspaces))
    assert len(seen) == len(workspaces)
    assert all(asked == sent for asked, sent in seen)


@pytest.mark.parametrize("workspace", ["two words", "line\r\nX-Injected: yes", "é", "x" * 257])
def test_a_workspace_that_cannot_be_a_header_is_refused(workspace):
    with pytest.raises(InvalidInput) as raised:
        Transport(workspace)
    assert raised.value.field == "workspace"


def test_an_answer_of_another_shape_is_an_error_of_ours(serve):
    from registry.mlflow import connect  # noqa: PLC0415 - loads MLflow, a second for the other tests

    serve(answer(200, '{"registered_models": [{"name": 5}]}'))
    with pytest.raises(RegistryError, match="cannot be read"):
        connect().get_model("Fraud")


@pytest.mark.parametrize("name", ["", "fraud", "Other"])
def test_a_model_of_another_name_than_asked_for_is_not_taken_for_it(serve, name):
    from registry.mlflow import connect  # noqa: PLC0415 - loads MLflow

    version = {"name": name, "version": "1", "aliases": ["champion"]}
    serve(answer(200, json.dumps({"registered_models": [{"name": name}], "model_version": version})))
    for ask in (
        lambda: connect().get_model("Fraud"),
        lambda: connect().get_version("Fraud", "1"),
        lambda: connect().holders("Fraud", Target.parse("alias:champion")),
    ):
        with pytest.raises(RegistryNotFound):
            ask()


def test_a_destination_that_somebody_creates_at_the_same_moment_is_used(serve):
    from registry.mlflow import connect  # noqa: PLC0415 - loads MLflow

    version = {"name": "Fraud", "version": "1", "source": "s3://models/1"}
    copy = {"name": "prod", "version": "4", "source": "models:/Fraud/1"}

    def handle(request: BaseHTTPRequestHandler) -> None:
        match request.path.removeprefix("/api/2.0/mlflow/").partition("?")[0]:
            case "registered-models/search":
                answer(200, "{}")(request)
            case "registered-models/create":
                answer(400, error("RESOURCE_ALREADY_EXISTS"))(request)
            case "model-versions/get":
                answer(200, json.dumps({"model_version": version}))(request)
            case "model-versions/search":
                answer(200, "{}")(request)
            case "model-versions/create":
                answer(200, json.dumps({"model_version": copy}))(request)

    serve(handle)
    assert connect().copy_version("Fraud", "1", "prod", tags={}).version == "4"


def test_mlflow_is_asked_as_checkpoint_or_as_nobody(serve, settings):
    calls = serve(answer(200, "3.17.2\n"))
    settings.CHECKPOINT_REGISTRY_TOKEN = "secret"
    assert Transport().ask("/version") == (200, b"3.17.2\n")
    assert Transport("blue").ask("/x?y=1", signed_in=False) == (200, b"3.17.2\n")
    assert [(call.method, call.path, call.headers["Authorization"]) for call in calls] == [
        ("GET", "/version", "Bearer secret"),
        ("GET", "/x?y=1", None),
    ]


@pytest.mark.parametrize(
    ("status", "said", "version"),
    [(200, "3.17.2", "3.17.2"), (200, " 3.18.0.dev0\n", "3.18.0.dev0"), (200, "<html>", ""), (404, "3.17.2", "")],
)
def test_what_is_no_version_is_none(serve, status, said, version):
    serve(answer(status, said))
    assert mlflow.connect().server_version() == version


@pytest.mark.parametrize(("status", "is_open"), [(200, True), (401, False), (403, False), (302, False), (500, False)])
def test_mlflow_answers_anybody_if_it_shows_models_to_nobody(serve, status, is_open):
    serve(answer(status, "{}"))
    assert mlflow.connect().answers_anybody() is is_open
