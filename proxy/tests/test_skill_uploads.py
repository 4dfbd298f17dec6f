"""A skill's files on their way to MLflow: read as far as what is said of them, or not at all, and never held."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator

import pytest

from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint
from testing.servers.commands import output_of
from testing.servers.echo_upstream import EchoUpstream
from testing.servers.raw_client import Exchange, head, read
from testing.waiting import wait_until

pytestmark = pytest.mark.sockets

MEGABYTE = 1024 * 1024
PATH = "/api/3.0/mlflow/skills/{}/versions"
TYPE = ("Content-Type", "multipart/form-data; boundary=B")
FIRST = b'--B\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n'
SECOND = b'\r\n--B\r\nContent-Disposition: form-data; name="content"; filename="x.tar.gz"\r\n\r\n'
LAST = b"\r\n--B--\r\n"
_RULES = """
from protection.models import ProtectionRule
rule = ProtectionRule.objects.get(target_pattern="status:*")
rule.model_pattern = "skill:reader"
rule.save()
"""
_MORE_RULES = """
from protection.models import ProtectionRule
ProtectionRule.objects.create(model_pattern="skill:late", target_pattern="status:active")
"""


@pytest.fixture(scope="module")
def ruled(people: People, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Gives people whose rules are about the statuses of one skill alone."""
    return branch(people, tmp_path_factory.mktemp("ruled") / "state", _RULES)


