"""Checkpoint in front of upstreams of other kinds: prefixed, asking for credentials, refusing us, not there."""

import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.waiting import LONG, wait_until

pytestmark = pytest.mark.sockets

ECHO = "/api/2.0/mlflow/echo"

Start = Callable[..., Checkpoint]


@pytest.fixture
def start(people, tmp_path) -> Iterator[Start]:
    """Gives a function that starts a Checkpoint with settings of its own."""
    running = []

    def run(**settings: str) -> Checkpoint:
        generator = run_checkpoint("gunicorn", people, tmp_path / f"{len(running)}.log", **settings)
        running.append(generator)
        return next(generator)

    yield run
    for generator in running:
        generator.close()


def test_path_prefix_and_credentials_of_upstream_are_added(start: Start, upstream: EchoUpstream) -> None:
    checkpoint = start(
        **upstream.settings | {"CHECKPOINT_REGISTRY_URL": f"{upstream.url}/team/ml"},
        CHECKPOINT_REGISTRY_USERNAME="checkpoint",
        CHECKPOINT_REGISTRY_PASSWORD="pass:wörd",
        CHECKPOINT_TRUSTED_PROXIES="127.0.0.0/8",
    )
    forwarded = {"X-Forwarded-For": "10.1.2.3", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "ml.example.org"}
    seen = checkpoint.call(f"{ECHO}?a=b", headers=forwarded).json()
    assert seen["target"] == f"/team/ml{ECHO}?a=b"
    credentials = base64.b64encode("checkpoint:pass:wörd".encode()).decode()
    assert ["Authorization", f"Basic {credentials}"] in seen["headers"]
    assert ["X-Forwarded-For", "10.1.2.3, 127.0.0.1"] in seen["headers"]
    assert ["X-Forwarded-Proto", "https"] in seen["headers"]
    assert ["X-Forwarded-Host", "ml.example.org"] in seen["headers"]
    moved = f"Location: {upstream.url}/team/ml/x"
    upstream.on("/team/ml/moved", lambda request: request.answer(status="301 Moved Permanently", headers=(moved,)))
    assert checkpoint.call("/moved").header("Location") == ["/x"]


def test_upstream_that_refuses_checkpoint_itself_is_explained(start: Start, upstream: EchoUpstream) -> None:
    checkpoint = start(**upstream.settings)
    invalid_host = b"Invalid Host header - possible DNS rebinding attack detected"
    answers = {
        "/api/host": (invalid_host, "403 Forbidden", "--allowed-hosts"),
        "/api/login": (b"", "401 Unauthorized", "CHECKPOINT_REGISTRY_USERNAME"),
    }
    for path, (body, status, explanation) in answers.items():
        upstream.on(path, _answering(body, status))
        answer = checkpoint.call(path)
        assert (answer.status, answer.json()["error_code"]) == (502, "BAD_GATEWAY")
        assert explanation in answer.json()["message"]
        assert not answer.header("WWW-Authenticate")
    upstream.on("/api/other", _answering(b"no", "403 Forbidden"))
    other = checkpoint.call("/api/other")
    assert (other.status, other.body) == (403, b"no")


def test_upstream_that_is_down_is_told_to_programs_and_to_people(start: Start) -> None:
    checkpoint = start(CHECKPOINT_REGISTRY_URL="http://127.0.0.1:9")
    program = checkpoint.call(ECHO)
    assert (program.status, program.json()["error_code"]) == (502, "BAD_GATEWAY")
    person = checkpoint.call("/", headers={"Accept": "text/html"})
    assert person.status == 502
    assert person.header("Content-Type")[0].startswith("text/html")
    assert person.body.count(b"MLflow cannot be reached") == 1
    assert b"Reload this page to ask MLflow again." in person.body
    assert b'href="/checkpoint/"' in person.body


