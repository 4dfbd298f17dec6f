"""MLflow's own client through Checkpoint and directly, compared: the same answers, but for what is protected."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from testing import mlflow_scenario
from testing.secret_check import PASSWORD
from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.raw_client import exchange
from testing.waiting import LONG, wait_until

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

# As shipped, every stage of every model is protected: leave the models of this suite some that are not.
_RULES = """
from protection.models import ProtectionRule
ProtectionRule.objects.filter(target_pattern="stage:*").update(model_pattern="*guarded*")
"""

SHARED = [area.__name__ for area in mlflow_scenario.SHARED]
ALONE = [area.__name__ for area in mlflow_scenario.ONLY_THROUGH_CHECKPOINT]


@pytest.fixture(scope="module")
def checkpoint(mlflow_server: str, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    folder = tmp_path_factory.mktemp("mlflow-client")
    own = branch(people, folder / "state", _RULES)
    for server in run_checkpoint("gunicorn", own, folder / "server.log", CHECKPOINT_REGISTRY_URL=mlflow_server):
        _wait_for_a_look(server)
        yield server


def _wait_for_a_look(server: Checkpoint) -> None:
    """Returns once all that other tests left in this MLflow was looked at, for which deleting an experiment waits."""
    deletion, nothing = "/api/2.0/mlflow/experiments/delete", b'{"experiment_id": "987654321"}'
    wait_until(lambda: server.call(deletion, "POST", body=nothing).status != 504, "a look at all that is sealed")


@pytest.fixture(scope="module")
def seen(checkpoint: Checkpoint, mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Runs the scenario both ways at once; gives {"directly" | "through": {area: facts}}."""
    folder = tmp_path_factory.mktemp("scenario")
    ada = {"MLFLOW_TRACKING_TOKEN": checkpoint.token, "SCENARIO_PASSWORD": PASSWORD}
    through = f"http://localhost:{checkpoint.port}"
    with (
        _start(mlflow_server, "one-", SHARED, folder / "directly", {}) as first,
        _start(through, "two-", SHARED + ALONE, folder / "through", ada) as second,
    ):
        return {"directly": _result(first, folder / "directly"), "through": _result(second, folder / "through")}


def _start(
    address: str, prefix: str, areas: list[str], folder: Path, extra: dict[str, str]
) -> "subprocess.Popen[bytes]":
    folder.mkdir()
    dropped = ("MLFLOW_", "COVERAGE_", "COV_", "CHECKPOINT_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(dropped)} | extra
    environment |= {
        "TMPDIR": str(folder),
        "PYTHONWARNINGS": "ignore",
        "PYTHONPATH": str(Path(__file__).parent),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    with (folder / "out").open("wb") as output, (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, mlflow_scenario.__file__, address, prefix, *areas],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=log,
        )


def _result(process: "subprocess.Popen[bytes]", folder: Path) -> dict[str, Any]:
    try:
        code = process.wait(timeout=4 * LONG)
    finally:
        process.kill()
    assert code == 0, (folder / "log").read_text()[-4000:]
    return json.loads((folder / "out").read_text().splitlines()[-1])


@pytest.mark.parametrize("area", SHARED)
def test_client_sees_the_same_through_checkpoint(seen: dict[str, Any], area: str) -> None:
    through, directly = seen["through"][area], seen["directly"][area]
    assert "failed" not in directly, directly["failed"]
    assert "failed" not in through, through["failed"]
    assert through["facts"] == directly["facts"]


def test_model_loads_back_with_unchanged_predictions(seen: dict[str, Any]) -> None:
    _, predictions, unchanged, _ = seen["through"]["models"]["facts"][1]
    assert len(predictions) == 3
    assert all(found == unchanged for found in predictions)


def test_100_mb_artifact_comes_back_as_it_was(seen: dict[str, Any]) -> None:
    assert seen["through"]["big_artifact"]["facts"][:2] == [mlflow_scenario.BIG, True]


def test_guarded_calls_raise_with_the_address_of_the_form_and_change_nothing(
    seen: dict[str, Any], mlflow_server: str
) -> None:
    assert "failed" not in seen["through"]["guarded"], seen["through"]["guarded"]["failed"]
    stage, alias = seen["through"]["guarded"]["facts"]
    for refused, target in [(stage, "stage:Production"), (alias, "alias:champion")]:
        assert refused[:2] == ["RestException", "PERMISSION_DENIED"]
        assert "http://localhost:5000/checkpoint/promote-requests/new/?" in refused[2]
        assert target.replace(":", "%3A") in refused[2] or target in refused[2]
    version = MlflowClient(mlflow_server, mlflow_server).get_model_version("two-guarded", "1")
    assert (version.current_stage, version.aliases) == ("None", [])


def test_client_signs_in_with_user_and_token_or_password_and_not_otherwise(seen: dict[str, Any]) -> None:
    nobody, (with_token, with_password, wrong) = seen["through"]["callers"]["facts"]
    assert with_token == with_password == ["no refusal", "1"]
    assert nobody[1] == wrong[1] == "UNAUTHENTICATED"


def test_document_is_mlflows_with_our_script_before_its_own(checkpoint: Checkpoint, mlflow_server: str) -> None:
    answer = exchange(int(mlflow_server.rpartition(":")[2]), "GET", "/", [("Host", "127.0.0.1")])
    plain, tag = answer.body, answer.header("ETag")
    ours = checkpoint.call("/")
    first = plain.index(b"<script")
    assert ours.body.startswith(plain[:first])
    assert ours.body.endswith(plain[first:])
    assert b"mlflow_ui.js" in ours.body[first : len(ours.body) - len(plain[first:])]
    assert ours.header("ETag") != tag
    again = checkpoint.call("/", headers={"If-None-Match": ours.header("ETag")[0]})
    assert (again.status, again.body) == (304, b"")


def test_basic_credentials_pass_on_plain_http_too(checkpoint: Checkpoint) -> None:
    for secret, status in [(checkpoint.token, 200), (PASSWORD, 200), ("wrong", 401)]:
        pair = base64.b64encode(f"ada:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        assert checkpoint.call("/version", headers=headers, as_ada=False).status == status
