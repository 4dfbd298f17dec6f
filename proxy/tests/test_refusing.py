"""What never reaches upstream: identities, cookies, other sites' writes, ambiguous requests."""

import json

import pytest

from testing.servers.checkpoint import Checkpoint
from testing.servers.echo_upstream import EchoUpstream

pytestmark = pytest.mark.sockets

ECHO = "/api/2.0/mlflow/echo"
WRITE = "/api/2.0/mlflow/runs/create"


@pytest.mark.parametrize(
    "name",
    [
        "Remote-User",
        "Remote_User",
        "REMOTE_USER",
        "X-Remote-User",
        "X_Remote_User",
        "X-MLflow-Assistant-Delegation",
        "x_mlflow_assistant_delegation",
        "X-MLflow-Authorization",
        "X-MLFLOW-AUTHORIZATION",
        "X-MLflow-Guardrail-Bypass",
        "X-MLflow-Gateway-Caller",
        "X-MLflow-Newest",
        "X-MLflow.Authorization",
        "X.MLflow-Workspace",
        "Remote.User",
        "X-Forwarded~User",
        "X-Forwarded-User",
        "X-Auth-Request-Email",
        "X-Real-IP",
        "Forwarded",
        "Cookie",
        "Referer",
        "Proxy-Authorization",
        "Proxy",
        "TE",
        "Upgrade",
        "Keep-Alive",
        "X-HTTP-Method-Override",
        "X-Original-URL",
        "X-Forwarded-Prefix",
        "X-Checkpoint-Anything",
    ],
)
def test_header_never_reaches_upstream(checkpoint: Checkpoint, name: str) -> None:
    seen = checkpoint.call(ECHO, headers={name: "mallory"}).json()
    assert "mallory" not in json.dumps(seen)


