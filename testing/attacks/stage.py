"""The scene of the attacks in a real MLflow, made and looked at without Checkpoint."""

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from testing.attacks import server_of, skill_of
from testing.waiting import LONG

API = "/api/2.0/mlflow"
BESIDE = "/api/3.0/mlflow"
"""Below which the registries beside the models' are."""
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"


class Direct:
    """Calls MLflow itself, over one connection, which MLflow closes when nothing was asked for some seconds."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=LONG)

    def close(self) -> None:
        self._connection.close()

    def call(
        self, method: str, path: str, *, content: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        try:
            self._connection.request(method, path, content, headers or {})
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            self._connection.request(method, path, content, headers or {})
            answer = self._connection.getresponse()
        return answer.status, answer.read()

    def ask(self, method: str, path: str, message: Any = None, *, api: str = API) -> Any:
        content = None if message is None else json.dumps(message).encode()
        headers = {"Content-Type": "application/json"}
        status, body = self.call(method, f"{api}/{path}", content=content, headers=headers)
        assert status == 200, (path, body)
        return json.loads(body)


@dataclass(frozen=True)
class Stage:
    """What `attacks.load` puts on the stage."""

    model: str
    run: str
    logged: str
    experiment: str

    @property
    def names(self) -> dict[str, str]:
        return {"run": self.run, "logged": self.logged, "experiment": self.experiment}


def build(mlflow: Direct, model: str) -> Stage:
    experiment = mlflow.ask("POST", "experiments/create", {"name": model})["experiment_id"]
    run = mlflow.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    logged = mlflow.ask("POST", "logged-models", {"experiment_id": experiment, "source_run_id": run})
    model_id = logged["model"]["info"]["model_id"]
    for path in (f"{experiment}/{run}/artifacts/weights.bin", f"{experiment}/models/{model_id}/artifacts/MLmodel"):
        assert mlflow.call("PUT", f"{ARTIFACTS}/{path}", content=b"approved")[0] == 200
    mlflow.ask("PATCH", f"logged-models/{model_id}", {"model_id": model_id, "status": "LOGGED_MODEL_READY"})
    mlflow.ask("POST", "registered-models/create", {"name": model})
    source = {"name": model, "source": f"models:/{model_id}", "run_id": run, "model_id": model_id}
    mlflow.ask("POST", "model-versions/create", source)
    mlflow.ask("POST", "model-versions/create", {"name": model, "source": f"models:/{model_id}", "model_id": model_id})
    seal = {"name": model, "version": "1", "key": "checkpoint.approved_by", "value": "grace"}
    mlflow.ask("POST", "model-versions/set-tag", seal)
    mlflow.ask("POST", "model-versions/transition-stage", {"name": model, "version": "1", "stage": "Production"})
    mlflow.ask("POST", "registered-models/alias", {"name": model, "alias": "champion", "version": "1"})
    for path in _entries(mlflow, model):
        _build_entry(mlflow, path, model)
    return Stage(model, run, model_id, experiment)


def _entries(mlflow: Direct, model: str) -> list[str]:
    """Returns the addresses of the MCP server and the skills, as far as MLflow has any: under gunicorn it has none."""
    entries = [f"mcp-servers/{server_of(model)}", f"skills/{skill_of(model)}", f"skills/@team/{skill_of(model)}"]
    return [path for path in entries if mlflow.call("GET", f"{BESIDE}/{path.partition('/')[0]}")[0] == 200]


def _build_entry(mlflow: Direct, path: str, model: str) -> None:
    is_server, numbers = path.startswith("mcp"), {"1.0.0": "active", "2.0.0": "draft"}
    for number, status in numbers.items():
        what: dict[str, Any] = {"source_type": "git", "source": "https://example.org/skills.git", "digest": "0" * 64}
        if is_server:
            what = {"server_json": {"name": server_of(model), "version": number}, "tools": [{"name": "look"}]}
        mlflow.ask("POST", f"{path}/versions", {**what, "status": status}, api=BESIDE)
    first = "1.0.0" if is_server else 1
    seal = {"key": "checkpoint.approved_by", "value": "grace"}
    mlflow.ask("POST", f"{path}/versions/{first}/tags", seal, api=BESIDE)
    mlflow.ask("POST", f"{path}/aliases", {"alias": "champion", "version": first}, api=BESIDE)


def upload(mlflow: Direct, experiment: str, files: dict[str, str]) -> str:
    """Makes a run with these artifacts and returns its id."""
    run: str = mlflow.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    for path, content in files.items():
        target = f"{ARTIFACTS}/{experiment}/{run}/artifacts/{path}"
        assert mlflow.call("PUT", target, content=content.encode())[0] == 200
    return run


def registry_of(mlflow: Direct, stage: Stage) -> dict[str, Any]:
    """Returns who holds what, and all that the registry says of the champion."""
    by_name, of_model = urlencode({"name": stage.model}), urlencode({"filter": f"name = '{stage.model}'"})
    found = mlflow.ask("GET", f"registered-models/get?{by_name}")["registered_model"]
    versions = mlflow.ask("GET", f"model-versions/search?{of_model}")
    return {
        "aliases": found.get("aliases"),
        "tags": found.get("tags"),
        "stages": {version["version"]: version["current_stage"] for version in versions["model_versions"]},
        "champion": next(version for version in versions["model_versions"] if version["version"] == "1"),
        "entries": [
            (mlflow.ask("GET", path, api=BESIDE), mlflow.ask("GET", f"{path}/versions", api=BESIDE))
            for path in _entries(mlflow, stage.model)
        ],
    }


def making_of(mlflow: Direct, stage: Stage) -> dict[str, Any]:
    """Returns what the champion is made of, artifacts byte for byte."""
    run = mlflow.ask("GET", f"runs/get?run_id={stage.run}")["run"]["info"]
    experiment = mlflow.ask("GET", f"experiments/get?experiment_id={stage.experiment}")["experiment"]
    places = {
        "run": f"{stage.experiment}/{stage.run}/artifacts",
        "logged": f"{stage.experiment}/models/{stage.logged}/artifacts",
    }
    files = {
        name: json.loads(mlflow.call("GET", f"{ARTIFACTS}?{urlencode({'path': path})}")[1])
        for name, path in places.items()
    }
    return {
        "run": run["lifecycle_stage"],
        "experiment": experiment["lifecycle_stage"],
        "logged": mlflow.ask("GET", f"logged-models/{stage.logged}")["model"]["info"]["status"],
        "files": files,
        "weights": mlflow.call("GET", f"{ARTIFACTS}/{places['run']}/weights.bin"),
        "MLmodel": mlflow.call("GET", f"{ARTIFACTS}/{places['logged']}/MLmodel"),
    }
