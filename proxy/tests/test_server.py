"""The production server's own part: how it reads heads, asks for bodies, keeps connections and says what is wrong."""

import logging
import os
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from django.conf import settings as django_settings
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData

from proxy.server import gunicorn_version, reading
from proxy.server.worker import STAY_SECONDS, Worker
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import head, read
from testing.waiting import LONG, Pace, wait_until

ECHO = "/api/2.0/mlflow/echo"
UPLOAD = "/api/2.0/mlflow-artifacts/artifacts/1/expected.bin"
HEADER_BYTES = 16 * 1024
THREADS = 32
GRACE_SECONDS = 25
"""How long a stop waits for calls that are under way: `graceful_timeout` in `checkpoint_project.gunicorn`."""


@pytest.fixture(scope="module")
def server(people, upstream: EchoUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    settings = {**upstream.settings, "CHECKPOINT_HEADER_BYTES": str(HEADER_BYTES)}
    yield from run_checkpoint("gunicorn", people, tmp_path_factory.mktemp("server") / "server.log", **settings)


def test_the_gunicorn_that_is_installed_with_checkpoint_is_the_tested_one() -> None:
    required = (django_settings.BASE_DIR / "requirements.txt").read_text()
    assert f"gunicorn=={gunicorn_version.TESTED}" in required.splitlines()


def connect(server: Checkpoint) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port))


def request(server: Checkpoint, target: str = ECHO, method: str = "GET", **headers: str) -> bytes:
    sent = [("Host", f"localhost:{server.port}"), ("Authorization", f"Bearer {server.token}")]
    return head(method, target, [*sent, *((name.replace("_", "-"), value) for name, value in headers.items())])


@pytest.mark.sockets
def test_a_refused_upload_is_never_asked_for(server: Checkpoint) -> None:
    with connect(server) as sock:
        anonymous = [("Host", f"localhost:{server.port}"), ("Content-Length", "9"), ("Expect", "100-continue")]
        sock.sendall(head("PUT", UPLOAD, anonymous))
        first = sock.recv(65536)
        assert first.startswith(b"HTTP/1.1 401 ")
        assert b"Connection: close" in first
        assert b"100 Continue" not in first + b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.sockets
def test_an_upload_that_may_pass_is_asked_for_once(server: Checkpoint, upstream: EchoUpstream) -> None:
    with connect(server) as sock:
        sock.sendall(request(server, UPLOAD, "PUT", Content_Length="9", Expect="100-continue"))
        assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(b"artifact!")
        answer = read(sock, "PUT")
    assert (answer.status, answer.json()["length"]) == (200, 9)


@pytest.mark.sockets
def test_the_lines_of_a_request_carry_its_id_and_what_is_no_request_carries_none(server: Checkpoint) -> None:
    with connect(server) as sock:
        sock.sendall(request(server))
        read(sock, "GET")
        sock.sendall(b"no request\r\n\r\n")
        assert b" 400 Bad Request" in sock.recv(65536)
    wait_until(lambda: "No request from" in server.log.read_text(), "the line in the log")
    lines = server.log.read_text().splitlines()
    assert {line.count(" request=") for line in lines if f" path={ECHO} " in line} == {1}
    assert {line.count(" request=") for line in lines if "No request from" in line} == {0}


BAD_ENDS = [
    b"0\r\nnot a trailer\r\n\r\n",
    b"0\r\nHost: evil.example\r\n\r\n",
    b"0\r\nX: a\x00b\r\n\r\n",
    b"0\r\nX: y\r\n folded\r\n\r\n",
    b"zz\r\n\r\n",
    b"0 ;\rx\r\n\r\n",
]
"""Chunked bodies that do not end as RFC 9112 section 7.1 says."""


@pytest.mark.sockets
@pytest.mark.parametrize("ending", BAD_ENDS)
@pytest.mark.parametrize(
    ("target", "method"),
    [
        (UPLOAD, "PUT"),
        ("/api/2.0/mlflow/runs/create", "POST"),
        ("/api/2.0/mlflow/registered-models/create", "POST"),
        ("/checkpoint/api/promote-requests/", "POST"),
        ("/checkpoint/accounts/login/", "POST"),
        ("/checkpoint/healthz", "POST"),
    ],
)
def test_a_chunked_body_that_ends_wrongly_is_the_callers_fault_at_every_door(
    server: Checkpoint, target: str, method: str, ending: bytes
) -> None:
    before = len(server.log.read_text())
    kind = "application/x-www-form-urlencoded" if "accounts" in target else "application/json"
    with connect(server) as sock:
        sock.sendall(request(server, target, method, Transfer_Encoding="chunked", Content_Type=kind))
        sock.sendall(b'd\r\n{"name": "x"}\r\n' + ending)
        status = int(sock.recv(65536).split()[1])
    assert 400 <= status < 500
    assert "Traceback" not in server.log.read_text()[before:]
    assert server.call(ECHO).status == 200