def test_answer_that_is_not_http_is_a_bad_gateway(start: Start) -> None:
    with raw_upstream([b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad\x00Header: 1\r\n\r\n"]) as port:
        checkpoint = start(CHECKPOINT_REGISTRY_URL=f"http://127.0.0.1:{port}")
        assert checkpoint.call(ECHO).status == 502
        assert checkpoint.call(ECHO).status == 502


def test_one_caller_may_not_take_every_thread(start: Start, upstream: EchoUpstream) -> None:
    checkpoint = start(**upstream.settings, CHECKPOINT_STREAMS_PER_CALLER="2")
    release = threading.Event()

    def hold(request: Received) -> None:
        release.wait(LONG)
        request.answer(b"{}")

    path = upstream.on("/api/held", hold)
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(checkpoint.call(path).status)) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: sum(request.target == path for request in upstream.requests) == 2)
    refused = checkpoint.call(path)
    assert (refused.status, refused.header("Retry-After")) == (429, ["1"])
    cookie = {"Cookie": f"checkpoint_session={checkpoint.session}"}
    assert checkpoint.call(ECHO, headers=cookie, as_ada=False).status == 200, "another caller is not held up"
    release.set()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]
    assert checkpoint.call(ECHO).status == 200


@pytest.mark.parametrize(
    ("extent", "may_read", "may_write"), [("off", False, False), ("read", True, False), ("write", True, True)]
)
def test_anonymous_callers_get_as_far_as_the_setting_says(
    start: Start, upstream: EchoUpstream, extent: str, may_read: bool, may_write: bool
) -> None:
    checkpoint = start(**upstream.settings, CHECKPOINT_ANONYMOUS=extent)
    assert checkpoint.call(ECHO, as_ada=False).status == (200 if may_read else 401)
    write = "/api/2.0/mlflow/runs/create"
    assert checkpoint.call(write, "POST", body=b"{}", as_ada=False).status == (200 if may_write else 401)
    foreign = {"Origin": "https://evil.example"}
    assert checkpoint.call(write, "POST", foreign, b"{}", as_ada=False).status == (403 if may_write else 401)
    for path, message, answered in [
        ("registered-models/create", b'{"name":"m"}', 200),
        ("model-versions/create", b'{"name":"m","source":"runs:/abc/model","run_id":"abc"}', 200),
        ("model-versions/set-tag", b'{"name":"m","version":"1","key":"team","value":"x"}', 200),
        ("model-versions/set-tag", b'{"name":"m","version":"1","key":"checkpoint.approved_by","value":"x"}', 403),
        ("registered-models/move", b"{}", 401),
    ]:
        answer = checkpoint.call(f"/api/2.0/mlflow/{path}", "POST", body=message, as_ada=False)
        assert answer.status == (answered if may_write else 401), path
    assert not upstream.got("/api/2.0/mlflow/registered-models/move")


def test_access_log_has_one_line_without_query_and_secrets(start: Start, upstream: EchoUpstream) -> None:
    checkpoint = start(**upstream.settings)
    answer = checkpoint.call(f"{ECHO}?token=hidden")
    checkpoint.call("/nowhere%0aelse")
    lines = [line for line in checkpoint.log.read_text().splitlines() if "checkpoint.access" in line]
    assert len(lines) == 2
    assert f"method=GET path={ECHO} status=200 bytes={len(answer.body)} " in lines[0]
    assert "caller=token:" in lines[0]
    assert "path=/nowhere%0" in lines[1]
    assert "status=400" in lines[1]
    assert "hidden" not in checkpoint.log.read_text()
    assert checkpoint.token not in checkpoint.log.read_text()


def _answering(body: bytes, status: str) -> Callable[[Received], None]:
    return lambda request: request.answer(body, status=status, headers=("Content-Type: text/plain",))


@contextmanager
def raw_upstream(answers: list[bytes]) -> Iterator[int]:
    """Answers each connection with the next of some bytes, whatever it was asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                sock, _ = listener.accept()
                with sock:
                    sock.recv(65536)
                    sock.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
