"""What a champion is made of, reached by other ways than the addresses of its run, with real servers."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from demo.mlflow_server import MlflowServer
from testing.attacks.live import wait_until_sealed
from testing.attacks.stage import ARTIFACTS, Direct
from testing.servers.branches import People, branch
from testing.servers.checkpoint import Checkpoint, run_checkpoint

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

_TWO_REVIEWERS = """
import os
from pathlib import Path
from django.contrib.auth import get_user_model
from testing.people import issue_token
from protection.models import ProtectionRule
ProtectionRule.objects.update(conditions={"approvals": 2})
for name in ("grace", "linus"):
    user = get_user_model().objects.create_user(name, f"{name}@example.org", "correct horse battery")
    Path(os.environ["CHECKPOINT_STATE_DIR"], name).write_text(issue_token(user, name="sockets")[1])
"""
# The address at which clients are to find artifacts; MLflow takes a source there for its own.
ROOT = "http://mlflow.example/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with MlflowServer(folder, options=("--default-artifact-root", ROOT)) as server:
        server.wait()
        yield server.url


@pytest.fixture(scope="module")
def mlflow(address: str) -> Iterator[Direct]:
    with closing(Direct(address)) as direct:
        yield direct


@pytest.fixture(scope="module")
def reviewed(people, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Gives people of whom two must approve; their tokens are in files of the state folder."""
    return branch(people, tmp_path_factory.mktemp("reviewed") / "state", _TWO_REVIEWERS)


@pytest.fixture(scope="module")
def checkpoint(address: str, reviewed: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("checkpoint") / "server.log"
    yield from run_checkpoint("gunicorn", reviewed, log, CHECKPOINT_REGISTRY_URL=address)


def test_the_files_of_a_champion_stay_that_names_its_place_and_no_run(checkpoint: Checkpoint, mlflow: Direct) -> None:
    files = []
    for root in ("http://mlflow.example/ajax-api/2.0/mlflow-artifacts/artifacts", "s3://bucket/artifacts"):
        name, folder = f"placed-{uuid.uuid4().hex[:8]}", f"mine-{uuid.uuid4().hex[:8]}/model"
        files.append(f"{ARTIFACTS}/{folder}/weights.bin")
        assert mlflow.call("PUT", files[-1], content=b"approved")[0] == 200
        mlflow.ask("POST", "registered-models/create", {"name": name})
        mlflow.ask("POST", "model-versions/create", {"name": name, "source": f"{root}/{folder}"})
        mlflow.ask("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": "1"})
    for weights in files:
        wait_until_sealed(checkpoint, weights.removeprefix(f"{ARTIFACTS}/").removesuffix("/weights.bin"))
    for weights in files:
        answers = [checkpoint.call(weights, "PUT", body=b"other").status, checkpoint.call(weights, "DELETE").status]
        assert (answers, mlflow.call("GET", weights)) == ([403, 403], (200, b"approved"))
    assert checkpoint.call(f"{files[0]}.new".replace("mine-", "yours-"), "PUT", body=b"other").status == 200


def test_the_run_of_a_champion_is_not_deleted_with_the_job_that_made_it(
    checkpoint: Checkpoint, mlflow: Direct, folder: Path
) -> None:
    name = f"optimised-{uuid.uuid4().hex[:8]}"
    experiment = mlflow.ask("POST", "experiments/create", {"name": name})["experiment_id"]
    mlflow.ask("POST", "registered-models/create", {"name": name})
    made = {}
    for job_id in ("approved", "other"):
        run = mlflow.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]
        made[job_id] = run["run_id"]
        mlflow.ask("POST", "model-versions/create", {"name": name, "source": "s3://bucket/x", "run_id": run["run_id"]})
        # What MLflow's own handler writes when it starts such a job, which needs a language model.
        job = (job_id, "optimize_prompts", json.dumps({"run_id": run["run_id"]}), "default", 0, 0, 0, 3)
        with closing(sqlite3.connect(folder / "mlflow.sqlite3")) as database, database:
            database.execute(
                "INSERT INTO jobs"
                " (id, job_name, params, workspace, creation_time, last_update_time, retry_count, status)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                job,
            )
    mlflow.ask("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": "1"})
    wait_until_sealed(checkpoint, f"{experiment}/{made['approved']}/artifacts")
    answers = {
        job_id: checkpoint.call(f"/ajax-api/3.0/mlflow/prompt-optimization/jobs/{job_id}", "DELETE").status
        for job_id in made
    }
    stages = {
        job_id: mlflow.ask("GET", f"runs/get?run_id={run_id}")["run"]["info"]["lifecycle_stage"]
        for job_id, run_id in made.items()
    }
    assert stages == {"approved": "active", "other": "deleted"}
    assert answers == {"approved": 403, "other": 200}


