"""Calls to one receiver share a connection, as long as that cannot mix up their answers."""

import socket
import threading
import time

import pytest

from notifications.tests.receivers import receiving
from notifications.webhooks import sending

pytestmark = pytest.mark.sockets

EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


class Scripted:
    """A receiver that says to each call what it was told to, and knows on how many connections they came."""

    def __init__(self, *scripts):
        self.scripts, self.calls, self.connections = list(scripts), [], 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while self.scripts:
            connection, _ = self.listening.accept()
            self.connections += 1
            with connection:
                self.answer(connection, self.scripts.pop(0))

    def answer(self, connection, script):
        for said in script:
            call = b""
            while not call.endswith(b"{}"):
                if not (part := connection.recv(65_536)):
                    return
                call += part
            self.calls.append(call)
            if said is None:
                return  # hangs up without a word
            connection.sendall(said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listening.close()


def answers(receiver, count):
    with sending.Sender(receiver.url, private_allowed=True) as sender:
        return [sender.post({}, b"{}") for _ in range(count)]


def test_calls_to_a_receiver_that_keeps_the_connection_share_it():
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    parts = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with Scripted([EMPTY, whole, parts, EMPTY]) as receiver:
        said = answers(receiver, 4)
    assert [(each.status, each.body, each.error) for each in said] == [
        (204, "", ""),
        (200, "ok", ""),
        (200, "ok", ""),
        (204, "", ""),
    ]
    assert receiver.connections == 1


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000,
    ],
    ids=["it says so", "the old protocol", "more than is read"],
)
def test_where_it_cannot_be_kept_each_call_has_its_own(said):
    with Scripted([said], [said]) as receiver:
        assert [each.error for each in answers(receiver, 2)] == ["", ""]
    assert receiver.connections == 2


def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one():
    """Threat: what a receiver, or who stands before it, sends too much would say of a later delivery that it came."""
    with Scripted([EMPTY + EMPTY, EMPTY], [b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"]) as receiver:
        first, second = answers(receiver, 2)
    assert (first.status, second.status) == (204, 500)
    assert (receiver.connections, len(receiver.calls)) == (2, 2)


def test_a_connection_that_the_receiver_has_ended_meanwhile_is_no_failure():
    with Scripted([EMPTY], [EMPTY]) as receiver, sending.Sender(receiver.url, private_allowed=True) as sender:
        first = sender.post({}, b"{}")
        time.sleep(0.1)
        second = sender.post({}, b"{}")
    assert [first.error, second.error] == ["", ""]
    assert receiver.connections == 2


def test_one_that_it_ends_at_that_very_moment_is_none_either_but_a_new_one_that_it_ends_is():
    with Scripted([EMPTY, None], [EMPTY]) as receiver:
        assert [each.error for each in answers(receiver, 2)] == ["", ""]
    assert receiver.connections == 2
    with Scripted([None]) as receiver:
        (refused,) = answers(receiver, 1)
    assert refused.error.startswith("No answer: ")
    assert receiver.connections == 1


def test_what_ends_in_the_middle_of_an_answer_is_a_failure_and_not_sent_again():
    with Scripted([EMPTY, b"HTTP/1.1 2"]) as receiver:
        first, second = answers(receiver, 2)
    assert first.error == ""
    assert second.error
    assert len(receiver.calls) == 2


def test_a_name_that_leads_elsewhere_later_is_judged_again_with_the_next_connection(monkeypatch):
    real, asked = socket.getaddrinfo, []

    def look_up(host, port, *args, **options):
        asked.append(host)
        return real("127.0.0.1", port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with receiving() as receiver:  # which keeps no connection
        named = receiver.url.replace("127.0.0.1", "moves.example")
        with sending.Sender(named, private_allowed=True) as sender:
            assert sender.post({}, b"{}").error == ""
            monkeypatch.setattr(sender, "_private_allowed", False)
            assert "not a public address" in sender.post({}, b"{}").error
    assert asked.count("moves.example") == 2


@pytest.mark.parametrize("said", [b"X-Long: " + b"y" * 60_000, b"\r\n".join([b"X: " + b"y" * 2_000] * 60)])
def test_headers_that_are_too_long_are_a_failure(said):
    with Scripted([b"HTTP/1.1 200 OK\r\n" + said + b"\r\nX: " + said + b"\r\n\r\n"]) as receiver:
        (answer,) = answers(receiver, 1)
    assert answer.error.startswith("No answer: its headers are longer")


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    """Threat: it would resolve the name by itself, and call what nobody judged."""
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with sending.Sender(receiver.url, private_allowed=True) as sender:
            assert sender.post({}, b"{}").error == ""
    assert len(receiver.got) == 1
    assert not proxy.got


def test_a_second_try_gets_no_more_time_than_the_first_has_left(monkeypatch):
    """A receiver that ends the connection late would otherwise hold its lane for twice as long as is said."""
    deadlines = []

    def watched(line, message, deadline):
        deadlines.append(deadline)
        return called(line, message, deadline)

    called = sending.Line.call
    monkeypatch.setattr(sending.Line, "call", watched)
    with Scripted([EMPTY, None], [EMPTY]) as receiver:
        assert [each.error for each in answers(receiver, 2)] == ["", ""]
    first, again, anew = deadlines
    assert first < again == anew
