"""A change that a real MLflow makes after Checkpoint stopped waiting for the answer."""

import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import urllib3

from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryTimeout
from registry.mlflow import connect
from registry.proposals import Proposal
from registry.targets import Target
from testing.people import UserFactory, by
from testing.waiting import wait_until

pytestmark = [pytest.mark.mlflow, pytest.mark.django_db]


class HeldWrites(ThreadingHTTPServer):
    """Passes everything on to MLflow, and what moves a version only once `release` is set, whoever still waits."""

    daemon_threads = True

    def __init__(self, mlflow: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.mlflow, self.release, self.made = mlflow, threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *args: object) -> None:
        """Says nothing about a caller that is gone: that is the point."""


class _Passing(BaseHTTPRequestHandler):
    server: HeldWrites

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        moves = self.path.endswith(("/transition-stage", "/registered-models/alias"))
        if moves:
            self.server.release.wait(60)
        answer = urllib3.request(
            self.command, self.server.mlflow + self.path, body=body, headers={"Content-Type": "application/json"}
        )
        if moves:
            self.server.made.set()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_PATCH = do_POST

    def log_message(self, *args: object) -> None:
        """Logs nothing."""


@pytest.fixture
def held(mlflow_server: str, settings) -> Iterator[HeldWrites]:
    """Yields what stands before MLflow, for which Checkpoint waits a second."""
    with HeldWrites(mlflow_server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        settings.CHECKPOINT_REGISTRY_URL, settings.CHECKPOINT_READ_TIMEOUT = server.url, 1.0
        yield server
        server.release.set()
        server.shutdown()


@pytest.mark.parametrize("target", ["stage:Production", "alias:champion"])
def test_a_change_made_after_the_time_out_is_found_and_told_as_what_it_was(held, mlflow_server, client, target):
    import mlflow  # noqa: PLC0415 - heavy, and only these tests need it

    name = f"late-{uuid.uuid4().hex[:8]}"
    of_mlflow = mlflow.MlflowClient(tracking_uri=mlflow_server, registry_uri=mlflow_server)
    run = of_mlflow.create_run("0")
    of_mlflow.create_registered_model(name)
    of_mlflow.create_model_version(name, f"{run.info.artifact_uri}/model", run_id=run.info.run_id)
    asked = services.create(
        actor=by(UserFactory()), proposal=Proposal(name, "1", Target.parse(target)), title="Put it live"
    )
    grace = UserFactory(username="grace")
    outcome = services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    assert isinstance(outcome.failure, RegistryTimeout)

    client.force_login(grace)
    page = client.get(asked.get_absolute_url()).content.decode()
    assert "may still make the change" in page
    assert PromoteRequest.objects.get().status == Status.PROMOTING

    held.release.set()
    wait_until(held.made.is_set)
    page = client.get(asked.get_absolute_url()).content.decode()
    assert "MLflow made the change after Checkpoint had stopped waiting" in page
    done = PromoteRequest.objects.get()
    assert (done.status, done.promoted_by) == (Status.PROMOTED, grace)
    assert connect().get_version(name, "1").tags["checkpoint.approved_by"] == "grace"
