"""MLflow and Checkpoint's pages at two host names of one process, on real sockets, with nginx in front and without."""

import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from demo.processes import free_port
from proxy.tests.test_attacks_live import BROWSERS, OPERATIONS, runs_nowhere, send, statuses, unchanged
from proxy.tests.test_nginx_configuration import needs_nginx
from testing.attacks import UPLOADS, BrowserAttack, load, load_browsers
from testing.attacks.stage import Direct, Stage, build, making_of, registry_of, upload
from testing.servers import commands
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.raw_client import Exchange, wait_for_port

READ = "/api/2.0/mlflow/experiments/get?experiment_id=0"
HTML = {"Accept": "text/html"}

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]


class TwoOrigins:
    """One process by its two names: `localhost` is MLflow's, `127.0.0.1` that of the pages."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self.hosts = {"mlflow": f"localhost:{checkpoint.port}", "pages": f"127.0.0.1:{checkpoint.port}"}

    def get(self, at: str, target: str, cookies: dict[str, str], **headers: str) -> Exchange:
        sent = {"Host": self.hosts[at], "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        return self.checkpoint.call(target, headers=sent | headers, as_ada=False)

    def arrive(self) -> str:
        """Takes ada's browser the whole way, and returns her session at MLflow's origin."""
        jars = {"mlflow": {}, "pages": {"checkpoint_session": self.checkpoint.session}}
        at, target = "mlflow", "/"
        for _ in range(6):
            answer = self.get(at, target, jars[at], **HTML)
            for cookie in answer.header("Set-Cookie"):
                found = re.match(r"(\w+)=([^;]*)", cookie)
                assert found is not None
                jars[at][found[1]] = found[2]
            if answer.status != 302:
                break
            parts = urlsplit(answer.header("Location")[0])
            at = next((name for name, host in self.hosts.items() if host == parts.netloc), at)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        assert (at, answer.status) == ("mlflow", 200)
        assert b"checkpoint/js/mlflow_ui" in answer.body
        return jars["mlflow"]["checkpoint_mlflow"]


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture(scope="module")
def stage(mlflow: Direct) -> Stage:
    return build(mlflow, f"two-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="module", params=["alone", "behind nginx"])
def two(request: pytest.FixtureRequest, people, tmp_path_factory, mlflow_server: str) -> Iterator[TwoOrigins]:
    front = free_port()
    settings = {
        "CHECKPOINT_REGISTRY_URL": mlflow_server,
        "CHECKPOINT_TRUSTED_PROXIES": "127.0.0.1",
        "CHECKPOINT_PUBLIC_URL": f"http://localhost:{front}",
        "CHECKPOINT_PORTAL_URL": f"http://127.0.0.1:{front}",
    }
    log = tmp_path_factory.mktemp("two-origins") / "server.log"
    if request.param == "alone":
        for checkpoint in run_checkpoint("gunicorn", people, log, port=front, **settings):
            yield TwoOrigins(checkpoint)
        return
    for checkpoint in run_checkpoint("gunicorn", people, log, **settings):
        with tempfile.TemporaryDirectory(prefix="checkpoint-nginx-") as name:
            folder = Path(name)
            with commands.nginx(needs_nginx(), front, checkpoint.port, folder, settings) as nginx:
                wait_for_port(front, nginx.process, folder / "out.log")
                yield TwoOrigins(replace(checkpoint, port=front))


@pytest.fixture(scope="module")
def at_mlflow(two: TwoOrigins) -> str:
    return two.arrive()


def test_each_session_opens_its_own_origin_and_nothing_else(two: TwoOrigins, at_mlflow: str) -> None:
    pages = two.checkpoint.session
    assert two.get("mlflow", READ, {"checkpoint_mlflow": at_mlflow}).status == 200
    for cookies in ({"checkpoint_session": pages}, {"checkpoint_mlflow": pages}, {"checkpoint_session": at_mlflow}):
        assert two.get("mlflow", READ, cookies).status == 401
    assert two.get("pages", "/checkpoint/", {"checkpoint_session": pages}, **HTML).status == 200
    for cookies in ({"checkpoint_mlflow": at_mlflow}, {"checkpoint_session": at_mlflow}, {"checkpoint_mlflow": pages}):
        answer = two.get("pages", "/checkpoint/", cookies, **HTML)
        assert answer.header("Location")[0].startswith("/checkpoint/accounts/login/")


def test_no_page_and_no_api_is_at_mlflows_origin_and_nothing_of_mlflows_at_the_pages(
    two: TwoOrigins, at_mlflow: str
) -> None:
    everything = {"checkpoint_mlflow": at_mlflow, "checkpoint_session": two.checkpoint.session}
    for path in ("/checkpoint/", "/checkpoint/admin/", "/checkpoint/promote-requests/new/"):
        answer = two.get("mlflow", path, everything, **HTML)
        assert answer.header("Location") == [f"http://{two.hosts['pages']}{path}"]
        assert two.get("mlflow", path, everything).status == 404
    assert two.get("mlflow", "/checkpoint/api/promote-requests/", everything).status == 404
    for path in (READ, "/static-files/favicon.ico", "/get-artifact?path=x&run_uuid=y"):
        assert two.get("pages", path, everything).status == 404


@pytest.mark.parametrize("name", BROWSERS)
def test_what_somebody_uploaded_runs_nowhere(
    two: TwoOrigins, at_mlflow: str, mlflow: Direct, stage: Stage, uploaded: dict[str, BrowserAttack], name: str
) -> None:
    runs_nowhere(two.checkpoint, uploaded[name], cookie=f"checkpoint_mlflow={at_mlflow}")


@pytest.fixture(scope="module")
def uploaded(mlflow: Direct, stage: Stage) -> dict[str, BrowserAttack]:
    run = upload(mlflow, stage.experiment, UPLOADS)
    return {attack.name: attack for attack in load_browsers(run=run, experiment=stage.experiment)}


@pytest.mark.parametrize("at", ["mlflow", "pages"])
def test_no_attack_changes_anything_at_either_address(two: TwoOrigins, mlflow: Direct, stage: Stage, at: str) -> None:
    approved = registry_of(mlflow, stage) | making_of(mlflow, stage)
    attacks = {attack.name: attack for attack in load(stage.model, **stage.names)}
    for name in OPERATIONS:
        attack = attacks[name]
        answer = send(two.checkpoint, replace(attack, headers=attack.headers | {"Host": two.hosts[at]}))
        if attack.expect != "harmless":
            assert answer.status in (statuses(attack) if at == "mlflow" else {400, 404, 413}), name
    unchanged(mlflow, stage, approved, making=True)
