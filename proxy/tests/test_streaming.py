"""Long bodies and bodies that break, in both directions."""

import hashlib
import os
import socket
import threading
import time

import pytest

from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import head, read
from testing.waiting import LONG, Pace, wait_until

pytestmark = pytest.mark.sockets

MEGABYTE = 1024 * 1024
UPLOAD = "/api/2.0/mlflow-artifacts/artifacts/1/big.bin"


def connect(checkpoint: Checkpoint, method: str, target: str, *headers: tuple[str, str]) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", checkpoint.port))
    always = [("Host", f"localhost:{checkpoint.port}"), ("Authorization", f"Bearer {checkpoint.token}")]
    sock.sendall(head(method, target, [*always, *headers]))
    return sock


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_upload_of_64_mb_arrives_whole_without_being_held(
    checkpoint: Checkpoint, upstream: EchoUpstream, framing: str
) -> None:
    piece = os.urandom(MEGABYTE)
    digest = hashlib.sha256()
    checkpoint.call(UPLOAD, "PUT", body=b"x")  # the first one looks up what is sealed, with MLflow's client
    memory = peak = checkpoint.memory()
    framed = ("Content-Length", str(64 * MEGABYTE)) if framing == "length" else ("Transfer-Encoding", "chunked")
    with connect(checkpoint, "PUT", UPLOAD, framed) as sock:
        for _ in range(64):
            digest.update(piece)
            sock.sendall(piece if framing == "length" else b"%x\r\n%b\r\n" % (len(piece), piece))
            peak = max(peak, checkpoint.memory())
        if framing == "chunked":
            sock.sendall(b"0\r\n\r\n")
        seen = read(sock, "PUT").json()
    assert seen["length"] == 64 * MEGABYTE
    assert seen["sha256"] == digest.hexdigest()
    assert [framed[0], framed[1]] in seen["headers"]
    assert peak - memory < 100 * MEGABYTE


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_download_of_64_mb_arrives_whole_without_being_held(
    checkpoint: Checkpoint, upstream: EchoUpstream, framing: str
) -> None:
    piece = os.urandom(MEGABYTE)

    def answer(request: Received) -> None:
        if framing == "length":
            request.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 * MEGABYTE))
        else:
            request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(64):
            request.send(piece if framing == "length" else b"%x\r\n%b\r\n" % (len(piece), piece))
        if framing == "chunked":
            request.send(b"0\r\n\r\n")

    memory = checkpoint.memory()
    answer_seen = checkpoint.call(upstream.on("/big", answer))
    assert answer_seen.is_whole
    assert hashlib.sha256(answer_seen.body).digest() == hashlib.sha256(piece * 64).digest()
    assert checkpoint.memory() - memory < 100 * MEGABYTE


