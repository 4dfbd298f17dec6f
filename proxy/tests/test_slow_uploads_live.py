"""An upload that begins before its version holds a protected target, and ends after that: MLflow keeps the file."""

import json
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from proxy.seal.judgement import HOLDS_SECONDS
from testing.attacks.live import wait_until_sealed
from testing.attacks.stage import API, ARTIFACTS, Direct
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.raw_client import Exchange, head, read
from testing.waiting import LONG

LOOK_SECONDS = 1.5
"""What a look at all that is in use takes here on a slow machine."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture(scope="module")
def guarded(
    people: Any, tmp_path_factory: pytest.TempPathFactory, mlflow_server: str, mlflow: Direct
) -> Iterator[Checkpoint]:
    """A server that has ended its first look: during it each upload is judged for its own path, and asks MLflow."""
    log = tmp_path_factory.mktemp("slow-uploads") / "server.log"
    for checkpoint in run_checkpoint("gunicorn", people, log, CHECKPOINT_REGISTRY_URL=mlflow_server):
        model, place = waiting_version(mlflow)
        mlflow.ask("POST", "model-versions/transition-stage", {"name": model, "version": "1", "stage": "Production"})
        wait_until_sealed(checkpoint, place)
        yield checkpoint


def waiting_version(mlflow: Direct) -> tuple[str, str]:
    """Registers a version that holds nothing; returns the model's name and the place of its files."""
    model = f"slow-{uuid.uuid4().hex[:8]}"
    experiment = mlflow.ask("POST", "experiments/create", {"name": model})["experiment_id"]
    run = mlflow.ask("POST", "runs/create", {"experiment_id": experiment})["run"]["info"]["run_id"]
    place = f"{experiment}/{run}/artifacts"
    assert mlflow.call("PUT", f"{ARTIFACTS}/{place}/weights.bin", content=b"approved")[0] == 200
    mlflow.ask("POST", "registered-models/create", {"name": model})
    source = {"name": model, "source": f"mlflow-artifacts:/{place}", "run_id": run}
    mlflow.ask("POST", "model-versions/create", source)
    return model, place


def begin(checkpoint: Checkpoint, place: str, framing: tuple[str, str], first: bytes) -> socket.socket:
    """Sends the head of an upload and, once it has been judged and its body is wanted, a part of that."""
    headers = [("Host", f"127.0.0.1:{checkpoint.port}"), ("Authorization", f"Bearer {checkpoint.token}"), framing]
    sock = socket.create_connection(("127.0.0.1", checkpoint.port), LONG)
    sock.sendall(head("PUT", f"{ARTIFACTS}/{place}/weights.bin", [*headers, ("Expect", "100-continue")]))
    assert sock.recv(len(_CONTINUE)) == _CONTINUE
    sock.sendall(first)
    return sock


@pytest.mark.parametrize(
    ("framing", "first", "rest"),
    [
        (("Content-Length", "300000"), b"x" * 200_000, b"x" * 100_000),
        (("Content-Length", "8"), b"", b"replaced"),
        (("Transfer-Encoding", "chunked"), b"8\r\nreplaced\r\n", b"0\r\n\r\n"),
    ],
    ids=["half of it", "none of it", "all but its end"],
)
def test_a_file_that_came_to_be_sealed_meanwhile_is_kept(
    guarded: Checkpoint, mlflow: Direct, framing: tuple[str, str], first: bytes, rest: bytes
) -> None:
    model, place = waiting_version(mlflow)
    with begin(guarded, place, framing, first) as sock:
        mlflow.ask("POST", "model-versions/transition-stage", {"name": model, "version": "1", "stage": "Production"})
        wait_until_sealed(guarded, place)
        # A judgement holds for a moment; and a look that began before the version was moved in MLflow may end only now,
        # without it.
        time.sleep(max(2 * HOLDS_SECONDS, LOOK_SECONDS))
        wait_until_sealed(guarded, place)
        sock.sendall(rest)
        answer: Exchange = read(sock, "PUT")
    assert answer.status == 403
    assert "version 1 is in Production" in answer.json()["message"]
    assert mlflow.call("GET", f"{ARTIFACTS}/{place}/weights.bin") == (200, b"approved")


def test_an_upload_that_nothing_came_in_the_way_of_arrives_whole(guarded: Checkpoint, mlflow: Direct) -> None:
    _, place = waiting_version(mlflow)
    with begin(guarded, place, ("Content-Length", "300000"), b"x" * 200_000) as sock:
        # Long enough to be judged again.
        assert mlflow.call("GET", f"{API}/experiments/get?experiment_id={place.split('/')[0]}")[0] == 200
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(LONG)
        sock.sendall(b"x" * 100_000)
        assert read(sock, "PUT").status == 200
    assert mlflow.call("GET", f"{ARTIFACTS}/{place}/weights.bin") == (200, b"x" * 300_000)
    assert json.loads(mlflow.call("GET", f"{ARTIFACTS}?path={place}")[1])["files"]
