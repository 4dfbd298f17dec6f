"""MLflow's files as clients get them from Checkpoint, in front of a real upstream."""

import gzip
import time
from collections.abc import Callable

import brotli
import pytest

from proxy.assets import names
from testing.servers.checkpoint import Checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import Exchange
from testing.waiting import wait_until

SCRIPT = b"function checkpoint() { return 'a script of some length'; }\n" * 8000
TYPE = "Content-Type: text/javascript; charset=utf-8"
TAG = '"1795431429.5-480000-1"'
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


def serve(
    upstream: EchoUpstream, path: str, body: bytes = SCRIPT, *, status: str = "200 OK", headers: tuple[str, ...] = ()
) -> str:
    usual = (TYPE, f"ETag: {TAG}", "Cache-Control: public, max-age=2419200", "Vary: Origin", "X-Frame-Options: DENY")
    given = {header.partition(":")[0] for header in headers}
    kept = tuple(header for header in usual if header.partition(":")[0] not in given)
    return upstream.on(path, lambda request: request.answer(body, status=status, headers=(*kept, *headers)))


def asked(upstream: EchoUpstream, path: str) -> int:
    return sum(found.target == path for found in upstream.requests)


def until_kept(checkpoint: Checkpoint, path: str) -> Exchange:
    return until(lambda: checkpoint.call(path, headers=BROWSER), lambda answer: bool(answer.header("Content-Encoding")))


def until(call: Callable[[], Exchange], holds: Callable[[Exchange], bool]) -> Exchange:
    answers: list[Exchange] = []

    def is_right() -> bool:
        answers.append(call())
        return holds(answers[-1])

    wait_until(is_right)
    return answers[-1]


@pytest.mark.sockets
def test_script_is_fetched_once_and_then_served_compressed_for_ever(
    checkpoint: Checkpoint, upstream: EchoUpstream
) -> None:
    path = serve(upstream, "/static-files/static/js/once.c2f5f8d4.js")
    first = checkpoint.call(path, headers=BROWSER)
    assert (first.status, first.body, first.header("Content-Encoding")) == (200, SCRIPT, [])
    assert first.header("Cache-Control") == ["public, max-age=31536000, immutable"]
    fetched = asked(upstream, path)
    until_kept(checkpoint, path)
    fetched = asked(upstream, path)
    kept = checkpoint.call(path, headers=BROWSER)
    assert kept.header("Content-Encoding") == ["br"]
    assert kept.header("Content-Length") == [str(len(kept.body))]
    assert brotli.decompress(kept.body) == SCRIPT
    assert kept.header("Cache-Control") == ["public, max-age=31536000, immutable"]
    assert kept.header("Vary") == ["Accept-Encoding"]
    assert kept.header("Content-Type") == ["text/javascript; charset=utf-8"]
    assert kept.header("X-Frame-Options") == ["DENY"]
    assert asked(upstream, path) == fetched


