"""Debian's nginx in front, as `deploy/nginx/` sets it up: the corpus, what goes straight to MLflow, what must not."""

import hashlib
import json
import os
import re
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demo.processes import free_port
from proxy.tests.test_attacks_live import BROWSERS, runs_nowhere
from proxy.tests.test_nginx_configuration import API, SEARCH, needs_nginx
from testing.attacks import UPLOADS, BrowserAttack, load, load_browsers, load_wire
from testing.attacks.live import send, shout, statuses, unchanged, wait_until_sealed
from testing.attacks.stage import ARTIFACTS, Direct, Stage, build, making_of, registry_of, upload
from testing.servers import commands
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.echo_upstream import EchoUpstream, Received
from testing.servers.raw_client import wait_for_port

NAMES = [attack.name for attack in load("x")]
READ = b"GET %s/experiments/get?experiment_id=0 " % API.encode()
WIRE = [attack.name for attack in load_wire("x", host="x", authorization="x")]
Start = Callable[..., Checkpoint]

pytestmark = pytest.mark.sockets


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Gives a function that puts an nginx without rights in front of a Checkpoint and tells how to reach it."""
    program = needs_nginx()
    with ExitStack() as running:

        def starting(behind: Checkpoint, **environment: str) -> Checkpoint:
            folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-nginx-")))
            port = free_port()
            nginx = commands.nginx(program, port, behind.port, folder, environment)
            running.enter_context(nginx)
            wait_for_port(port, nginx.process, folder / "out.log")
            return replace(behind, port=port, pid=nginx.process.pid, log=folder / "access.log")

        yield starting


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture(scope="module")
def stage(mlflow: Direct) -> Stage:
    return build(mlflow, f"nginx-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module")
def approved(mlflow: Direct, stage: Stage) -> dict[str, Any]:
    return registry_of(mlflow, stage) | making_of(mlflow, stage)


@pytest.fixture(scope="module")
def uploaded(mlflow: Direct, stage: Stage) -> dict[str, BrowserAttack]:
    run = upload(mlflow, stage.experiment, UPLOADS)
    return {attack.name: attack for attack in load_browsers(run=run, experiment=stage.experiment)}


@pytest.fixture(scope="module")
def behind(people, tmp_path_factory, mlflow_server: str, stage: Stage) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("behind-nginx") / "server.log"
    settings = {"CHECKPOINT_REGISTRY_URL": mlflow_server, "CHECKPOINT_TRUSTED_PROXIES": "127.0.0.1"}
    for checkpoint in run_checkpoint("gunicorn", people, log, CHECKPOINT_READ_TIMEOUT="20", **settings):
        wait_until_sealed(checkpoint, f"{stage.experiment}/{stage.run}/artifacts")
        yield checkpoint


@pytest.fixture(scope="module")
def front(start: Start, behind: Checkpoint, mlflow_server: str) -> Checkpoint:
    """Gives nginx before Checkpoint and a real MLflow."""
    return start(behind, CHECKPOINT_REGISTRY_URL=mlflow_server)


@pytest.fixture(scope="module")
def before_echo(start: Start, people, upstream: EchoUpstream, tmp_path_factory) -> Iterator[Checkpoint]:
    """Gives nginx before Checkpoint and an upstream that tells what it got."""
    log = tmp_path_factory.mktemp("echo-behind-nginx") / "server.log"
    settings = {
        **upstream.settings,
        "CHECKPOINT_REGISTRY_URL": f"{upstream.url}/ml",
        "CHECKPOINT_TRUSTED_PROXIES": "127.0.0.1",
    }
    login = {"CHECKPOINT_REGISTRY_USERNAME": "checkpoint", "CHECKPOINT_REGISTRY_PASSWORD": "to mlflow"}
    for checkpoint in run_checkpoint("gunicorn", people, log, **settings, **login):
        yield start(checkpoint, CHECKPOINT_STREAMS_PER_CALLER="3", **settings, **login)


@pytest.mark.mlflow
@pytest.mark.sampled(every=4)  # without nginx all of them are tried
@pytest.mark.parametrize("name", NAMES)
def test_attack_changes_nothing(front, mlflow, stage, approved, name):
    attack = next(found for found in load(stage.model, **stage.names) if found.name == name)
    answer = send(front, attack)
    unchanged(mlflow, stage, approved, making="mlflow-artifacts" in attack.path or stage.run in attack.path)
    if attack.expect != "harmless":
        assert answer.status in statuses(attack)


@pytest.mark.mlflow
@pytest.mark.parametrize("name", WIRE)
def test_raw_attack_changes_nothing(front, mlflow, stage, approved, name):
    host, authorization = f"localhost:{front.port}", f"Bearer {front.token}"
    attacks = {attack.name: attack for attack in load_wire(stage.model, host=host, authorization=authorization)}
    shout(front.port, attacks[name].raw)
    behind_a_read = attacks[name].raw.replace(b"GET /health ", READ)
    if behind_a_read != attacks[name].raw:
        shout(front.port, behind_a_read)
    unchanged(mlflow, stage, approved, making=False)


@pytest.mark.mlflow
def test_everything_is_as_it_was_approved_and_a_training_job_works(front, behind, mlflow, stage, approved):
    unchanged(mlflow, stage, approved, making=True)

    def ask(method: str, path: str, message: Any) -> Any:
        body = json.dumps(message).encode()
        answer = front.call(f"{API}/{path}", method, {"Content-Type": "application/json"}, body)
        assert answer.status == 200, answer.body
        return answer.json()

    run = ask("POST", "runs/create", {"experiment_id": stage.experiment})["run"]["info"]["run_id"]
    metrics = [{"key": "loss", "value": 0.5, "timestamp": 1, "step": step} for step in range(300)]
    ask("POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": [{"key": "depth", "value": "3"}]})
    found = ask("POST", "runs/search", {"experiment_ids": [stage.experiment], "filter": "params.depth = '3'"})
    assert [one["info"]["run_id"] for one in found["runs"]] == [run]
    path = f"{ARTIFACTS}/{stage.experiment}/{run}/artifacts/model.bin"
    content = os.urandom(8 << 20)
    assert front.call(path, "PUT", body=content).status == 200
    assert hashlib.sha256(front.call(path).body).digest() == hashlib.sha256(content).digest()
    part = front.call(path, headers={"Range": "bytes=5-9"})
    assert part.body in {content, content[5:10]}
    assert front.call(f"{API}/model-versions/get?name={stage.model}&version=1").status == 200
    straight, handled = front.log.read_text(), behind.log.read_text()
    for line in (f"method=POST path={API}/runs/log-batch status=200", f"method=GET path={path} status=200"):
        assert line in straight
        assert line not in handled
    assert f"method=PUT path={path} status=200" in handled
    assert re.search(r"caller=token:\d+$", straight, flags=re.MULTILINE)
    assert "version=1" not in straight + handled


@pytest.mark.mlflow
@pytest.mark.parametrize("name", BROWSERS)
def test_what_somebody_uploaded_runs_nowhere(front, uploaded, name):
    runs_nowhere(front, uploaded[name])


@pytest.mark.mlflow
def test_what_goes_straight_says_what_checkpoint_says(front, behind, uploaded):
    """A file has one set of headers, whichever of the two passes it on."""
    ours = {"content-type", "content-security-policy", "x-content-type-options", "content-disposition", "etag"}
    for attack in uploaded.values():
        if attack.expect == "contained":
            straight, handled = (checkpoint.call(attack.path, headers=attack.headers) for checkpoint in (front, behind))
            assert straight.body == handled.body
            for name in ours:
                assert straight.header(name) == handled.header(name), (attack.name, name)


@pytest.mark.mlflow
def test_mlflows_pages_come_from_checkpoint(front):
    page = front.call("/", headers={"Accept": "text/html"})
    assert b"checkpoint/js/mlflow_ui" in page.body
    answer = front.call("/", headers={"Accept": "text/html"}, as_ada=False)
    assert answer.status == 302
    assert answer.header("Location")[0].startswith("/checkpoint/")


@pytest.mark.parametrize("authorization", ["", "Bearer cpt_wrong", "Basic YWRhOndyb25n", "Digest x"])
def test_nobody_gets_checkpoints_own_refusal(before_echo, upstream, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    for method, path in (("GET", f"{API}/runs/nobody"), ("POST", SEARCH)):
        before = len(upstream.passed_on)
        answer = before_echo.call(path, method, headers, b"{}" if method == "POST" else b"", as_ada=False)
        if answer.status == 429:  # too many wrong passwords, of other tests too
            assert authorization.startswith("Basic")
        else:
            assert (answer.status, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
            assert len(answer.header("WWW-Authenticate")) == 1
        assert len(upstream.passed_on) == before


def test_a_session_writes_from_our_own_pages_only(before_echo, upstream):
    path = f"{API}/runs/log-batch"
    ours, cookie = f"http://localhost:{before_echo.port}", f"checkpoint_session={before_echo.session}"
    assert before_echo.call(path, "POST", {"Cookie": cookie, "Origin": ours}, b"{}", as_ada=False).status == 200
    before = len(upstream.passed_on)
    for evidence in ({"Origin": "https://evil.example"}, {"Origin": ours, "Sec-Fetch-Site": "cross-site"}, {}):
        answer = before_echo.call(path, "POST", {"Cookie": cookie, **evidence}, b"{}", as_ada=False)
        assert (answer.status, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert len(upstream.passed_on) == before


def test_what_goes_straight_carries_mlflows_credentials_and_no_identity(before_echo, upstream):
    names = (
        *("Remote-User", "Remote_User", "X-Remote-User", "X-Forwarded-User", "X-Forwarded-For", "X-Real-IP"),
        *("Forwarded", "Referer", "Proxy", "TE", "Upgrade", "X-HTTP-Method-Override", "X-Original-URL"),
        *("X-Original-URI", "X-Original-Method", "X-Checkpoint-Caller", "X-Auth-Request-User", "X-Anything"),
    )
    headers = {
        **dict.fromkeys(names, "mallory"),
        "Cookie": "a=b",
        "Origin": "https://evil.example",
        "X-Mlflow-Workspace": "blue",
        "Accept": "a/b",
    }
    assert before_echo.call(SEARCH, "POST", headers, b'{"a":1}').status == 200
    seen = upstream.last(f"/ml{SEARCH}")
    assert "mallory" not in str(seen.headers)
    assert not seen.names() & {"cookie", "origin", "referer"}
    assert seen.header("Authorization") == ["Basic Y2hlY2twb2ludDp0byBtbGZsb3c="]
    assert seen.header("Host") == [f"127.0.0.1:{upstream.port}"]
    assert seen.header("X-Forwarded-For") == ["127.0.0.1"]
    assert (seen.header("X-Mlflow-Workspace"), seen.header("Accept")) == (["blue"], ["a/b"])
    assert (seen.method, bytes(seen.body)) == ("POST", b'{"a":1}')


def test_bodies_and_queries_arrive_as_they_were_sent(before_echo, upstream):
    query = "?b=2&a=%2e%2E/../x&a=1&&c=+%C3%A4;"
    before_echo.call(f"{API}/runs/get{query}")
    assert upstream.last(f"/ml{API}/runs/get").target == f"/ml{API}/runs/get{query}"
    chunked = {"Transfer-Encoding": "chunked", "Content-Type": "application/json"}
    assert before_echo.call(SEARCH, "POST", chunked, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").status == 200
    assert bytes(upstream.last(f"/ml{SEARCH}").body) == b"abcde"


@pytest.mark.parametrize("path", [f"{API}/runs/steering", f"{ARTIFACTS}/0/steering"])
def test_mlflow_cannot_speak_for_the_site_or_steer_nginx(before_echo, upstream, path):
    headers = (
        "Set-Cookie: checkpoint_session=x",
        "Clear-Site-Data: *",
        "WWW-Authenticate: Basic",
        "Service-Worker-Allowed: /",
        "X-Content-Type-Options: nosniff",
        "X-Checkpoint-Promote-Request: /",
        "X-Accel-Redirect: /.checkpoint/mlflow/api",
        "X-Kept: 2",
        f"Location: {upstream.url}/ml/api/x",
    )
    upstream.on(f"/ml{path}", lambda request: request.answer(b"x", headers=headers))
    answer = before_echo.call(path)
    assert (answer.status, answer.body, answer.header("X-Kept")) == (200, b"x", ["2"])
    assert answer.header("Location")[0].endswith("/api/x")
    assert "/ml/" not in answer.header("Location")[0]
    assert answer.header("X-Content-Type-Options") == ["nosniff"]
    assert answer.header("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    for name in (
        *("Set-Cookie", "Clear-Site-Data", "WWW-Authenticate", "Service-Worker-Allowed"),
        "X-Checkpoint-Promote-Request",
    ):
        assert not answer.header(name), name


@pytest.mark.parametrize(
    ("target", "long"), [(f"{API}/runs/get", "x" * 70_000), (f"{API}/runs/get?{'x' * 70_000}", "")]
)
def test_a_head_that_is_too_long_is_refused_in_mlflows_error_json(before_echo, upstream, target, long):
    before = len(upstream.passed_on)
    answer = before_echo.call(target, headers={"X-Long": long})
    assert (answer.status, answer.json()["error_code"]) == (431, "REQUEST_LIMIT_EXCEEDED")
    assert "CHECKPOINT_HEADER_BYTES" in answer.json()["message"]
    assert len(upstream.passed_on) == before
    assert before_echo.call(f"{API}/runs/get?{'x' * 50_000}").status == 200


def test_an_unknown_host_name_gets_checkpoints_own_refusal(before_echo, upstream):
    before = len(upstream.passed_on)
    answer = before_echo.call(SEARCH, "POST", {"Host": "evil.example"}, b"{}")
    assert answer.status == 400
    assert "CHECKPOINT_ALLOWED_HOSTS" in answer.json()["message"]
    assert len(upstream.passed_on) == before


def test_an_nginx_that_checkpoint_does_not_trust_hands_all_to_checkpoint(start, people, upstream, tmp_path):
    for checkpoint in run_checkpoint("gunicorn", people, tmp_path / "log", **upstream.settings):
        front = start(checkpoint, **upstream.settings)
        assert front.call(SEARCH, "POST", body=b'{"a":1}').status == 200
        assert bytes(upstream.last(SEARCH).body) == b'{"a":1}'
        assert f"path={SEARCH} status=200" in checkpoint.log.read_text()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "429 Too Many Requests", "500 Oh", "502 Oh"])
def test_mlflows_own_refusals_are_not_tried_again_elsewhere(before_echo, upstream, status):
    path = f"{API}/runs/log-batch"
    upstream.on(f"/ml{path}", lambda request: request.answer(b'{"from":"mlflow"}', status=status))
    before = len(upstream.passed_on)
    answer = before_echo.call(path, "POST", body=b"{}")
    assert (answer.status, answer.json()) == (int(status[:3]), {"from": "mlflow"})
    assert len(upstream.passed_on) == before + 1


def test_an_answer_that_is_cut_short_is_seen_to_be(before_echo, upstream):
    def cut(request: Received) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        request.hang_up()

    path = f"{ARTIFACTS}/0/cut.bin"
    upstream.on(f"/ml{path}", cut)
    answer = before_echo.call(path)
    assert (answer.status, answer.is_whole) == (200, False)


def test_nobody_asks_what_nginx_asks(before_echo):
    question = {"X-Original-Method": "GET", "X-Original-URI": f"{API}/runs/get"}
    for path in (
        "/checkpoint/auth-request",
        "/checkpoint//auth-request",
        "/checkpoint/x/../auth-request",
        "/checkpoint/%61uth-request",
        "/.checkpoint/judge",
        "/.checkpoint/whole",
        "/.checkpoint/mlflow/api",
        "/%2echeckpoint/mlflow/files",
        "/x/../.checkpoint/mlflow/api",
    ):
        answer = before_echo.call(path, headers=question)
        assert answer.status in {400, 403, 404}, path
        assert not answer.header("X-Checkpoint-Caller")


def test_nothing_passes_while_checkpoint_is_down(start, before_echo, upstream):
    alone = start(replace(before_echo, port=free_port()), **upstream.settings)
    before = len(upstream.passed_on)
    for method, path in (("GET", f"{API}/runs/get"), ("POST", SEARCH), ("PUT", f"{ARTIFACTS}/0/x"), ("GET", "/")):
        answer = alone.call(path, method)
        assert (answer.status, answer.json()["error_code"]) == (502, "BAD_GATEWAY")
    assert len(upstream.passed_on) == before


def test_one_caller_has_so_many_calls_under_way(before_echo, upstream):
    path = f"{ARTIFACTS}/0/slow.bin"
    upstream.on(f"/ml{path}", lambda request: request.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    with ExitStack() as opened:
        for _ in range(3):
            sock = opened.enter_context(socket.create_connection(("127.0.0.1", before_echo.port)))
            lines = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {before_echo.token}\r\n\r\n"
            sock.sendall(lines.encode())
            assert sock.recv(4096)
        answer = before_echo.call(path)
        assert (answer.status, answer.json()["error_code"]) == (429, "RESOURCE_EXHAUSTED")
        assert answer.header("Retry-After") == ["1"]
        cookie = {"Cookie": f"checkpoint_session={before_echo.session}"}
        assert before_echo.call(f"{API}/runs/get", headers=cookie, as_ada=False).status == 200
