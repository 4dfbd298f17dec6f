"""Compressed answers of MLflow's API: which, for whom, and what their headers then say."""

import gzip
import json

import pytest

from proxy.transfer.compression import compressed, may_compress
from proxy.transfer.negotiation import accepted_codings, has_tag, with_vary
from testing.servers.checkpoint import Checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received

JSON = json.dumps({"model_versions": [{"name": "fraud", "version": str(number)} for number in range(200)]}).encode()
SEARCH = "/api/2.0/mlflow/model-versions/search"
TYPE = ("Content-Type", "application/json")


@pytest.mark.sockets
def test_long_json_of_the_api_is_compressed_for_who_asks(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    path = upstream.on(
        f"{SEARCH}-long",
        lambda request: request.answer(JSON, headers=(": ".join(TYPE), 'ETag: "one"', "Vary: Origin")),
    )
    small = checkpoint.call(path, headers={"Accept-Encoding": "gzip, deflate"})
    assert gzip.decompress(small.body) == JSON
    assert small.header("Content-Encoding") == ["gzip"]
    assert small.header("Content-Length") == [str(len(small.body))]
    assert small.header("ETag") == ['W/"one"']
    assert small.header("Vary") == ["Origin, Accept-Encoding"]
    plain = checkpoint.call(path)
    assert (plain.body, plain.header("Content-Encoding"), plain.header("ETag")) == (JSON, [], ['"one"'])
    assert plain.header("Vary") == ["Origin, Accept-Encoding"]


@pytest.mark.sockets
@pytest.mark.parametrize("case", ["short", "events", "part", "encoded", "file", "artifact", "chunked"])
def test_everything_else_passes_byte_for_byte(checkpoint: Checkpoint, upstream: EchoUpstream, case: str) -> None:
    body = b"{}" if case == "short" else JSON
    headers = {
        "events": ("Content-Type: text/event-stream",),
        "part": (": ".join(TYPE), f"Content-Range: bytes 0-{len(JSON) - 1}/9999"),
        "encoded": (": ".join(TYPE), "Content-Encoding: deflate"),
        "file": (": ".join(TYPE), "Content-Disposition: attachment; filename=a.json"),
    }.get(case, (": ".join(TYPE),))

    def answer(request: Received) -> None:
        if case == "chunked":
            request.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            request.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        else:
            request.answer(body, status="206 Partial Content" if case == "part" else "200 OK", headers=headers)

    path = {"artifact": "/api/2.0/mlflow-artifacts/artifacts/1/metrics.json"}.get(case, f"{SEARCH}/{case}")
    seen = checkpoint.call(upstream.on(path, answer), headers={"Accept-Encoding": "gzip"})
    assert seen.body == body
    assert seen.header("Content-Encoding") == (["deflate"] if case == "encoded" else [])
    assert "Accept-Encoding" not in "".join(seen.header("Vary"))


@pytest.mark.parametrize(
    ("path", "status", "headers", "length", "may"),
    [
        (SEARCH, 200, [TYPE], 1024, True),
        ("/ml/ajax-api/2.0/mlflow/runs/search", 200, [TYPE], 5000, True),
        ("/graphql", 200, [TYPE], 5000, True),
        ("/api/2.0/mlflow/artifacts/list", 200, [TYPE], 5000, True),
        (SEARCH, 200, [TYPE], 1023, False),
        (SEARCH, 200, [TYPE], 2_000_000, False),
        (SEARCH, 200, [TYPE], None, False),
        (SEARCH, 404, [TYPE], 5000, False),
        (SEARCH, 200, [("Content-Type", "text/html")], 5000, False),
        (SEARCH, 200, [TYPE, ("Cache-Control", "no-transform")], 5000, False),
        (SEARCH, 200, [TYPE, ("Digest", "sha-256=x")], 5000, False),
        ("/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files", 200, [TYPE], 5000, False),
        ("/get-artifact", 200, [TYPE], 5000, False),
    ],
)
def test_only_plain_whole_json_of_the_api_may_be_compressed(path, status, headers, length, may) -> None:
    assert may_compress(path, status, headers, length) is may


def test_what_does_not_become_smaller_is_left() -> None:
    noise = bytes(range(256))
    assert compressed([TYPE], noise, "gzip") == ([TYPE, ("Vary", "Accept-Encoding")], noise)


@pytest.mark.parametrize(
    ("header", "codings"),
    [
        ("", set()),
        ("gzip, deflate, br", {"gzip", "br"}),
        ("br;q=0, gzip;q=0.5", {"gzip"}),
        ("GZIP;Q=1.000", {"gzip"}),
        ("x-gzip", {"gzip"}),
        ("*", {"gzip", "br"}),
        ("*;q=0, br", {"br"}),
        ("identity;q=1, *;q=0.0", set()),
        ("gzip;q=", set()),
        (",;=", set()),
    ],
)
def test_accept_encoding_is_read_by_its_weights(header: str, codings: set[str]) -> None:
    assert accepted_codings(header) == codings


def test_entity_tags_are_compared_weakly_and_an_empty_one_with_nothing() -> None:
    assert has_tag('W/"a", "b"', '"a"')
    assert has_tag("*", '"a"')
    assert not has_tag('"a"', '"b"', "")
    assert not has_tag("", "")


def test_vary_keeps_what_it_named() -> None:
    assert with_vary([("vary", "Origin"), ("Vary", "Cookie")], "Accept") == [("Vary", "Origin, Cookie, Accept")]
    assert with_vary([("Vary", "accept")], "Accept") == [("Vary", "accept")]
    assert with_vary([("Vary", "*")], "Accept") == [("Vary", "*")]
