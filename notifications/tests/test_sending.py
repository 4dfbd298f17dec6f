"""One call to a receiver, on real sockets: what it may answer, and how long it may take."""

import socket
import threading
import time
from contextlib import suppress
from datetime import timedelta

import pytest

from demo.processes import free_port
from foundation.texts import is_storable
from notifications.tests.receivers import receiving
from notifications.webhooks import line, sending
from testing.waiting import LONG

pytestmark = pytest.mark.sockets


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 0.7)


def post(url, body=b"{}", *, private_allowed=True, **headers):
    with sending.Sender(url, private_allowed=private_allowed) as sender:
        return sender.post(headers, body)


def test_a_body_arrives_as_it_is_and_2xx_is_a_success():
    with receiving(status=201, headers={"X-Seen": "yes"}) as receiver:
        answer = post(f"{receiver.url}?a=b", b'{"x": 1}', **{"X-One": "1"})
    ((path, headers, body),) = receiver.got
    assert (path, body, headers["X-One"]) == ("/hook?a=b", b'{"x": 1}', "1")
    assert headers["Host"] == receiver.url.split("/")[2]
    assert (answer.status, answer.error, answer.headers["X-Seen"]) == (201, "", "yes")


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
def test_anything_else_is_a_failure_that_says_what_was_answered(status):
    with receiving(status=status) as receiver:
        answer = post(receiver.url)
    assert (answer.status, answer.error) == (status, f"It answered {status}.")


def test_a_redirect_is_not_followed():
    with receiving() as elsewhere, receiving(status=307, headers={"Location": elsewhere.url}) as receiver:
        answer = post(receiver.url)
        assert not elsewhere.got
    assert (answer.status, answer.headers["Location"]) == (307, elsewhere.url)
    assert "not followed" in answer.error


def test_a_private_address_is_called_only_where_that_is_allowed():
    with receiving() as receiver:
        answer = post(receiver.url, private_allowed=False)
        assert answer.error.startswith("127.0.0.1 is not a public address")
        assert not receiver.got
        for name in ("localhost", "127.1", "2130706433", "0x7f000001"):
            answer = post(receiver.url.replace("127.0.0.1", name), private_allowed=False)
            assert "not a public address" in answer.error, name
        assert not receiver.got


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/meta-data", "http://[::1]:80/", "http://[::ffff:7f00:1]/"]
)
def test_addresses_of_the_machine_and_its_cloud_are_refused(url):
    assert "not a public address" in post(url, private_allowed=False).error


def test_the_address_that_was_judged_is_the_one_that_is_called(monkeypatch):
    """The name leads elsewhere when it is asked a second time."""
    answers = iter([["127.0.0.1"]])
    real = socket.getaddrinfo

    def look_up(host, port, *args, **options):
        (address,) = next(answers)
        return real(address, port, *args, **options)

    with receiving() as receiver:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        answer = post(receiver.url.replace("127.0.0.1", "moves.example"))
        assert answer.error == ""
    assert receiver.got[0][1]["Host"].startswith("moves.example:")


def test_whoever_hangs_is_left_after_a_while(short):
    given_up = threading.Event()
    with receiving(answer=lambda handler: given_up.wait(LONG)) as receiver:
        answer = post(receiver.url)
        given_up.set()
    assert answer.error == "No whole answer within 0.7 seconds."


def test_whoever_drips_is_left_after_a_while(short):
    given_up = threading.Event()

    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while not given_up.wait(0.1):
                handler.wfile.write(b"x")

    with receiving(answer=drip) as receiver:
        answer = post(receiver.url)
        given_up.set()
    assert answer.error == "No whole answer within 0.7 seconds."


def test_whoever_drips_headers_is_left_after_a_while(short):
    def drip(handler):
        with suppress(OSError):
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 40:
                handler.wfile.write(bytes([byte]))
                time.sleep(0.1)

    with receiving(answer=drip) as receiver:
        assert post(receiver.url).error == "No whole answer within 0.7 seconds."


def test_of_a_long_answer_the_beginning_is_kept():
    def long(handler):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b"x" * 65_536)

    with receiving(answer=long) as receiver:
        answer = post(receiver.url)
    assert len(answer.body) == line.MOST_BYTES
    assert answer.error == ""


@pytest.mark.parametrize(
    "said",
    [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)
def test_what_is_no_http_is_a_failure(said):
    with receiving(answer=lambda handler: handler.wfile.write(said)) as receiver:
        answer = post(receiver.url)
    assert answer.error.startswith("No answer: ")


@pytest.mark.parametrize(
    "said", [b"\x15\x03\x03\x00\x02\x02F", b"HTTP/1.1 500 No\r\nX-One: a\x00b\r\nX-\x00: c\r\n\r\n\x00"]
)
def test_what_a_receiver_says_can_be_stored(said):
    """What cannot be stored would be sent again for ever: no outcome of it could be written."""
    with receiving(answer=lambda handler: handler.wfile.write(said)) as receiver:
        answer = post(receiver.url)
    assert answer.error
    assert is_storable("".join([answer.error, answer.body, *answer.headers, *answer.headers.values()]))


def test_mlflow_is_not_called_where_only_public_addresses_may_be(monkeypatch):
    """MLflow may have a public address, and let Checkpoint's alone in."""
    with receiving() as receiver:
        port = int(receiver.url.split(":")[2].partition("/")[0])
        public = [(socket.AF_INET, ("127.0.0.1", port))]
        monkeypatch.setattr(sending, "resolve", lambda parts, private_allowed: public)
        with sending.Sender(receiver.url, private_allowed=False, never=receiver.url) as sender:
            answer = sender.post({}, b"{}")
        assert not receiver.got
    assert answer.error == "It leads to MLflow itself, past what Checkpoint guards."


def test_nobody_there_and_no_tls_there_are_failures():
    assert "refused" in post(f"http://127.0.0.1:{free_port()}/").error
    with receiving() as receiver:
        answer = post(receiver.url.replace("http:", "https:"))
    assert answer.error.startswith("No secure connection: ")


def test_how_long_the_receiver_wants_to_be_left_alone_is_told():
    with receiving(status=503, headers={"Retry-After": "120"}) as receiver:
        assert post(receiver.url).asked_for == timedelta(minutes=2)
        receiver.headers = {"Retry-After": "999999999"}
        assert post(receiver.url).asked_for == timedelta(days=1)
        receiver.headers = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
        assert post(receiver.url).asked_for is None