def test_what_the_first_reviewer_approved_is_what_the_second_one_promotes(
    checkpoint: Checkpoint, mlflow: Direct, reviewed: People
) -> None:
    name = f"judged-{uuid.uuid4().hex[:8]}"
    experiment = mlflow.ask("POST", "experiments/create", {"name": name})["experiment_id"]
    run = mlflow.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    weights = f"{ARTIFACTS}/{experiment}/{run}/artifacts/weights.bin"
    assert mlflow.call("PUT", weights, content=b"approved")[0] == 200
    mlflow.ask("POST", "registered-models/create", {"name": name})
    mlflow.ask("POST", "model-versions/create", {"name": name, "source": "s3://bucket/x", "run_id": run})
    target = {"kind": "alias", "name": "champion"}
    wish = {"model_name": name, "version": "1", "target": target, "title": "please", "description": ""}

    def api(path: str, message: dict[str, Any], token: str = "") -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        path, body = f"/checkpoint/api/promote-requests/{path}", json.dumps(message).encode()
        answer = checkpoint.call(path, "POST", headers, body, as_ada=not token)
        assert answer.status in {200, 201}, answer.body
        return answer.json()

    def rename(old: str, new: str) -> int:
        body = json.dumps({"name": old, "new_name": new}).encode()
        return checkpoint.call("/api/2.0/mlflow/registered-models/rename", "POST", body=body).status

    number = api("", wish)["number"]
    grace, linus = (Path(reviewed[0]["CHECKPOINT_STATE_DIR"], who).read_text() for who in ("grace", "linus"))
    api(f"{number}/reviews/", {"verdict": "approve", "body": ""}, grace)
    answers = [rename(name, f"{name}-away")]
    answers += [checkpoint.call(weights, "PUT", body=b"other").status, rename(f"{name}-away", name)]
    api(f"{number}/reviews/", {"verdict": "approve", "body": ""}, linus)
    model = mlflow.ask("GET", f"registered-models/get?name={name}")["registered_model"]
    assert model["aliases"] == [{"alias": "champion", "version": "1"}]
    assert mlflow.call("GET", weights) == (200, b"approved")
    assert answers == [409, 409, 404]


def test_a_name_with_outer_spaces_is_renamed_away(checkpoint: Checkpoint, mlflow: Direct) -> None:
    name = f" spaced-{uuid.uuid4().hex[:8]} "
    mlflow.ask("POST", "registered-models/create", {"name": name})
    body = json.dumps({"name": name, "new_name": name.strip()}).encode()
    answer = checkpoint.call("/api/2.0/mlflow/registered-models/rename", "POST", body=body)
    assert answer.status == 200, answer.body
    found = mlflow.ask("GET", f"registered-models/get?name={name.strip()}")
    assert found["registered_model"]["name"] == name.strip()


def test_the_files_of_a_champion_stay_among_the_artifacts_of_another_run(
    checkpoint: Checkpoint, mlflow: Direct
) -> None:
    name = f"nested-{uuid.uuid4().hex[:8]}"
    around = mlflow.ask("POST", "experiments/create", {"name": f"{name}-around"})["experiment_id"]
    outer = mlflow.ask("POST", "runs/create", {"experiment_id": around})["run"]["info"]["run_id"]
    place = f"mlflow-artifacts:/{around}/{outer}/artifacts"
    own = mlflow.ask("POST", "experiments/create", {"name": name, "artifact_location": place})["experiment_id"]
    run = mlflow.ask("POST", "runs/create", {"experiment_id": own})["run"]["info"]
    folder = f"{run['artifact_uri'].partition(':/')[2]}/model"
    weights = f"{ARTIFACTS}/{folder}/weights.bin"
    assert mlflow.call("PUT", weights, content=b"approved")[0] == 200
    below = mlflow.ask(
        "POST", "experiments/create", {"name": f"{name}-below", "artifact_location": f"mlflow-artifacts:/{folder}"}
    )["experiment_id"]
    inner = mlflow.ask("POST", "runs/create", {"experiment_id": below})["run"]["info"]["run_id"]
    mlflow.ask("POST", "registered-models/create", {"name": name})
    source = {"name": name, "source": f"{run['artifact_uri']}/model", "run_id": run["run_id"]}
    mlflow.ask("POST", "model-versions/create", source)
    mlflow.ask("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": "1"})
    wait_until_sealed(checkpoint, folder)
    upload = "/ajax-api/2.0/mlflow/upload-artifact"
    for path, method, message in (
        (f"{upload}?run_uuid={outer}&path={run['run_id']}/artifacts/model/weights.bin", "POST", b"evil"),
        (f"{upload}?run_uuid={inner}&path=more.bin", "POST", b"evil"),
        *(
            ("/api/2.0/mlflow/runs/delete", "POST", json.dumps({"run_id": one}).encode())
            for one in (run["run_id"], outer, inner)
        ),
        *(
            ("/api/2.0/mlflow/experiments/delete", "POST", json.dumps({"experiment_id": one}).encode())
            for one in (own, around, below)
        ),
    ):
        answer = checkpoint.call(path, method, {"Content-Type": "application/json"}, message)
        assert answer.status == 403, (path, answer.body)
    assert mlflow.call("GET", weights)[1] == b"approved"
