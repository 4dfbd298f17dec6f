"""Fills the measured registries: one run, one registered model with one version."""

import json
from base64 import b64encode
from typing import Any
from urllib.request import Request, urlopen

MODEL = "bench"
READ_PATH = f"/api/2.0/mlflow/model-versions/get?name={MODEL}&version=1"
PAGE_PATH = f"/#/models/{MODEL}/versions/1"


def basic_header(credentials: tuple[str, str]) -> dict[str, str]:
    """Returns the header for Basic authentication."""
    return {"Authorization": f"Basic {b64encode(':'.join(credentials).encode()).decode()}"}


def bearer_header(token: str) -> dict[str, str]:
    """Returns the header of a call with a token."""
    return {"Authorization": f"Bearer {token}"}


def session_header(session: str) -> dict[str, str]:
    """Returns the header of a browser that is signed in."""
    return {"Cookie": f"checkpoint_session={session}"}


def fill(url: str, credentials: tuple[str, str] | None = None) -> str:
    """Creates the run, the model and its version; returns the path of the run's artifacts."""
    headers = basic_header(credentials) if credentials else {}
    run = _post(url, headers, "runs/create", {"experiment_id": "0", "start_time": 0, "run_name": "bench"})["run"]
    run_id = run["info"]["run_id"]
    metrics = [{"key": f"metric_{n}", "value": n / 7, "timestamp": 0, "step": 0} for n in range(20)]
    params = [{"key": f"param_{n}", "value": str(n)} for n in range(20)]
    _post(url, headers, "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params})
    _post(url, headers, "registered-models/create", {"name": MODEL})
    source = run["info"]["artifact_uri"] + "/model"
    _post(url, headers, "model-versions/create", {"name": MODEL, "source": source, "run_id": run_id})
    return f"0/{run_id}/artifacts"


def _post(url: str, headers: dict[str, str], path: str, body: dict[str, Any]) -> Any:
    request = Request(  # noqa: S310 - an address of this program's own
        f"{url}/api/2.0/mlflow/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
    )
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)