@pytest.fixture(scope="module")
def guarded(ruled: People, upstream: EchoUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("skill-uploads") / "server.log"
    yield from run_checkpoint("gunicorn", ruled, log, **upstream.settings)


def connect(checkpoint: Checkpoint, skill: str, *headers: tuple[str, str]) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", checkpoint.port))
    always = [("Host", f"localhost:{checkpoint.port}"), ("Authorization", f"Bearer {checkpoint.token}")]
    sock.sendall(head("POST", PATH.format(skill), [*always, *headers]))
    return sock


def send(checkpoint: Checkpoint, skill: str, body: bytes, *headers: tuple[str, str]) -> Exchange:
    with connect(checkpoint, skill, *(headers or (TYPE,)), ("Content-Length", str(len(body)))) as sock:
        sock.sendall(body)
        return read(sock, "POST")


def said(status: str) -> bytes:
    return json.dumps({"name": "x", "status": status}).encode()


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("skill", ["reader", "writer"])
def test_64_mb_of_files_arrive_whole_without_being_held(
    guarded: Checkpoint, upstream: EchoUpstream, skill: str, framing: str
) -> None:
    send(guarded, skill, FIRST + said("draft") + SECOND + LAST)
    piece = os.urandom(MEGABYTE)
    memory = peak = guarded.memory()
    pieces = [FIRST + said("draft") + SECOND, *[piece] * 64, LAST]
    length = ("Content-Length", str(sum(map(len, pieces))))
    with connect(guarded, skill, TYPE, length if framing == "length" else ("Transfer-Encoding", "chunked")) as sock:
        for each in pieces:
            sock.sendall(each if framing == "length" else b"%x\r\n%b\r\n" % (len(each), each))
            peak = max(peak, guarded.memory())
        if framing == "chunked":
            sock.sendall(b"0\r\n\r\n")
        seen = read(sock, "POST").json()
    assert peak - memory < 40 * MEGABYTE
    got = upstream.last(PATH.format(skill))
    if skill == "writer":
        assert got.header("Content-Type") == [TYPE[1]]
        expected = pieces
    else:
        (content_type,) = got.header("Content-Type")
        boundary = content_type.partition("boundary=")[2].encode()
        behind = b'\r\nContent-Disposition: form-data; name="content"; filename="content.tar.gz"\r\n'
        begin = FIRST.replace(b"--B", b"--" + boundary) + b'{"name":"x","status":"draft"}\r\n--' + boundary + behind
        begin += b"Content-Type: application/gzip\r\n\r\n"
        expected = [begin, *[piece] * 64, b"\r\n--" + boundary + b"--\r\n"]
    digest = hashlib.sha256()
    for each in expected:
        digest.update(each)
    assert (seen["length"], seen["sha256"]) == (sum(map(len, expected)), digest.hexdigest())


def test_a_protected_status_is_refused_before_the_files_are_sent(guarded, upstream):
    before = len(upstream.passed_on)
    with connect(guarded, "reader", TYPE, ("Content-Length", str(64 * MEGABYTE))) as sock:
        sock.sendall(FIRST + said("active") + SECOND + b"x" * 65_536)
        answer = read(sock, "POST")
    assert (answer.status, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert "Register the version as draft" in answer.json()["message"]
    assert len(upstream.passed_on) == before


def test_what_no_rule_is_about_arrives_as_it_was_sent(guarded, upstream):
    bodies = {
        (TYPE,): FIRST + said("active") + SECOND + b"archive" + LAST,
        (("Content-Type", "application/json"),): b'{ "status" : "active", "status":"active", "x": NaN }',
        (("Content-Type", "text/plain"),): b"not JSON",
        (("Content-Type", "application/json"), ("Content-Encoding", "gzip")): b"\x1f\x8b",
        (TYPE, ("X-Large", "1")): b"x" * 2 * MEGABYTE,
    }
    for headers, body in bodies.items():
        seen = send(guarded, "writer", body, *headers).json()
        assert (seen["length"], seen["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
        assert upstream.last(PATH.format("writer")).header("Content-Type") == [headers[0][1]]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ([TYPE, ("Content-Type", "application/json")], FIRST + said("draft") + SECOND + LAST, 400),
        ([("Content-Type", "application/json"), TYPE], said("draft"), 400),
        ([("Content-Type", "text/plain")], said("active"), 403),
        ([("Content-Type", "application/x-www-form-urlencoded")], b"status=active", 400),
        ([("Content-Type", "application/json")], b'{"status":"draft","source":"' + b"x" * MEGABYTE + b'"}', 413),
        ([TYPE], FIRST + b'{"status":"draft","source":"' + b"x" * MEGABYTE + b'"}' + SECOND + LAST, 413),
        ([TYPE, ("Content-Encoding", "gzip")], FIRST + said("draft") + SECOND + LAST, 415),
        ([TYPE], FIRST + said("draft") + SECOND + b"archive\r\n" + FIRST + said("active") + LAST, 400),
        ([TYPE], SECOND[2:] + b"archive\r\n" + FIRST + said("draft") + LAST, 400),
        ([TYPE], FIRST + b'{"status":"draft","status":"active"}' + SECOND + LAST, 400),
    ],
)
def test_a_body_with_more_than_one_reading_never_arrives_whole(guarded, upstream, headers, body, status):
    before = len(upstream.passed_on)
    assert send(guarded, "reader", body, *headers).status == status
    began = upstream.passed_on[before:]
    wait_until(lambda: all(request.is_over for request in began), "its end")
    assert not any(request.is_whole for request in began)


@pytest.mark.parametrize("skill", ["reader", "writer"])
def test_files_that_the_client_breaks_off_never_end_properly(guarded, upstream, skill):
    before = len(upstream.passed_on)
    with connect(guarded, skill, TYPE, ("Content-Length", str(MEGABYTE))) as sock:
        sock.sendall(FIRST + said("draft") + SECOND + b"x" * 300_000)
        wait_until(lambda: len(upstream.passed_on) > before, "the beginning")
    request = upstream.passed_on[before]
    wait_until(lambda: request.is_over, "its end")
    assert not request.is_whole


def test_a_rule_that_comes_meanwhile_cuts_the_files_off(guarded, upstream, ruled):
    body = FIRST + said("active") + SECOND + b"x" * 300_000 + LAST
    with connect(guarded, "late", TYPE, ("Content-Length", str(len(body)))) as sock:
        sock.sendall(body[:-1])
        wait_until(lambda: upstream.got(PATH.format("late")), "the beginning")
        output_of("shell", "--verbosity", "0", "-c", _MORE_RULES, environment=ruled[0])
        sock.sendall(body[-1:])
        answer = read(sock, "POST")
    assert (answer.status, answer.json()["error_code"]) == (409, "INVALID_STATE")
    request = upstream.last(PATH.format("late"))
    wait_until(lambda: request.is_over, "its end")
    assert not request.is_whole
    assert send(guarded, "late", body).status == 403