def test_our_credentials_never_reach_upstream(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    checkpoint.call(ECHO)
    assert "authorization" not in upstream.last(ECHO).names()
    cookie = {"Cookie": f"checkpoint_session={checkpoint.session}; other=1"}
    assert checkpoint.call(ECHO, headers=cookie, as_ada=False).status == 200
    assert "cookie" not in upstream.last(ECHO).names()


def test_environment_of_the_server_is_not_taken_for_headers(checkpoint: Checkpoint) -> None:
    assert "not-for-upstream" not in checkpoint.call(ECHO).body.decode()


def test_what_connection_names_does_not_pass(checkpoint: Checkpoint) -> None:
    seen = checkpoint.call(ECHO, headers={"Connection": "close, X-Hop", "X-Hop": "1", "X-Kept": "2"}).json()
    names = {name for name, _ in seen["headers"]}
    assert "X-Hop" not in names
    assert "X-Kept" in names


def test_forwarded_headers_are_ours(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    spoofed = {"X-Forwarded-For": "10.9.8.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    checkpoint.call(ECHO, headers=spoofed)
    seen = upstream.last(ECHO)
    assert seen.header("X-Forwarded-For") == ["127.0.0.1"]
    assert seen.header("X-Forwarded-Proto") == ["http"]
    assert seen.header("X-Forwarded-Host") == [f"localhost:{checkpoint.port}"]
    assert seen.header("Host") == [f"127.0.0.1:{upstream.port}"]


def test_upstream_cannot_set_cookies_or_clear_ours(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    headers = ("Set-Cookie: checkpoint_session=x", "Clear-Site-Data: *", "Connection: X-Hop", "X-Hop: 1", "X-Kept: 2")
    path = upstream.on("/cookies", lambda request: request.answer(b"x", headers=headers))
    answer = checkpoint.call(path)
    assert answer.header("X-Kept") == ["2"]
    assert not answer.header("Set-Cookie") + answer.header("Clear-Site-Data") + answer.header("X-Hop")


@pytest.mark.parametrize(
    "evidence",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:{port}"},
        {"Referer": "https://evil.example/page"},
        {},
    ],
)
def test_session_cannot_write_from_elsewhere(
    checkpoint: Checkpoint, upstream: EchoUpstream, evidence: dict[str, str]
) -> None:
    headers = {name: value.format(port=checkpoint.port) for name, value in evidence.items()}
    headers["Cookie"] = f"checkpoint_session={checkpoint.session}"
    before = len(upstream.passed_on)
    answer = checkpoint.call(WRITE, "POST", headers, b"{}", as_ada=False)
    assert (answer.status, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert len(upstream.passed_on) == before


@pytest.mark.parametrize(
    "evidence",
    [
        {"Origin": "http://localhost:{port}"},
        {"Origin": "http://localhost:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Referer": "http://localhost:{port}/"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_session_can_write_from_our_own_pages(
    checkpoint: Checkpoint, upstream: EchoUpstream, evidence: dict[str, str]
) -> None:
    headers = {name: value.format(port=checkpoint.port) for name, value in evidence.items()}
    headers["Cookie"] = f"checkpoint_session={checkpoint.session}"
    assert checkpoint.call(WRITE, "POST", headers, b"{}", as_ada=False).status == 200
    assert "origin" not in upstream.last(WRITE).names()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Dest": "worker"},
        {"Sec-Fetch-Dest": "serviceworker", "Service-Worker": "script"},
        {"Service-Worker": "script"},
        {"Sec-Fetch-Dest": "style"},
    ],
)
def test_nothing_but_the_interfaces_files_is_code(checkpoint: Checkpoint, upstream: EchoUpstream, headers) -> None:
    before = len(upstream.passed_on)
    for path in ("/get-artifact?path=x.mjs", "/", ECHO, "/api/2.0/mlflow-artifacts/artifacts/static-files/x.js"):
        answer = checkpoint.call(path, headers=headers)
        assert (answer.status, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert len(upstream.passed_on) == before


def test_the_interfaces_files_are_scripts_and_workers_but_no_service_worker(checkpoint: Checkpoint) -> None:
    path = "/static-files/static/js/main.js"
    for destination in ("script", "sharedworker", "style"):
        assert checkpoint.call(path, headers={"Sec-Fetch-Dest": destination}).status == 200
    assert checkpoint.call(path, headers={"Service-Worker": "script"}).status == 403


def test_token_writes_whatever_origin_it_names(checkpoint: Checkpoint) -> None:
    assert checkpoint.call(WRITE, "POST", {"Origin": "https://evil.example"}, b"{}").status == 200


def test_nobody_gets_mlflows_error_json_and_a_basic_challenge_on_an_api_path(checkpoint: Checkpoint) -> None:
    answer = checkpoint.call(ECHO, as_ada=False)
    assert (answer.status, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
    assert answer.header("WWW-Authenticate")[0].startswith("Basic ")


def test_browsers_fetch_is_not_offered_a_password_box(checkpoint: Checkpoint) -> None:
    answer = checkpoint.call(ECHO, headers={"User-Agent": "Mozilla/5.0"}, as_ada=False)
    assert answer.status == 401
    assert answer.header("WWW-Authenticate")[0].startswith("Bearer ")


def test_nobodys_page_leads_to_sign_in_and_back(checkpoint: Checkpoint) -> None:
    answer = checkpoint.call("/?x=1", headers={"Accept": "text/html"}, as_ada=False)
    assert answer.status == 302
    assert answer.header("Location") == ["/checkpoint/accounts/login/?next=/%3Fx%3D1"]


@pytest.mark.parametrize("path", ["/health", "/version"])
@pytest.mark.parametrize("host", ["", "10.1.2.3:5000"])
def test_probes_get_mlflows_own_answer_without_signing_in_and_by_any_address(
    checkpoint: Checkpoint, upstream: EchoUpstream, path: str, host: str
) -> None:
    named = {"Host": host} if host else {}
    for method in ("GET", "HEAD"):
        assert checkpoint.call(path, method, named, as_ada=False).status == 200
        assert upstream.last(path).method == method
    before = len(upstream.passed_on)
    for target, method, status in [(path, "POST", 401), (f"{path}/", "GET", 401), (f"{path}x", "GET", 401)]:
        assert checkpoint.call(target, method, as_ada=False).status == status
        if host:
            assert checkpoint.call(target, method, named, as_ada=False).status == 400
    assert len(upstream.passed_on) == before


@pytest.mark.parametrize("target", [ECHO, WRITE, "/api/2.0/mlflow/registered-models/alias", "/checkpoint/api/models/"])
def test_a_page_of_another_origin_gets_no_leave_to_call(checkpoint: Checkpoint, target: str) -> None:
    asking = {"Origin": "https://notebook.example", "Access-Control-Request-Method": "POST"}
    answer = checkpoint.call(target, "OPTIONS", asking, as_ada=False)
    assert answer.status == 401
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_wrong_token_is_refused_on_every_path(checkpoint: Checkpoint) -> None:
    answer = checkpoint.call(ECHO, headers={"Authorization": "Bearer cpt_" + "x" * 43}, as_ada=False)
    assert answer.status == 401


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "get"])
def test_method_that_mlflow_does_not_use_is_refused(
    checkpoint: Checkpoint, upstream: EchoUpstream, method: str
) -> None:
    before = len(upstream.passed_on)
    assert checkpoint.call(ECHO, method).status in {400, 405}
    assert len(upstream.passed_on) == before


@pytest.mark.parametrize(
    "target",
    [
        "/x/../api/2.0/mlflow/registered-models/delete",
        "/x/%2e%2e/y",
        "/x/%252e%252e/y",
        "/api//2.0/mlflow/x",
        "/api/2.0/mlflow%5cx",
        "/api/2.0/mlflow/x%0a",
        "/api/2.0/mlflow/x%00",
    ],
)
def test_path_with_two_readings_is_refused(checkpoint: Checkpoint, upstream: EchoUpstream, target: str) -> None:
    before = len(upstream.passed_on)
    answer = checkpoint.call(target)
    assert (answer.status, answer.json()["error_code"]) == (400, "BAD_REQUEST")
    assert len(upstream.passed_on) == before


@pytest.mark.parametrize(
    "framing",
    [
        [("Content-Length", "3"), ("Content-Length", "4")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "identity")],
        [("Content-Length", "+3")],
        [("Content-Length", "3"), ("Transfer-Encoding", "xchunked")],
    ],
)
def test_body_framed_in_two_ways_is_refused(
    checkpoint: Checkpoint, upstream: EchoUpstream, framing: list[tuple[str, str]]
) -> None:
    before = len(upstream.passed_on)
    answer = checkpoint.call(ECHO, "POST", framing, b"3\r\nabc\r\n0\r\n\r\n")
    assert answer.status in {400, 501}
    assert len(upstream.passed_on) == before


def test_guarded_call_is_read_up_to_its_limit_only(checkpoint: Checkpoint, upstream: EchoUpstream) -> None:
    alias = "/api/2.0/mlflow/registered-models/alias"
    body = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'
    answer = checkpoint.call(alias, "POST", body=body)
    assert (answer.status, answer.json()["error_code"]) == (413, "REQUEST_LIMIT_EXCEEDED")
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    assert checkpoint.call(alias, "POST", {"Transfer-Encoding": "chunked"}, chunked).status == 413
    assert checkpoint.call(alias, "POST", {"Content-Encoding": "gzip"}, b"x").status == 415
    assert not upstream.got(alias)