@pytest.mark.sockets
def test_each_client_gets_the_form_that_it_takes(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = serve(upstream, "/prefix/static-files/static/css/forms.b0f58ef9.chunk.js")
    until_kept(checkpoint, path)
    zipped = checkpoint.call(path, headers={"Accept-Encoding": "gzip, br;q=0"})
    assert gzip.decompress(zipped.body) == SCRIPT
    plain = checkpoint.call(path)
    assert (plain.body, plain.header("Content-Encoding"), plain.header("Vary")) == (SCRIPT, [], ["Accept-Encoding"])
    tags = {answer.header("ETag")[0] for answer in (zipped, plain, checkpoint.call(path, headers=BROWSER))}
    assert len(tags) == 3


@pytest.mark.sockets
def test_head_conditions_and_parts_of_a_kept_file(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = serve(upstream, "/static-files/static/js/conditions.c2f5f8d4.js")
    kept = until_kept(checkpoint, path)
    head = checkpoint.call(path, "HEAD", BROWSER)
    assert (head.status, head.header("Content-Length"), head.body) == (200, [str(len(kept.body))], b"")
    for tag in (kept.header("ETag")[0], f'"other", W/{kept.header("ETag")[0]}', TAG, "*"):
        same = checkpoint.call(path, headers={**BROWSER, "If-None-Match": tag})
        assert (same.status, same.body, same.header("ETag")) == (304, b"", kept.header("ETag"))
    assert checkpoint.call(path, headers={**BROWSER, "If-None-Match": '"other"'}).status == 200
    fetched = asked(upstream, path)
    checkpoint.call(path, headers={"Range": "bytes=0-9"})
    assert asked(upstream, path) == fetched + 1
    assert upstream.last(path).header("Range") == ["bytes=0-9"]


@pytest.mark.sockets
def test_nobody_gets_a_kept_file_without_signing_in(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = serve(upstream, "/static-files/static/js/mine.c2f5f8d4.js")
    until_kept(checkpoint, path)
    assert checkpoint.call(path, headers=BROWSER, as_ada=False).status == 401
    assert checkpoint.call(path, headers={"Authorization": "Bearer wrong"}, as_ada=False).status == 401


@pytest.mark.sockets
@pytest.mark.parametrize(
    ("name", "status", "headers"),
    [
        ("error", "500 Internal Server Error", ()),
        ("missing", "404 Not Found", ()),
        ("html", "200 OK", ("Content-Type: text/html",)),
        ("cookie", "200 OK", ("Set-Cookie: session=1",)),
        ("private", "200 OK", ("Cache-Control: private",)),
        ("varying", "200 OK", ("Vary: Cookie",)),
    ],
)
def test_what_not_every_caller_would_get_is_never_kept(
    checkpoint: Checkpoint, upstream: EchoUpstream, name: str, status: str, headers: tuple[str, ...]
) -> None:
    path = f"/static-files/static/js/{name}.c2f5f8d4.js"
    serve(upstream, path, status=status, headers=headers)
    for count in (1, 2):
        answer = checkpoint.call(path, headers=BROWSER)
        assert "immutable" not in "".join(answer.header("Cache-Control"))
        assert asked(upstream, path) == count
        time.sleep(0.3)


@pytest.mark.sockets
def test_file_that_was_cut_short_is_not_kept(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    def cut(request: Received) -> None:
        request.send(f"HTTP/1.1 200 OK\r\n{TYPE}\r\nContent-Length: {len(SCRIPT)}\r\n\r\n".encode() + SCRIPT[:-1])
        request.hang_up()

    path = upstream.on("/static-files/static/js/cut.c2f5f8d4.js", cut)
    assert not checkpoint.call(path).is_whole
    serve(upstream, path)
    assert checkpoint.call(path).body == SCRIPT
    assert brotli.decompress(until_kept(checkpoint, path).body) == SCRIPT


@pytest.mark.sockets
def test_file_without_a_hash_in_its_name_is_asked_for_each_time(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = serve(upstream, "/static-files/manifest.json", b"{}")
    answer = checkpoint.call(path)
    assert answer.header("Cache-Control") == ["no-cache"]
    assert answer.header("ETag") == [TAG]
    checkpoint.call(path)
    assert asked(upstream, path) == 2


@pytest.mark.sockets
def test_artifact_named_like_a_script_stays_as_it_was_sent(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = "/api/2.0/mlflow-artifacts/artifacts/1/static-files/main.c2f5f8d4.js"
    serve(upstream, path)
    for count in (1, 2):
        answer = checkpoint.call(path, headers=BROWSER)
        assert (answer.body, answer.header("Cache-Control")) == (SCRIPT, ["public, max-age=2419200"])
        time.sleep(0.3)
        assert asked(upstream, path) == count


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        ("/static-files/static/js/main.c2f5f8d4.js", "js"),
        ("/static-files/static/js/8116.9014d23e.chunk.js", "js"),
        ("/static-files/TelemetryLogger.telemetry-worker.d0f8ea2c83c08b63528f.worker.js", "js"),
        ("/static-files/static/media/fontawesome-webfont.20fd1704ea223900efa9.woff2", "woff2"),
        ("/ml/static-files/static/css/main.b0f58ef9.css", "css"),
        ("/static-files/favicon.ico", ""),
        ("/static-files/static/js/main.js", ""),
        ("/static-files/static/js/main.c2f5f8d4.html", ""),
        ("/static-files/static/js/main.c2f5f8d4.js/", ""),
        ("/ajax-api/2.0/mlflow/static-files/main.c2f5f8d4.js", ""),
        ("/ml/api/2.0/mlflow-artifacts/artifacts/static-files/main.c2f5f8d4.js", ""),
        ("/get-artifact/static-files/main.c2f5f8d4.js", ""),
    ],
)
def test_name_tells_whether_a_file_can_change(path: str, extension: str) -> None:
    assert names.extension(path) == extension