@pytest.mark.sockets
def test_trailers_without_an_end_are_cut_off_at_the_size_of_a_head(server: Checkpoint) -> None:
    with connect(server) as sock:
        sock.sendall(request(server, UPLOAD, "PUT", Transfer_Encoding="chunked"))
        sock.sendall(b"1\r\nx\r\n0\r\n")
        with suppress(ConnectionError):
            for _ in range(64):
                sock.sendall(b"X: " + b"x" * HEADER_BYTES + b"\r\n")
        with suppress(ConnectionError):
            assert b" 400 Bad Request" in sock.recv(65536)


@pytest.mark.sockets
def test_a_head_over_the_limit_is_refused_in_mlflows_error_json(server: Checkpoint) -> None:
    answer = server.call(ECHO, headers={"X-Long": "x" * HEADER_BYTES})
    assert (answer.status, answer.json()["error_code"]) == (431, "REQUEST_LIMIT_EXCEEDED")
    assert "CHECKPOINT_HEADER_BYTES" in answer.json()["message"]
    assert server.call(f"{ECHO}?{'x' * HEADER_BYTES}").status == 431


@pytest.mark.sockets
def test_a_head_below_the_limit_passes_however_it_is_made_up(server: Checkpoint) -> None:
    long = "x" * (HEADER_BYTES - 1024)
    assert server.call(f"{ECHO}?{long}").json()["target"] == f"{ECHO}?{long}"
    assert server.call(ECHO, headers={"X-Long": long}).status == 200
    assert server.call(ECHO, headers=[(f"X-{number}", "y") for number in range(400)]).status == 200


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501),
        (b"PUT / HTTP/1.1\r\nHost: a\r\nExpect: the-unexpected\r\n\r\n", 417),
    ],
)
def test_what_is_no_request_is_told_so_in_mlflows_error_json(server: Checkpoint, raw: bytes, status: int) -> None:
    with connect(server) as sock:
        sock.sendall(raw)
        answer = read(sock, "GET")
        assert sock.recv(1) == b""
    assert (answer.status, answer.json()["error_code"]) == (status, "BAD_REQUEST")


@pytest.mark.sockets
def test_requests_sent_together_are_answered_in_turn(server: Checkpoint) -> None:
    with connect(server) as sock:
        sock.sendall(b"".join(request(server, f"{ECHO}?{number}") for number in range(3)))
        seen = b""
        while seen.count(b'"target"') < 3:
            seen += sock.recv(65536)
    places = [seen.index(f"echo?{number}".encode()) for number in range(3)]
    assert places == sorted(places)


@pytest.mark.alone
@pytest.mark.sockets
def test_connections_without_a_request_keep_no_thread(server: Checkpoint, pace: Pace) -> None:
    with ExitStack() as opened:
        for _ in range(3 * THREADS):
            sock = opened.enter_context(connect(server))
            sock.sendall(request(server))
            assert read(sock, "GET").status == 200
        began = time.monotonic()
        assert server.call(ECHO).status == 200
        assert time.monotonic() - began < pace.allows(3)


@pytest.mark.alone
@pytest.mark.sockets
def test_a_client_that_does_not_close_its_side_holds_nobody_up(server: Checkpoint, pace: Pace) -> None:
    with ExitStack() as opened:
        for _ in range(8):
            sock = opened.enter_context(connect(server))
            sock.sendall(request(server, Connection="close"))
            assert read(sock, "GET").status == 200
        began = time.monotonic()
        assert server.call(ECHO).status == 200
        assert time.monotonic() - began < pace.allows(1)


@pytest.mark.sockets
def test_a_stop_lets_a_running_transfer_end(people, upstream: EchoUpstream, tmp_path) -> None:
    started, goes_on = threading.Event(), threading.Event()

    def answer(received: Received) -> None:
        received.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        started.set()
        assert goes_on.wait(LONG)
        received.send(b"4\r\nlast\r\n0\r\n\r\n")

    path = upstream.on("/slow-transfer", answer)
    for server in run_checkpoint("serve", people, tmp_path / "log", **upstream.settings):
        with connect(server) as sock:
            sock.sendall(request(server, path))
            assert started.wait(LONG)
            stopping = threading.Thread(target=_stop, args=(server, goes_on))
            stopping.start()
            seen = read(sock, "GET")
            stopping.join()
        assert (seen.body, seen.is_whole) == (b"firstlast", True)


