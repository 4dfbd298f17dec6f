"""What goes upstream and what comes back, byte for byte, on real sockets."""

import hashlib
import os

import pytest

from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream

pytestmark = pytest.mark.sockets

ECHO = "/api/2.0/mlflow/echo"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_arrives_with_its_body(checkpoint: Checkpoint, method: str) -> None:
    body = b"" if method in {"GET", "OPTIONS"} else os.urandom(3000)
    seen = checkpoint.call(ECHO, method, body=body).json()
    assert seen["method"] == method
    assert seen["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_body_on_get_arrives_as_well(checkpoint: Checkpoint) -> None:
    assert checkpoint.call(ECHO, "GET", body=b"{}").json()["length"] == 2


@pytest.mark.parametrize(
    "target",
    [
        "/x?a=1&a=2&b=&c&%20=+&d=%2B;e",
        "/x?q=name%20LIKE%20%27%25a%25%27&order_by=a%2Cb",
        "/get-artifact/my%20file+x.txt",
        "/api/2.0/mlflow-artifacts/artifacts/1/caf%C3%A9/%E6%A8%A1%E5%9E%8B.txt",
        "/api/2.0/mlflow-artifacts/artifacts/a;b=c,d/(e)!$&'*@:~-._",
        "/api/2.0/mlflow-artifacts/artifacts/100%25/x",
        "/x?",
    ],
)
def test_path_and_query_arrive_as_sent(checkpoint: Checkpoint, target: str) -> None:
    answer = checkpoint.call(target)
    assert answer.json().get("target") == target.removesuffix("?"), answer.body


def test_repeated_request_headers_arrive_joined_in_order(checkpoint: Checkpoint) -> None:
    seen = checkpoint.call(ECHO, headers=[("X-Thing", "1"), ("X-Thing", "2")]).json()
    assert ["X-Thing", "1,2"] in seen["headers"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-MLFLOW-WORKSPACE", "team-a"),
        ("X-MLflow-Client-Version", "3.18.0"),
        ("x-mlflow-experiment-id", "1"),
        ("x-mlflow-run-id", "r"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("Accept-Encoding", "gzip, br"),
        ("Range", "bytes=0-3"),
        ("If-None-Match", '"a", W/"b"'),
        ("User-Agent", "mlflow-python-client/3.17.2"),
        ("Content-Encoding", "gzip"),
        ("Content-Type", "application/x-protobuf"),
    ],
)
def test_header_passes(checkpoint: Checkpoint, name: str, value: str) -> None:
    seen = checkpoint.call(ECHO, "POST", headers=[(name, value)], body=b"x").json()
    assert [value] == [found for key, found in seen["headers"] if key.lower() == name.lower()]


def test_repeated_response_headers_arrive_repeated_and_in_order(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    sent = ("Link: <a>", "Vary: Origin", "Link: <b>", "X-Name: caf\u00c3\u00a9")
    path = upstream.on("/repeated", lambda request: request.answer(b"x", headers=sent))
    answer = checkpoint.call(path)
    assert answer.header("Link") == ["<a>", "<b>"]
    assert answer.header("Vary") == ["Origin"]
    assert answer.header("X-Name") == ["caf\u00c3\u00a9"]


def test_partial_content_passes(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    headers = ("Content-Range: bytes 0-3/10",)
    path = upstream.on("/part", lambda request: request.answer(b"abcd", status="206 Partial Content", headers=headers))
    answer = checkpoint.call(path, headers={"Range": "bytes=0-3"})
    assert (answer.status, answer.body, answer.header("Content-Range")) == (206, b"abcd", ["bytes 0-3/10"])


def test_head_keeps_the_length_and_has_no_body(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = upstream.on("/head", lambda request: request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"))
    answer = checkpoint.call(path, "HEAD")
    assert (answer.status, answer.header("Content-Length")) == (200, ["12345"])
    assert upstream.last(path).method == "HEAD"


def test_not_modified_passes(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    answer_304 = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
    path = upstream.on("/not-modified", lambda request: request.send(answer_304))
    answer = checkpoint.call(path, headers={"If-None-Match": '"a"'})
    assert (answer.status, answer.header("ETag")) == (304, ['"a"'])


def test_compressed_bodies_are_not_touched(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    body = os.urandom(100)
    path = upstream.on("/gzip", lambda request: request.answer(body, headers=("Content-Encoding: gzip",)))
    answer = checkpoint.call(path, headers={"Accept-Encoding": "gzip"})
    assert (answer.body, answer.header("Content-Encoding")) == (body, ["gzip"])


def test_empty_chunked_upload_arrives_whole(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    seen = checkpoint.call(ECHO, "PUT", {"Transfer-Encoding": "chunked"}, b"0\r\n\r\n").json()
    assert seen["length"] == 0
    assert ["Transfer-Encoding", "chunked"] in seen["headers"]


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("{upstream}/a/b?c=d#e", "/a/b?c=d#e"),
        ("{upstream}", "/"),
        ("{upstream}//evil.example/x", "/evil.example/x"),
        ("//{netloc}/a", "/a"),
        ("/a", "/a"),
        ("b/c", "b/c"),
        ("https://bucket.example/x?sig=1", "https://bucket.example/x?sig=1"),
    ],
)
def test_redirects_inside_mlflow_stay_on_our_origin(
    checkpoint: Checkpoint, upstream: EchoUpstream, location: str, expected: str
) -> None:
    sent = location.format(upstream=upstream.url, netloc=f"127.0.0.1:{upstream.port}")
    path = upstream.on("/moved", lambda request: request.answer(status="302 Found", headers=(f"Location: {sent}",)))
    assert checkpoint.call(path).header("Location") == [expected]


def test_expect_continue_is_answered_and_not_forwarded(checkpoint: Checkpoint) -> None:
    answer = checkpoint.call(ECHO, "PUT", {"Expect": "100-continue"}, b"abc")
    assert answer.json()["length"] == 3
    assert "expect" not in {name.lower() for name, _ in answer.json()["headers"]}


def test_connections_to_upstream_are_used_again(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    checkpoint.call(ECHO)
    before = upstream.connections
    for _ in range(10):
        assert checkpoint.call(ECHO).status == 200
    assert upstream.connections == before


def test_paths_of_checkpoint_never_reach_upstream(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    answer = checkpoint.call("/checkpoint/no-such-page-anywhere")
    assert answer.status in {302, 404}
    assert not upstream.got("/checkpoint/no-such-page-anywhere")


def test_another_wsgi_server_passes_calls_on_and_tells_mlflow_nothing_of_its_environment(
    upstream: EchoUpstream, people, tmp_path
) -> None:
    """Under `runserver`, which says less than gunicorn and shows its process's environment as headers."""
    settings = {**upstream.settings, "HTTP_X_OF_THE_PROCESS": "not for upstream"}
    body = os.urandom(100_000)
    for checkpoint in run_checkpoint("runserver", people, tmp_path / "server.log", **settings):
        seen = checkpoint.call(f"{ECHO}/a%20b%2Fc?x=%2F", "PUT", headers={"X-Thing": "1"}, body=body).json()
    assert seen["target"] == f"{ECHO}/a%20b/c?x=%2F"
    assert seen["sha256"] == hashlib.sha256(body).hexdigest()
    names = {name.lower() for name, _ in seen["headers"]}
    assert "x-thing" in names
    assert "x-of-the-process" not in names


def test_a_chunked_body_is_refused_under_a_server_that_does_not_read_it(
    upstream: EchoUpstream, people, tmp_path
) -> None:
    """Django's `runserver` shows it as empty, which MLflow would store."""
    path = f"{ECHO}/chunked-under-another"
    for checkpoint in run_checkpoint("runserver", people, tmp_path / "server.log", **upstream.settings):
        answer = checkpoint.call(path, "PUT", {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n0\r\n\r\n")
    assert (answer.status, answer.json()["error_code"]) == (411, "BAD_REQUEST")
    assert not upstream.got(path)
