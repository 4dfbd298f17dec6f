"""What is put into MLflow's document, and into nothing else."""

import pytest

from proxy.page import html
from testing.servers.checkpoint import Checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received

DOCUMENT = (
    b'<!doctype html><html><head><title>MLflow</title><script defer="defer" src="static-files/static/js/main.c2f5.js">'
    b"</script></head><body></body></html>"
)
HTML = ("Content-Type", "text/html; charset=utf-8")


def test_script_comes_before_mlflows_own() -> None:
    found = html.adapt_answer(200, [HTML, ("ETag", '"abc"'), ("Content-Length", "1")], DOCUMENT)
    assert found is not None
    head, _, rest = found.body.partition(html.snippet())
    assert head.endswith(b"<title>MLflow</title>")
    assert rest.startswith(b'<script defer="defer" src="static-files/')
    assert head + rest == DOCUMENT
    assert ("Content-Length", str(len(found.body))) in found.headers
    assert b'src="/checkpoint/static/checkpoint/js/mlflow_ui' in html.snippet()


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (404, [HTML], DOCUMENT),
        (200, [("Content-Type", "text/plain")], DOCUMENT),
        (200, [HTML, ("Content-Encoding", "gzip")], DOCUMENT),
        (200, [HTML], b"<html><script src='report.js'></script></html>"),
    ],
)
def test_anything_else_stays_as_it_is(status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    assert html.adapt_answer(status, headers, body) is None


@pytest.mark.parametrize(
    "policy", ["script-src 'none'", "default-src 'self'; script-src 'nonce-x' 'strict-dynamic'", "default-src https:"]
)
def test_document_with_a_policy_of_mlflows_that_forbids_our_script_stays_as_it_is(policy: str) -> None:
    headers = [HTML, ("Content-Security-Policy", policy)]
    assert html.adapt_answer(200, headers, DOCUMENT) == html.Document(headers, DOCUMENT)


@pytest.mark.parametrize(
    "policy", ["default-src 'self'", "img-src 'none'", "script-src https: 'self'; default-src 'none'"]
)
def test_policy_that_lets_our_script_run_is_kept(policy: str) -> None:
    found = html.adapt_answer(200, [HTML, ("Content-Security-Policy", policy)], DOCUMENT)
    assert found is not None
    assert ("Content-Security-Policy", policy) in found.headers


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("/", True),
        ("/index.html", True),
        ("/prefix/", True),
        ("/api/2.0/mlflow-artifacts/artifacts/1/index.html", False),
        ("/prefix/ajax-api/2.0/mlflow-artifacts/artifacts/x/", False),
        ("/static-files/index.html", False),
        ("/get-artifact", False),
    ],
)
def test_only_roots_are_document_paths(path: str, is_one: bool) -> None:
    assert html.is_document_path(path) is is_one


@pytest.mark.sockets
def test_browser_that_has_the_document_gets_304(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    def answer(request: Received) -> None:
        if request.header("If-None-Match") == ['W/"abc"']:
            request.send(b'HTTP/1.1 304 Not Modified\r\nETag: W/"abc"\r\n\r\n')
        else:
            headers = (": ".join(HTML), 'ETag: W/"abc"', "Last-Modified: Mon, 23 Nov 2026 10:57:09 GMT")
            request.answer(DOCUMENT, headers=headers)

    upstream.on("/", answer)
    accept = {"Accept": "text/html", "Accept-Encoding": "gzip, br"}
    first = checkpoint.call("/", headers=accept)
    assert html.snippet() in first.body
    assert first.is_whole
    assert upstream.last("/").header("Accept-Encoding") == ["identity"]
    (tag,) = first.header("ETag")
    assert tag != 'W/"abc"'
    assert not first.header("Last-Modified")
    again = checkpoint.call("/", headers=accept | {"If-None-Match": f'"other", {tag}'})
    assert (again.status, again.header("ETag")) == (304, [tag])
    stale = checkpoint.call("/", headers=accept | {"If-None-Match": 'W/"abc"'})
    assert stale.status == 200, "a browser that saw MLflow without Checkpoint must not keep that document"
    head = checkpoint.call("/", "HEAD", headers=accept)
    assert head.header("Content-Length") == first.header("Content-Length")
