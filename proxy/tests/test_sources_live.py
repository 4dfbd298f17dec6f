"""Versions whose source is no run of MLflow's but a place that MLflow serves, with real servers."""

import uuid
from collections.abc import Iterator
from contextlib import closing

import pytest

from promote_requests.demo.mlflow_server import MlflowServer
from proxy.tests.conftest import Checkpoint, run_checkpoint
from proxy.tests.stage import ARTIFACTS, Direct

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

# The address at which clients are to find artifacts; MLflow takes a source there for its own.
ROOT = "http://mlflow.example/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with MlflowServer(tmp_path_factory.mktemp("mlflow"), options=("--default-artifact-root", ROOT)) as server:
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
    for weights in files:
        answers = [checkpoint.call(weights, "PUT", body=b"other").status, checkpoint.call(weights, "DELETE").status]
        assert (answers, mlflow.call("GET", weights)) == ([403, 403], (200, b"approved"))
    assert checkpoint.call(f"{files[0]}.new".replace("mine-", "yours-"), "PUT", body=b"other").status == 200
