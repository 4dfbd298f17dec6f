"""Clients that take their time, and clients that leave: nobody else waits for them."""

import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from proxy import destination
from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import head, read
from testing.waiting import LONG, Pace, wait_until

pytestmark = pytest.mark.sockets

ECHO = "/api/2.0/mlflow/echo"
CLIENTS = 200

_GRACE = """
import os
from pathlib import Path
from django.contrib.auth import get_user_model
from testing.people import issue_token
grace = get_user_model().objects.create_user("grace", "grace@example.org", "correct horse battery")
for number in range(2):
    token = issue_token(grace, name=f"sockets {number}")[1]
    Path(os.environ["CHECKPOINT_STATE_DIR"], f"token-{number}").write_text(token)
"""


@pytest.fixture(scope="module")
def production(
    upstream: EchoUpstream, people, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Checkpoint, list[str]]]:
    """Gives `manage.py serve` as it comes, with one process, and tokens of somebody else."""
    folder = tmp_path_factory.mktemp("slow")
    own = branch(people, folder / "state", _GRACE)
    others = [(folder / "state" / f"token-{number}").read_text() for number in range(2)]
    for checkpoint in run_checkpoint("serve", own, folder / "server.log", **upstream.settings):
        yield checkpoint, others


@contextmanager
def slowly(sockets: list[socket.socket], act: Callable[[socket.socket], object]) -> Iterator[None]:
    """Does something on each socket once a second until the end of the block."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(1):
            for sock in sockets:
                act(sock)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def latencies(checkpoint: Checkpoint, count: int) -> list[float]:
    """Returns how many seconds each of so many ordinary calls took."""
    found = []
    for _ in range(count):
        began = time.monotonic()
        assert checkpoint.call(ECHO, timeout=LONG).status == 200
        found.append(time.monotonic() - began)
    return found


def threads(checkpoint: Checkpoint) -> int:
    """Returns how many threads the server's processes have."""
    process = psutil.Process(checkpoint.pid)
    return sum(found.num_threads() for found in [process, *process.children(recursive=True)])


def begin(checkpoint: Checkpoint, token: str, kind: str, path: str) -> socket.socket:
    """Begins a call that will not end soon."""
    sock = socket.create_connection(("127.0.0.1", checkpoint.port))
    headers = [("Host", f"localhost:{checkpoint.port}"), ("Authorization", f"Bearer {token}")]
    if kind == "upload":
        sock.sendall(head("PUT", path, [*headers, ("Content-Length", "1000")]) + b"x")
    elif kind == "download":
        sock.sendall(head("GET", path, headers))
    else:
        sock.sendall(head("GET", path, headers)[:-4])
    return sock


@pytest.mark.alone
@pytest.mark.parametrize("kind", ["upload", "download", "header"])
def test_200_slow_clients_do_not_hold_up_others(
    production: tuple[Checkpoint, list[str]], upstream: EchoUpstream, kind: str, pace: Pace
) -> None:
    checkpoint, others = production
    body = b"x" * (4 * 1024 * 1024)
    paths = [f"/api/2.0/mlflow/slow/{kind}/{number}" for number in range(CLIENTS)]
    if kind == "download":
        for path in paths:
            upstream.on(path, lambda request: request.answer(body))
    latencies(checkpoint, 5)
    memory = checkpoint.memory()
    with ExitStack() as stack:
        sockets = [stack.enter_context(begin(checkpoint, others[at % 2], kind, path)) for at, path in enumerate(paths)]
        with slowly(sockets, lambda sock: sock.recv(1) if kind == "download" else sock.send(b"x")):
            if kind != "header":  # the server waits for the rest of it, and gives it no thread
                wait_until(lambda: threads(checkpoint) > CLIENTS)
            time.sleep(1)
            during = latencies(checkpoint, 30)
            growth = checkpoint.memory() - memory
    assert statistics.median(during) < pace.allows(0.25)
    assert max(during) < pace.allows(1)
    assert growth < 256 * 1024 * 1024


@pytest.mark.alone
def test_threads_of_clients_that_left_are_free_again(
    checkpoint: Checkpoint, upstream: EchoUpstream, pace: Pace
) -> None:
    """The servers of this fixture have 32 threads."""

    def stream(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        request.send(b"8\r\ndata: 1\n\r\n")
        request.sock.recv(1)  # returns when the proxy hangs up

    path = upstream.on("/api/left", stream)
    for _ in range(3):
        with ExitStack() as stack:
            for _ in range(30):
                sock = stack.enter_context(begin(checkpoint, checkpoint.token, "download", path))
                while b"data: 1" not in sock.recv(65536):
                    pass
    began = time.monotonic()
    wait_until(lambda: checkpoint.call(ECHO).status == 200)
    assert time.monotonic() - began < pace.allows(1.5)


def test_refused_upload_with_expect_need_not_be_sent(checkpoint: Checkpoint) -> None:
    headers = [("Host", f"localhost:{checkpoint.port}"), ("Content-Length", "1000000"), ("Expect", "100-continue")]
    with socket.create_connection(("127.0.0.1", checkpoint.port)) as sock:
        sock.sendall(head("PUT", "/api/2.0/mlflow-artifacts/artifacts/x", headers))
        assert read(sock, "PUT").status == 401


def test_header_beyond_the_limit_gets_an_answer_and_goes_nowhere(
    checkpoint: Checkpoint, upstream: EchoUpstream
) -> None:
    before = len(upstream.passed_on)
    answer = checkpoint.call(ECHO, headers={"X-Long": "x" * 600_000})
    assert answer.status in {400, 431}
    assert len(upstream.passed_on) == before


def test_upstream_that_takes_no_connection_is_a_gateway_timeout(people, tmp_path: Path) -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = listener.getsockname()
        for _ in range(3):  # fill the queue of connections, of which nobody takes one out
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(address)
        settings = {"CHECKPOINT_REGISTRY_URL": f"http://127.0.0.1:{address[1]}", "CHECKPOINT_CONNECT_TIMEOUT": "1"}
        for checkpoint in run_checkpoint("gunicorn", people, tmp_path / "server.log", **settings):
            # Long enough for any machine, and half of what the kernel would try for without a limit of ours.
            answer = checkpoint.call(ECHO)
            assert (answer.status, answer.json()["error_code"]) == (504, "GATEWAY_TIMEOUT")
            assert answer.json()["message"] == "MLflow did not accept a connection in time."


def test_calls_wait_for_mlflow_as_long_as_the_settings_say(settings) -> None:
    settings.CHECKPOINT_CONNECT_TIMEOUT, settings.CHECKPOINT_READ_TIMEOUT = 1.5, 2.5
    to = destination.mlflow()
    assert (to.connect_seconds, to.read_seconds) == (1.5, 2.5)
