"""MLflow's AI gateway must not be made to call MLflow itself, past Checkpoint; with real servers."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from demo.mlflow_server import MlflowServer
from testing.attacks.live import wait_until_sealed
from testing.attacks.stage import Direct, build, making_of, registry_of
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.raw_client import Exchange

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

JSON = "application/json"

# As an operator sets it who runs a language model of their own; by default MLflow calls public addresses only.
PRIVATE = {
    "MLFLOW_GATEWAY_API_BASE_ALLOW_PRIVATE_IPS": "true",
    "MLFLOW_GATEWAY_API_BASE_ALLOWED_SCHEMES": "http,https",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with MlflowServer(tmp_path_factory.mktemp("mlflow"), environment=PRIVATE) as server:
        server.wait()
        yield server.url


@pytest.fixture(scope="module")
def checkpoint(address: str, people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("checkpoint") / "server.log"
    yield from run_checkpoint("gunicorn", people, log, CHECKPOINT_REGISTRY_URL=address)


@pytest.fixture(scope="module")
def gateway(checkpoint: Checkpoint, address: str) -> str:
    """Gives an endpoint of the gateway that calls MLflow itself, made through Checkpoint."""
    return made_endpoint(checkpoint, {"api_base": address})


def made_endpoint(checkpoint: Checkpoint, auth_config: dict[str, str]) -> str:
    """Makes an endpoint of the gateway and returns its path; "" where that is refused."""
    name = f"called-{uuid.uuid4().hex[:8]}"
    path = "/ajax-api/3.0/mlflow/gateway"
    secret = {"secret_name": name, "provider": "openai", "secret_value": {"api_key": "x"}, "auth_config": auth_config}
    answer = post(checkpoint, f"{path}/secrets/create", secret)
    if answer.status == 403:
        return ""
    secret_id = answer.json()["secret"]["secret_id"]
    model = {"name": name, "secret_id": secret_id, "provider": "openai", "model_name": "m"}
    made = post(checkpoint, f"{path}/model-definitions/create", model).json()["model_definition"]
    config = {"model_definition_id": made["model_definition_id"], "linkage_type": "PRIMARY", "weight": 1}
    answer = post(checkpoint, f"{path}/endpoints/create", {"name": name, "model_configs": [config]})
    assert answer.status == 200, answer.body
    return f"/gateway/proxy/{name}"


def post(checkpoint: Checkpoint, path: str, message: dict[str, Any]) -> Exchange:
    body = json.dumps(message).encode()
    return checkpoint.call(path, "POST", {"Content-Type": JSON}, body)


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize(
    "path",
    [
        "runs/delete",
        "runs/delete%3F",
        "runs/delete%3fx",
        "runs/delete%23x",
        "runs%2fdelete%253F",
        "registered-models/alias",
        "registered-models/alias%3Fx",
        "registered-models/alias%23",
    ],
)
def test_the_gateway_changes_nothing_that_is_protected(
    checkpoint: Checkpoint, gateway: str, address: str, path: str
) -> None:
    with closing(Direct(address)) as mlflow:
        stage = build(mlflow, f"called-{uuid.uuid4().hex[:8]}")
        before = registry_of(mlflow, stage) | making_of(mlflow, stage)
        wait_until_sealed(checkpoint, f"{stage.experiment}/{stage.run}/artifacts")
        message = {"run_id": stage.run, "name": stage.model, "alias": "champion", "version": "2"}
        post(checkpoint, f"{gateway}/api/2.0/mlflow/{path}", message)
        assert registry_of(mlflow, stage) | making_of(mlflow, stage) == before


@pytest.mark.parametrize(
    "auth_config",
    [
        {"api_base": "$MLFLOW/api/2.0/mlflow/registered-models/v1"},
        {"api_base": "$MLFLOW/api/2.0/mlflow/registered%2Dmodels/v1"},
        {"api_base": "$MLFLOW", "api_type": "azure", "api_version": "1", "deployment_name": "$UP/registered-models/v1"},
    ],
)
def test_the_gateway_is_not_set_up_to_call_the_registry(
    checkpoint: Checkpoint, address: str, auth_config: dict[str, str]
) -> None:
    for key, value in auth_config.items():
        auth_config[key] = value.replace("$MLFLOW", address).replace("$UP", "../../api/2.0/mlflow")
    with closing(Direct(address)) as mlflow:
        stage = build(mlflow, f"called-{uuid.uuid4().hex[:8]}")
        before = registry_of(mlflow, stage)
        if endpoint := made_endpoint(checkpoint, auth_config):
            post(checkpoint, f"{endpoint}/alias", {"name": stage.model, "alias": "champion", "version": "2"})
        assert registry_of(mlflow, stage) == before


def test_the_gateway_does_call_mlflow(checkpoint: Checkpoint, gateway: str, address: str) -> None:
    path, message = f"{gateway}/api/2.0/mlflow/experiments/search", {"max_results": 1}
    with closing(Direct(address)) as mlflow:
        status, body = mlflow.call("POST", path, content=json.dumps(message).encode(), headers={"Content-Type": JSON})
    assert (status, bool(json.loads(body)["experiments"])) == (200, True)
    assert post(checkpoint, path, message).status == 403
