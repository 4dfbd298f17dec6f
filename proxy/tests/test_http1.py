"""How an answer is read: framing, ends, and everything that is not HTTP. Over a socket pair, no server."""

import contextlib
import socket
import threading
from collections.abc import Callable

import pytest

from proxy.exceptions import UpstreamBroken
from proxy.transfer.http1 import Answer, Connection
from testing.waiting import LONG

Parse = Callable[..., Answer]


@pytest.fixture
def parse() -> Parse:
    """Gives a function that reads an answer from some bytes, after which upstream hangs up or stays."""
    kept = []

    def run(data: bytes, *, method: str = "GET", stays: bool = False) -> Answer:
        ours, theirs = socket.socketpair()
        ours.settimeout(LONG)
        kept.extend([ours, theirs])
        threading.Thread(target=send, args=(theirs, data, stays), daemon=True).start()
        released: list[Connection] = []
        answer = Answer(Connection(ours), method, released.append)
        kept.append(released)
        return answer

    run.released = lambda: kept[-1]  # type: ignore[attr-defined]
    yield run
    for found in kept:
        if isinstance(found, socket.socket):
            found.close()


def send(sock: socket.socket, data: bytes, stays: bool) -> None:
    with contextlib.suppress(OSError):  # the reader gave up
        sock.sendall(data)
    if not stays:
        sock.close()


def whole(answer: Answer) -> bytes:
    return b"".join(iter(answer.read, b""))


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"Content-Length: 5\r\n\r\nhello", b"hello"),
        (b"Content-Length: 5, 5\r\n\r\nhello", b"hello"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: 1\r\n\r\n", b"hello"),
        (b"Content-Length: 0\r\n\r\n", b""),
    ],
)
def test_body_is_read_to_its_end_and_the_connection_kept(parse: Parse, data: bytes, body: bytes) -> None:
    assert whole(parse(b"HTTP/1.1 200 OK\r\n" + data, stays=True)) == body
    assert len(parse.released()) == 1  # type: ignore[attr-defined]


def test_body_without_a_length_ends_with_the_connection(parse: Parse) -> None:
    answer = parse(b"HTTP/1.1 200 OK\r\n\r\nhello")
    assert answer.length is None
    assert whole(answer) == b"hello"
    assert not parse.released()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "end", [b"Connection: close\r\nContent-Length: 2\r\n\r\nok", b"Content-Length: 2\r\n\r\nok+more"]
)
def test_connection_that_cannot_be_trusted_is_not_kept(parse: Parse, end: bytes) -> None:
    assert whole(parse(b"HTTP/1.1 200 OK\r\n" + end, stays=True)) == b"ok"
    assert not parse.released()  # type: ignore[attr-defined]


def test_interim_answers_are_skipped(parse: Parse) -> None:
    data = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
    data += b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
    answer = parse(data)
    assert (answer.status, answer.reason, answer.headers) == (201, "Created", [("Content-Length", "0")])


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_answers_without_a_body_end_at_once(parse: Parse, method: str, status: int) -> None:
    data = b"HTTP/1.1 %d X\r\nContent-Length: 7\r\n\r\n" % status
    answer = parse(data, method=method, stays=True)
    assert whole(answer) == b""
    assert answer.headers == [("Content-Length", "7")]


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 6\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello, world\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_body_cut_short_never_ends_as_if_it_were_whole(parse: Parse, data: bytes) -> None:
    answer = parse(b"HTTP/1.1 200 OK\r\n" + data)
    with pytest.raises(UpstreamBroken):
        whole(answer)
    assert answer.is_finished
    assert not parse.released()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nSet-Cookie: c\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 300_000 + b"\r\n\r\n",
    ],
)
def test_answer_with_two_readings_is_refused(parse: Parse, head: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        parse(head)


def test_silence_before_an_answer_is_told_from_a_broken_one(parse: Parse) -> None:
    with pytest.raises(UpstreamBroken) as silent:
        parse(b"")
    assert silent.value.unanswered
    with pytest.raises(UpstreamBroken) as broken:
        parse(b"HTTP/1.1 200")
    assert not broken.value.unanswered
