"""Who made what, with MLflow's own client and a real MLflow behind Checkpoint."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from testing.attacks.stage import Direct
from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint
from testing.waiting import LONG

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

_PEOPLE = """
import os
from pathlib import Path
from django.contrib.auth import get_user_model
from testing.people import issue_token
from protection.models import ProtectionRule
ProtectionRule.objects.update(conditions={"approvals": 1, "makers": {"unknown": "block"}})
for target, soak in (("alias:soaked", "stage:Staging"), ("alias:named", "alias:candidate")):
    conditions = {"approvals": 1, "soak": {"target": soak, "hours": 24}}
    ProtectionRule.objects.create(target_pattern=target, conditions=conditions)
for name in ("grace", "linus"):
    user = get_user_model().objects.create_user(name, f"{name}@example.org", "correct horse battery")
    Path(os.environ["CHECKPOINT_STATE_DIR"], name).write_text(issue_token(user, name="sockets")[1])
"""
_MADE = """
import json, sys
import mlflow
from mlflow import MlflowClient
from mlflow.pyfunc import PythonModel

class Model(PythonModel):
    def predict(self, context, model_input: list[float]) -> list[float]:
        return model_input

name = sys.argv[1]
client = MlflowClient()
client.create_registered_model(f"{name}-free")
mlflow.set_experiment(name)
with mlflow.start_run() as run:
    mlflow.pyfunc.log_model(name="model", python_model=Model(), registered_model_name=name)