@pytest.mark.sockets
def test_a_stop_does_not_wait_for_connections_without_a_request(people, upstream: EchoUpstream, tmp_path) -> None:
    for server in run_checkpoint("serve", people, tmp_path / "log", **upstream.settings):
        with ExitStack() as opened:
            socks = [opened.enter_context(connect(server)) for _ in range(3)]
            for sock in socks:
                sock.sendall(request(server))
                assert read(sock, "GET").status == 200
            time.sleep(STAY_SECONDS + 0.5)
            socks[0].sendall(request(server))  # its thread stays with it once more
            assert read(socks[0], "GET").status == 200
            os.kill(server.pid, signal.SIGTERM)
            psutil.Process(server.pid).wait(GRACE_SECONDS - 5)
            assert [sock.recv(1) for sock in socks] == [b""] * 3


@pytest.mark.sockets
def test_a_stopping_server_listens_no_more_and_ends_connections_with_their_next_answer(
    people, upstream: EchoUpstream, tmp_path
) -> None:
    for server in run_checkpoint("serve", people, tmp_path / "log", **upstream.settings):
        with connect(server) as uploading, connect(server) as idle, connect(server) as silent:
            idle.sendall(request(server))
            assert read(idle, "GET").header("Connection") in ([], ["keep-alive"])
            time.sleep(STAY_SECONDS + 0.5)
            uploading.sendall(request(server, ECHO, "PUT", Content_Length="5") + b"ab")
            time.sleep(0.3)  # its request is being answered
            os.kill(server.pid, signal.SIGTERM)
            wait_until(partial(_is_closed, server), "nobody listens")
            idle.sendall(request(server))
            answer = read(idle, "GET")
            assert (answer.status, answer.header("Connection")) == (200, ["close"])
            assert silent.recv(1) == b""
            uploading.sendall(b"cde")
            assert read(uploading, "PUT").json()["length"] == 5
        psutil.Process(server.pid).wait(GRACE_SECONDS - 5)


def _is_closed(server: Checkpoint) -> bool:
    try:
        connect(server).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # it is being closed: the next one is refused
    return False


def _stop(server: Checkpoint, goes_on: threading.Event) -> None:
    os.kill(server.pid, signal.SIGTERM)
    time.sleep(0.5)
    goes_on.set()


def test_a_head_that_does_not_come_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch, pace: Pace) -> None:
    monkeypatch.setattr(reading, "HEAD_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        over = threading.Event()

        def dawdle() -> None:
            for octet in b"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
                if over.wait(0.05):
                    return
                theirs.sendall(bytes([octet]))

        sender = threading.Thread(target=dawdle)
        sender.start()
        began = time.monotonic()
        with pytest.raises(NoMoreData):
            next(reading.Parser(Config(), ours, ("127.0.0.1", 1)))
        assert time.monotonic() - began < pace.allows(2)
        over.set()
        sender.join()


def test_a_body_is_read_in_pieces_as_large_as_asked_for() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + b"x" * 50_000 + b"GET")
        parser = reading.Parser(Config(), ours, ("127.0.0.1", 1))
        body = next(parser).body
        assert len(body.read(40_000)) == 40_000
        assert not body.is_read
        assert (body.read(20_000), body.read(1)) == (b"x" * 10_000, b"")
        assert body.is_read
        assert parser.has_more


def test_an_answer_that_fails_in_the_middle_is_cut_and_gets_no_second_head(caplog: pytest.LogCaptureFixture) -> None:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        raise ValueError("of the application's own")

    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with ours:
            worker = Worker.__new__(Worker)
            worker.cfg, worker.log, worker.wsgi = Config(), logging.getLogger("gunicorn.error"), application
            worker.alive, worker.keepalived_conns, worker.max_keepalived = True, deque(), 1
            address = ("127.0.0.1", 1)
            incoming = next(reading.Parser(Config(), ours, address))
            assert not worker.handle_request(incoming, SimpleNamespace(sock=ours, client=address, server=address))
        seen = b"".join(iter(lambda: theirs.recv(65536), b""))
    assert seen.count(b"HTTP/1.1 ") == 1
    assert seen.endswith(b"5\r\nfirst\r\n")
    assert "of the application's own" in caplog.text
