"""MLflow set up as docs/mlflow-credentials.md says answers Checkpoint alone, and not a call of its own either."""

import json
import secrets
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings

from demo.mlflow_server import MlflowServer
from proxy.tests.test_gateway_live import JSON, PRIVATE, made_endpoint
from testing.attacks.stage import API, Direct
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.waiting import LONG

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

TOKEN = secrets.token_hex(16)
DEPLOYED = settings.BASE_DIR / "deploy" / "mlflow"
CLOSED = "MLflow answers nobody who does not show Checkpoint's credentials"
OPEN = "MLflow answers callers without credentials"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Gives the address of an MLflow that was started as the documentation says."""
    folder = tmp_path_factory.mktemp("closed")
    ini = (DEPLOYED / "auth.ini").read_text().replace("basic_auth.db", str(folder / "basic_auth.db"))
    (folder / "auth.ini").write_text(ini)
    environment = {
        "PYTHONPATH": str(DEPLOYED),
        "CHECKPOINT_REGISTRY_TOKEN": TOKEN,
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_PASSWORD": secrets.token_hex(16),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(16),
    }
    options = ["--app-name", "basic-auth"]
    with MlflowServer(folder, options=options, environment=environment | PRIVATE) as server:
        server.wait()
        yield server.url


@pytest.fixture(scope="module")
def checkpoint(closed: str, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("checkpoint") / "server.log"
    settings = {"CHECKPOINT_REGISTRY_URL": closed, "CHECKPOINT_REGISTRY_TOKEN": TOKEN}
    yield from run_checkpoint("gunicorn", people, log, **settings)


def told(log: Path) -> str:
    """Returns the line of the self-test, which comes soon after the start."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        for line in log.read_text().splitlines():
            if CLOSED in line or OPEN in line:
                return line
        time.sleep(0.2)
    pytest.fail(log.read_text())


def ask(mlflow: Direct, method: str, path: str, message: dict[str, str], **headers: str) -> int:
    sent = {"Content-Type": JSON, **headers}
    return mlflow.call(method, path, content=json.dumps(message).encode(), headers=sent)[0]


def test_the_log_says_that_mlflow_answers_checkpoint_alone(checkpoint: Checkpoint) -> None:
    line = told(checkpoint.log)
    assert CLOSED in line
    assert " INFO " in line


def test_the_log_warns_of_an_mlflow_that_answers_anybody(people, mlflow_server: str, tmp_path: Path) -> None:
    for checkpoint in run_checkpoint("gunicorn", people, tmp_path / "log", CHECKPOINT_REGISTRY_URL=mlflow_server):
        line = told(checkpoint.log)
        assert OPEN in line
        assert " WARNING " in line


def test_nobody_reaches_mlflow_but_through_checkpoint(checkpoint: Checkpoint, closed: str) -> None:
    name = f"closed-{uuid.uuid4().hex[:8]}"
    message = {"name": name}
    with closing(Direct(closed)) as mlflow:
        for path in (f"{API}/registered-models/create", "/api/3.0/mlflow/mcp-servers", "/ajax-api/3.0/jobs/"):
            for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic Y2hlY2twb2ludDo="}):
                assert ask(mlflow, "POST", path, message, **headers) == 401
    body = json.dumps(message).encode()
    assert checkpoint.call(f"{API}/registered-models/create", "POST", body=body).status == 200


def test_a_call_that_mlflow_makes_itself_is_refused(checkpoint: Checkpoint, closed: str) -> None:
    name = f"called-{uuid.uuid4().hex[:8]}"
    gateway = made_endpoint(checkpoint, {"api_base": closed})
    with closing(Direct(closed)) as mlflow:
        mine = {"Authorization": f"Bearer {TOKEN}"}
        # As if Checkpoint let it pass: MLflow's gateway does send the call, with the provider's key.
        assert ask(mlflow, "POST", f"{gateway}{API}/registered-models/create", {"name": name}, **mine) in {401, 502}
        found = mlflow.call("GET", f"{API}/registered-models/get?name={name}", headers=mine)
        assert found[0] == 404