version = client.create_model_version(f"{name}-free", f"runs:/{run.info.run_id}/model", run_id=run.info.run_id)
copy = client.copy_model_version(f"models:/{name}/1", f"{name}-copy")
prompt = mlflow.genai.register_prompt(name=f"{name}-prompt", template="Say {{word}}.")
print(json.dumps({"run": run.info.run_id, "version": version.version, "copy": copy.version, "prompt": prompt.version}))
"""


@pytest.fixture(scope="module")
def own(people: People, tmp_path_factory: pytest.TempPathFactory) -> People:
    return branch(people, tmp_path_factory.mktemp("made") / "state", _PEOPLE)


@pytest.fixture(scope="module")
def checkpoint(mlflow_server: str, own: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("made") / "server.log"
    yield from run_checkpoint("gunicorn", own, log, CHECKPOINT_REGISTRY_URL=mlflow_server)


@pytest.fixture(scope="module")
def name() -> str:
    return f"made-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def made(checkpoint: Checkpoint, name: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Lets ada make a run, a logged model, versions, a copy and a prompt with MLflow's client."""
    folder = tmp_path_factory.mktemp("client")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "COV", "CHECKPOINT_"))}
    address = f"http://localhost:{checkpoint.port}"
    environment = kept | {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_REGISTRY_URI": address,
        "MLFLOW_TRACKING_TOKEN": checkpoint.token,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONWARNINGS": "ignore",
        "GIT_PYTHON_REFRESH": "quiet",
    }
    done = subprocess.run(
        [sys.executable, "-c", _MADE, name], cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def api(checkpoint: Checkpoint, path: str, message: dict[str, Any] | None = None, *, token: str = "") -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = b"" if message is None else json.dumps(message).encode()
    method = "GET" if message is None else "POST"
    return checkpoint.call(f"/checkpoint/api/promote-requests/{path}", method, headers, body, as_ada=not token)


def asked(checkpoint: Checkpoint, token: str, model_name: str, version: str, target: str) -> dict[str, Any]:
    """Opens a request for a version and returns it."""
    kind, _, rest = target.partition(":")
    wish = {"model_name": model_name, "version": version, "target": {"kind": kind, "name": rest}, "title": "please"}
    answer = api(checkpoint, "", wish, token=token)
    assert answer.status == 201, answer.body
    found: dict[str, Any] = answer.json()
    return found


def token_of(own: People, who: str) -> str:
    return Path(own[0]["CHECKPOINT_STATE_DIR"], who).read_text()


def test_whoever_logged_and_registered_a_model_is_its_maker_and_may_not_approve_it(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str
) -> None:
    request = asked(checkpoint, token_of(own, "grace"), name, "1", "stage:Production")
    deeds = {maker["deed"]: maker["name"] for maker in request["makers"]}
    assert deeds == {"registered": "ada", "created_run": "ada", "created_logged_model": "ada"}
    refused = api(checkpoint, f"{request['number']}/reviews/", {"verdict": "approve", "body": ""})
    assert refused.status == 403
    assert "somebody else has to approve it" in refused.json()["message"]
    approved = api(
        checkpoint, f"{request['number']}/reviews/", {"verdict": "approve", "body": ""}, token=token_of(own, "linus")
    )
    assert approved.json()["promote_request"]["status"] == "promoted"


@pytest.mark.parametrize("what", ["free", "copy", "prompt"])
def test_versions_copies_and_prompts_are_known_by_their_makers(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str, what: str
) -> None:
    request = asked(checkpoint, token_of(own, "grace"), f"{name}-{what}", "1", "alias:champion")
    assert {maker["name"] for maker in request["makers"]} == {"ada"}
    assert "makers_unknown" not in [missing["code"] for missing in request["unmet"]]


def test_makers_keep_what_they_made_when_the_model_is_renamed(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str
) -> None:
    body = json.dumps({"name": f"{name}-renamed-before", "source": f"models:/{name}/1"}).encode()
    create = json.dumps({"name": f"{name}-renamed-before"}).encode()
    assert checkpoint.call("/api/2.0/mlflow/registered-models/create", "POST", body=create).status == 200
    assert checkpoint.call("/ajax-api/2.0/mlflow/model-versions/create", "POST", body=body).status == 200
    rename = json.dumps({"name": f"{name}-renamed-before", "newName": f"{name}-renamed"}).encode()
    assert checkpoint.call("/api/2.0/mlflow/registered-models/rename", "POST", body=rename).status == 200
    request = asked(checkpoint, token_of(own, "grace"), f"{name}-renamed", "1", "alias:champion")
    assert {maker["name"] for maker in request["makers"]} == {"ada"}


def test_a_promotions_copy_has_the_makers_of_its_original(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str
) -> None:
    grace, linus = token_of(own, "grace"), token_of(own, "linus")
    request = asked(checkpoint, grace, f"{name}-free", "1", f"model:prod.{name}")
    approve = {"verdict": "approve", "body": ""}
    done = api(checkpoint, f"{request['number']}/reviews/", approve, token=linus).json()
    assert done["promote_request"]["status"] == "promoted", done
    copied = asked(checkpoint, grace, f"prod.{name}", "1", "alias:live")
    assert {maker["name"] for maker in copied["makers"]} == {"ada"}


def test_what_was_made_past_checkpoint_is_unknown_and_so_is_a_number_that_is_used_again(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str, mlflow_server: str
) -> None:
    client, again = MlflowClient(mlflow_server, mlflow_server), f"{name}-again"
    body = json.dumps({"name": again}).encode()
    assert checkpoint.call("/api/2.0/mlflow/registered-models/create", "POST", body=body).status == 200
    body = json.dumps({"name": again, "source": "s3://bucket/model"}).encode()
    assert checkpoint.call("/api/2.0/mlflow/model-versions/create", "POST", body=body).status == 200
    client.delete_registered_model(again)
    client.create_registered_model(again)
    client.create_model_version(again, "s3://bucket/model", run_id=made["run"])
    request = asked(checkpoint, token_of(own, "grace"), again, "1", "alias:champion")
    deeds = {(maker["deed"], maker["name"]) for maker in request["makers"]}
    assert deeds == {("registered", None), ("created_run", "ada")}
    assert "makers_unknown" in [missing["code"] for missing in request["unmet"]]


def until(request: dict[str, Any]) -> datetime:
    """Returns when a version will have soaked."""
    (missing,) = [missing for missing in request["unmet"] if missing["code"] == "soak"]
    return datetime.fromisoformat(missing["until"])


def move(mlflow_server: str, model_name: str, stage: str) -> None:
    """Moves version 1 past Checkpoint."""
    with closing(Direct(mlflow_server)) as mlflow:
        message = {"name": model_name, "version": "1", "stage": stage, "archive_existing_versions": False}
        mlflow.ask("POST", "model-versions/transition-stage", message)


def changed(mlflow_server: str, model_name: str) -> datetime:
    """Returns when MLflow changed version 1 last."""
    found = MlflowClient(mlflow_server, mlflow_server).get_model_version(model_name, "1")
    return datetime.fromtimestamp(found.last_updated_timestamp / 1000, UTC)


def test_a_stage_soaks_since_mlflow_says_and_an_edit_through_checkpoint_begins_nothing_anew(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str, mlflow_server: str
) -> None:
    free = f"{name}-free"
    move(mlflow_server, free, "Staging")
    began = changed(mlflow_server, free)
    number = asked(checkpoint, token_of(own, "grace"), free, "1", "alias:soaked")["number"]
    look = {"verdict": "request_changes", "body": "Wait."}
    edit = json.dumps({"name": free, "version": "1", "description": "Of today."}).encode()
    assert checkpoint.call("/api/2.0/mlflow/model-versions/update", "PATCH", body=edit).status == 200
    assert changed(mlflow_server, free) > began

    def seen_again() -> datetime:
        approve = {"verdict": "approve", "body": ""}
        answer = api(checkpoint, f"{number}/reviews/", approve, token=token_of(own, "linus"))
        return until(answer.json()["promote_request"])

    assert api(checkpoint, f"{number}/reviews/", look, token=token_of(own, "linus")).status == 201
    assert seen_again() == began + timedelta(hours=24)
    move(mlflow_server, free, "None")
    move(mlflow_server, free, "Staging")
    assert seen_again() == changed(mlflow_server, free) + timedelta(hours=24)


def test_an_alias_soaks_since_checkpoint_passed_the_call_on(
    checkpoint: Checkpoint, own: People, made: dict[str, Any], name: str
) -> None:
    before = datetime.now(UTC)
    body = json.dumps({"name": f"{name}-free", "alias": "candidate", "version": "1"}).encode()
    assert checkpoint.call("/api/2.0/mlflow/registered-models/alias", "POST", body=body).status == 200
    after = datetime.now(UTC)
    time.sleep(1)
    ends = until(asked(checkpoint, token_of(own, "grace"), f"{name}-free", "1", "alias:named")) - timedelta(hours=24)
    assert before <= ends <= after
