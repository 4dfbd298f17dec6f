"""Whatever a client may legally send arrives byte for byte, and so does whatever MLflow may legally answer.

Property tests on real sockets: the client and the upstream write and read bytes by hand. What is changed on the way is
in `CHANGES` and in the README's section "What is changed on the way", and nowhere else.
"""

import hashlib
import string
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from foundation.browsers import policies
from proxy.guard import routes
from proxy.guard.routes import Traffic
from proxy.page import html
from proxy.transfer import headers
from testing.servers.checkpoint import Checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received

pytestmark = pytest.mark.sockets

EXAMPLES = settings(max_examples=150, deadline=None, derandomize=True, database=None)

CHANGES = {
    "request headers dropped": lambda name: (
        name in headers.HOP_BY_HOP or name in headers._OURS or name.startswith(headers._OUR_PREFIXES)
    ),
    "response headers dropped": lambda name: name in headers._NOT_FROM_UPSTREAM,
    "response headers rewritten": lambda name: name == "location",
    # Gunicorn drops them as ambiguous: judged in `test_refusing`.
    "header names that say two things": lambda name: "_" in name,
    "response headers added": [
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", policies.CONTAINED),
    ],
    "request headers added": {"host", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
}
"""Every documented change of a header; what happens to repeated ones is in `joined`."""

_PCHAR = string.ascii_letters + string.digits + "-._~!$&'()*+,=:@"
_TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^`|~"
# More than RFC 3986 allows: what browsers leave as it is.
_QUERY = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '#"<>')
_FRAMED_BY_THE_TEST = {"host", "content-length", "transfer-encoding", "connection", "authorization", "expect", "cookie"}

_octets = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="/\\;%?"), max_size=3
)
_encoded = _octets.map(lambda text: "".join(f"%{octet:02{case}}" for octet, case in _cased(text.encode())))
_segments = st.lists(st.one_of(st.text(_PCHAR, min_size=1, max_size=12), _encoded), min_size=1, max_size=3)
_paths = st.lists(_segments.map("".join), max_size=5).map(lambda parts: "/" + "/".join(parts))
_data_paths = st.tuples(
    st.sampled_from(
        ["/api/2.0/mlflow-artifacts/artifacts", "/ajax-api/2.0/mlflow-artifacts/artifacts", "/get-artifact"]
    ),
    _paths,
).map("".join)
_queries = st.text(_QUERY, max_size=60)
_values = st.text(
    st.one_of(
        st.characters(min_codepoint=0x20, max_codepoint=0x7E), st.characters(min_codepoint=0x80, max_codepoint=0xFF)
    ),
    max_size=40,
).map(str.strip)
_names = st.one_of(
    st.text(_TOKEN, min_size=1, max_size=20),
    st.sampled_from(
        ["Accept", "Content-Type", "Content-Language", "Range", "traceparent", "X-MLFLOW-WORKSPACE", "If-Match"]
    ),
)
_headers = st.lists(st.tuples(_names, _values), max_size=8).map(lambda sent: _one_content_type(sent))
_bodies = st.tuples(st.binary(max_size=40), st.sampled_from([1, 1, 9, 5000]))
"""A body as a seed and how often it is repeated: up to 200 kB, which no report could show."""
_framings = st.one_of(st.none(), st.lists(st.integers(1, 70_000), min_size=1, max_size=4))
"""None for a length, otherwise the sizes of the chunks, over and over."""


def _one_content_type(sent: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leaves out what RFC 9110 section 8.3 does not allow: a second media type, an empty one, one beyond ASCII."""
    types = [header for header in sent if header[0].lower() == "content-type"]
    return [header for header in sent if header[0].lower() != "content-type"] + [
        x for x in types[:1] if x[1].isascii() and x[1]
    ]


def _cased(octets: bytes) -> list[tuple[int, str]]:
    """Gives every second percent-encoding in lower case: both are legal."""
    return [(octet, "X" if at % 2 else "x") for at, octet in enumerate(octets)]


def framed(body: bytes, sizes: list[int] | None) -> tuple[tuple[str, str], bytes]:
    """Returns the header that frames a body, and the body as it goes over the wire."""
    if sizes is None:
        return ("Content-Length", str(len(body))), body
    pieces, at, number = [], 0, 0
    while at < len(body):
        piece = body[at : at + sizes[number % len(sizes)]]
        pieces.append(
            b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) if number == 1 else b"%X\r\n%b\r\n" % (len(piece), piece)
        )
        at, number = at + len(piece), number + 1
    return ("Transfer-Encoding", "chunked"), b"".join(pieces) + b"0\r\n\r\n"


def joined(sent: list[tuple[str, str]]) -> dict[str, str]:
    """Returns headers as a WSGI server gives them: {name in lower case: values joined in order}."""
    found: dict[str, str] = {}
    for name, value in sent:
        key = name.lower()
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


@EXAMPLES
@given(st.one_of(_paths, _data_paths), _queries)
@example("/api/2.0/mlflow-artifacts/artifacts/1/caf%C3%A9 %e6%a8%a1".replace(" ", "%20"), "a=1&a=2&b=%2B+;c&&=")
@example("/get-artifact", "path=a%2Fb%252F&run_uuid=x?y/z")
def test_path_and_query_arrive_as_sent(checkpoint: Checkpoint, upstream: EchoUpstream, path: str, query: str) -> None:
    assume(not routes.path_fault(path) and routes.classify("GET", path).traffic is Traffic.PASS)
    assume(not unquote_to_bytes(path).startswith(b"/checkpoint"))
    # MLflow's document is changed on purpose (`test_html`), whose upstream answers there for the rest of the run.
    assume(not html.is_document_path(path))
    answer = checkpoint.call(f"{path}?{query}" if query else path)
    assert answer.status == 200, answer.body
    assert answer.json()["target"] == path + (f"?{query}" if query else "")


@EXAMPLES
@given(_headers)
@example([("X-Same", "a"), ("x-same", "b, c"), ("X-SAME", "")])
@example([("X-Name", "caf\u00c3\u00a9"), ("X-Latin", "caf\u00e9"), ("X-Tab", "a\tb")])
def test_headers_arrive_as_sent(checkpoint: Checkpoint, upstream: EchoUpstream, sent: list[tuple[str, str]]) -> None:
    sent = [(name, value) for name, value in sent if name.lower() not in _FRAMED_BY_THE_TEST]
    assume(all(not CHANGES["header names that say two things"](name) for name, _ in sent))
    answer = checkpoint.call("/api/2.0/mlflow/exact", headers=sent)
    assert answer.status == 200, answer.body
    seen = joined(upstream.last("/api/2.0/mlflow/exact").headers)
    expected = {name: value for name, value in joined(sent).items() if not CHANGES["request headers dropped"](name)}
    assert {name: value for name, value in seen.items() if name not in CHANGES["request headers added"]} == expected


@EXAMPLES
@given(st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]), _bodies, _framings)
@example("PUT", (b"", 1), None)
@example("PUT", (b"", 1), [1])
@example("DELETE", (b"{}", 1), [1])
@example("POST", (b"x", 70_000), [65_536])
def test_bodies_arrive_as_sent(
    checkpoint: Checkpoint, upstream: EchoUpstream, method: str, repeated: tuple[bytes, int], sizes: list[int] | None
) -> None:
    body = repeated[0] * repeated[1]
    header, wire = framed(body, sizes)
    answer = checkpoint.call("/api/2.0/mlflow/exact-body", method, [header], wire)
    assert answer.status == 200, answer.body
    seen = answer.json()
    assert (seen["method"], seen["length"], seen["sha256"]) == (method, len(body), hashlib.sha256(body).hexdigest())
    framing = [value for name, value in seen["headers"] if name.lower() in {"content-length", "transfer-encoding"}]
    assert framing == [header[1]]


@EXAMPLES
@given(st.sampled_from([200, 201, 202, 203, 206, 301, 400, 404, 409, 418, 422, 500, 503]), _headers, _bodies, _framings)
@example(200, [("Set-Cookie", "a=b"), ("ETag", '"x"'), ("Vary", "a"), ("Vary", "b"), ("Link", "<c>")], (b"", 1), None)
@example(200, [("X-Name", "caf\u00c3\u00a9"), ("X-Latin", "caf\u00e9")], (b"x", 1), [3])
def test_answers_come_back_as_sent(
    checkpoint: Checkpoint,
    upstream: EchoUpstream,
    status: int,
    sent: list[tuple[str, str]],
    repeated: tuple[bytes, int],
    sizes: list[int] | None,
) -> None:
    body = repeated[0] * repeated[1]
    sent = [(name, value) for name, value in sent if name.lower() not in _FRAMED_BY_THE_TEST]
    header, wire = framed(body, sizes)

    def answer(request: Received) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in [*sent, header])]
        request.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + wire)

    seen = checkpoint.call(upstream.on("/exact-answer", answer))
    assert (seen.status, seen.is_whole) == (status, True)
    assert hashlib.sha256(seen.body).digest() == hashlib.sha256(body).digest()
    ours = {"date", "server", "connection", "content-length", "transfer-encoding"}
    got = [(name.lower(), value) for name, value in seen.headers if name.lower() not in ours]
    kept = [(name.lower(), value) for name, value in sent if not CHANGES["response headers dropped"](name.lower())]
    assert got == kept + CHANGES["response headers added"]
    if sizes is None:
        assert seen.header("Content-Length") == [str(len(body))]


def test_trailers_of_an_upload_are_dropped_and_its_body_is_whole(checkpoint: Checkpoint) -> None:
    wire = b"3\r\nabc\r\n0\r\nX-Checksum: 1\r\n\r\n"
    seen = checkpoint.call(
        "/api/2.0/mlflow/exact", "PUT", {"Transfer-Encoding": "chunked", "Trailer": "X-Checksum"}, wire
    )
    assert seen.json()["sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert "x-checksum" not in {name.lower() for name, _ in seen.json()["headers"]}


def test_trailers_of_an_answer_are_dropped_and_its_body_is_whole(
    checkpoint: Checkpoint, upstream: EchoUpstream
) -> None:
    wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Checksum: 1\r\n\r\n"
    for _ in range(2):  # the connection may be used again
        answer = checkpoint.call(upstream.on("/trailers", lambda request: request.send(wire)))
        assert (answer.body, answer.is_whole, answer.header("X-Checksum")) == (b"abc", True, [])


@pytest.mark.parametrize("rest", [b"zz\r\nxx", b"-1\r\n", b"3\r\nabcdef\r\n"])
def test_upload_with_malformed_chunks_is_not_taken_for_whole(
    checkpoint: Checkpoint, upstream: EchoUpstream, rest: bytes
) -> None:
    upstream.requests.clear()
    answer = checkpoint.call(
        "/api/2.0/mlflow/malformed", "PUT", {"Transfer-Encoding": "chunked"}, b"3\r\nabc\r\n" + rest
    )
    assert answer.status == 400
    assert not any(request.is_whole for request in upstream.requests)