@pytest.mark.alone
def test_events_arrive_within_50_ms(checkpoint: Checkpoint, upstream: EchoUpstream, pace: Pace) -> None:
    sent: list[float] = []

    def answer(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(8):
            time.sleep(0.2 if number != 4 else 0.8)  # once longer than the proxy looks for the client
            sent.append(time.monotonic())
            event = b"data: %d\n\n" % number
            request.send(b"%x\r\n%b\r\n" % (len(event), event))
        request.send(b"0\r\n\r\n")

    with connect(checkpoint, "GET", upstream.on("/events", answer)) as sock:
        arrived: dict[int, float] = {}
        seen = b""
        while len(arrived) < 8:
            seen += sock.recv(65536)
            for number in range(8):
                if b"data: %d\n\n" % number in seen:
                    arrived.setdefault(number, time.monotonic())
    assert max(arrived[number] - sent[number] for number in range(8)) < pace.allows(0.05)


@pytest.mark.parametrize("framing", ["length", "chunked", "chunked among others"])
def test_answer_cut_by_upstream_is_not_taken_for_whole(
    checkpoint: Checkpoint, upstream: EchoUpstream, framing: str
) -> None:
    release = threading.Event()

    def answer(request: Received) -> None:
        if framing == "length":
            request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 500_000)
        else:
            request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7a120\r\n" + b"x" * 500_000 + b"\r\n")
        time.sleep(0.2)
        request.hang_up()

    def hold(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not release.wait(0.05):
            request.send(b"5\r\nother\r\n")
        request.send(b"0\r\n\r\n")

    others = []
    if framing == "chunked among others":
        others = [connect(checkpoint, "GET", upstream.on("/hold", hold)) for _ in range(5)]
    with connect(checkpoint, "GET", upstream.on(f"/cut-{framing.replace(' ', '-')}", answer)) as sock:
        cut = read(sock, "GET")
    release.set()
    assert cut.status == 200
    assert not cut.is_whole
    for other in others:
        with other:
            assert read(other, "GET").is_whole


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_upload_broken_off_is_not_taken_for_whole(checkpoint: Checkpoint, upstream: EchoUpstream, framing: str) -> None:
    target = f"/api/2.0/mlflow-artifacts/artifacts/broken-{framing}"
    framed = ("Content-Length", "1000000") if framing == "length" else ("Transfer-Encoding", "chunked")
    with connect(checkpoint, "PUT", target, framed) as sock:
        sock.sendall(b"x" * 500_000 if framing == "length" else b"7a120\r\n" + b"x" * 500_000 + b"\r\n")
        wait_until(lambda: upstream.got(target))
    wait_until(lambda: upstream.last(target).is_over)
    assert not upstream.last(target).is_whole


@pytest.mark.alone
def test_client_that_leaves_frees_the_connection_to_upstream_within_a_second(
    checkpoint: Checkpoint, upstream: EchoUpstream, pace: Pace
) -> None:
    ended: list[float] = []

    def answer(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        request.send(b"8\r\ndata: 1\n\r\n")
        assert request.sock.recv(1) == b""
        ended.append(time.monotonic())

    with connect(checkpoint, "GET", upstream.on("/endless", answer)) as sock:
        while b"data: 1" not in sock.recv(65536):
            pass
    left = time.monotonic()
    wait_until(lambda: bool(ended))
    assert ended[0] - left < pace.allows(1.2)


@pytest.mark.alone
def test_client_that_leaves_before_the_answer_frees_thread_and_connection_within_a_second(
    checkpoint: Checkpoint, upstream: EchoUpstream, pace: Pace
) -> None:
    ended: list[float] = []

    def think(request: Received) -> None:
        assert request.sock.recv(1) == b""
        ended.append(time.monotonic())

    path = upstream.on("/api/2.0/mlflow/thinking", think)
    with connect(checkpoint, "POST", path, ("Content-Length", "2")) as sock:
        sock.sendall(b"{}")
        wait_until(lambda: upstream.got(path))
        time.sleep(0.2)
    left = time.monotonic()
    wait_until(lambda: bool(ended))
    assert ended[0] - left < pace.allows(1)
    wait_until(lambda: f"path={path} status=499" in checkpoint.log.read_text())
    assert time.monotonic() - left < pace.allows(1)


def test_a_request_sent_ahead_is_not_taken_for_leaving(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    def think(request: Received) -> None:
        time.sleep(0.5)
        request.answer(b"thought")

    with connect(checkpoint, "GET", upstream.on("/thinking", think)) as sock:
        sock.sendall(head("GET", "/ahead", [("Host", f"localhost:{checkpoint.port}")]))
        assert read(sock, "GET").body == b"thought"


def test_upstream_may_refuse_an_upload_before_it_has_come(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    def refuse(request: Received) -> None:
        request.answer(b"{}", status="507 Insufficient Storage", headers=("Connection: close",))
        time.sleep(0.5)

    path = upstream.on("/full", refuse, before_body=True)
    with connect(checkpoint, "PUT", path, ("Content-Length", str(8 * MEGABYTE))) as sock:
        sender = threading.Thread(target=lambda: _send_quietly(sock, b"x" * 8 * MEGABYTE))
        sender.start()
        assert read(sock, "PUT").status == 507
        upstream_has_answered = time.monotonic()
        sender.join(timeout=LONG)
        assert not sender.is_alive(), f"still sending after {time.monotonic() - upstream_has_answered:.0f} s"


def test_silent_upstream_is_a_gateway_timeout(upstream: EchoUpstream, people, tmp_path) -> None:
    asked = threading.Event()
    path = upstream.on("/api/2.0/mlflow/silent", lambda request: asked.wait(LONG))
    settings = {"CHECKPOINT_REGISTRY_URL": upstream.url, "CHECKPOINT_READ_TIMEOUT": "1"}
    for checkpoint in run_checkpoint("gunicorn", people, tmp_path / "server.log", **settings):
        answer = checkpoint.call(path)
    asked.set()
    assert (answer.status, answer.json()["error_code"]) == (504, "GATEWAY_TIMEOUT")


def test_upstream_that_hangs_up_is_a_bad_gateway_and_a_post_is_sent_once(
    checkpoint: Checkpoint, upstream: EchoUpstream
) -> None:
    path = upstream.on("/api/2.0/mlflow/hangs-up", lambda request: request.hang_up())
    before = len(upstream.passed_on)
    answer = checkpoint.call(path, "POST", body=b"{}")
    assert (answer.status, answer.json()["error_code"]) == (502, "BAD_GATEWAY")
    assert len(upstream.passed_on) == before + 1


def test_read_on_a_connection_that_upstream_dropped_is_sent_again(
    checkpoint: Checkpoint, upstream: EchoUpstream
) -> None:
    tries: list[int] = []

    def drop_first(request: Received) -> None:
        tries.append(1)
        if len(tries) == 1:
            request.hang_up()
        else:
            request.answer(b"{}")

    checkpoint.call("/warm")
    assert checkpoint.call(upstream.on("/dropped", drop_first)).status == 200


def _send_quietly(sock: socket.socket, data: bytes) -> None:
    try:
        sock.sendall(data)
    except OSError:
        return
