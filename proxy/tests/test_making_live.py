"""What a champion is made of, reached by other ways than the addresses of its run, with real servers."""

import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from promote_requests.demo.mlflow_server import MlflowServer
from proxy.sealed import STALE_SECONDS
from proxy.tests.conftest import Checkpoint, run_checkpoint
from proxy.tests.stage import ARTIFACTS, Direct

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

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
def checkpoint(address: str, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("checkpoint") / "server.log"
    yield from run_checkpoint("granian", people, log, CHECKPOINT_REGISTRY_URL=address)


def test_the_files_of_a_champion_stay_that_names_its_place_and_no_run(checkpoint: Checkpoint, mlflow: Direct) -> None:
    files = []
    for root in ("http://mlflow.example/ajax-api/2.0/mlflow-artifacts/artifacts", "s3://bucket/artifacts"):
        name, folder = f"placed-{uuid.uuid4().hex[:8]}", f"mine-{uuid.uuid4().hex[:8]}/model"
        files.append(f"{ARTIFACTS}/{folder}/weights.bin")
        assert mlflow.call("PUT", files[-1], content=b"approved")[0] == 200
        mlflow.ask("POST", "registered-models/create", {"name": name})
        mlflow.ask("POST", "model-versions/create", {"name": name, "source": f"{root}/{folder}"})
        mlflow.ask("POST", "registered-models/alias", {"name": name, "alias": "champion", "version": "1"})
    time.sleep(STALE_SECONDS)  # the alias was set past Checkpoint
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
    time.sleep(STALE_SECONDS)
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
