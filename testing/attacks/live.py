"""The attack corpus sent to a running Checkpoint, and what has to hold afterwards."""

import socket
import uuid
from typing import Any

from testing.attacks import Attack
from testing.attacks.stage import ARTIFACTS, Direct, Stage, build, making_of, registry_of
from testing.servers.checkpoint import Checkpoint
from testing.servers.raw_client import Exchange
from testing.waiting import wait_until

STATUSES = {"path": {400}, "bad input": {400, 413}, "refused": {403}}
"""{what an attack expects: the statuses that say it}."""


def send(checkpoint: Checkpoint, attack: Attack, *, as_ada: bool = True) -> Exchange:
    body, headers = attack.body, dict(attack.headers)
    if attack.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return checkpoint.call(attack.path, attack.method, headers, body, as_ada=as_ada)


def unchanged(mlflow: Direct, stage: Stage, approved: dict[str, Any], *, making: bool) -> None:
    found = registry_of(mlflow, stage) | (making_of(mlflow, stage) if making else {})
    assert found == {fact: value for fact, value in approved.items() if fact in found}


def await_look(checkpoint: Checkpoint, mlflow: Direct) -> None:
    """Returns once Checkpoint has looked into a registry that was changed without it: it protects a new champion."""
    probe = build(mlflow, f"probe-{uuid.uuid4().hex[:8]}")
    weights = f"{ARTIFACTS}/{probe.experiment}/{probe.run}/artifacts/weights.bin"
    wait_until(lambda: checkpoint.call(weights, "PUT", body=b"other").status == 403, "a look into the registry")


def shout(port: int, raw: bytes) -> None:
    """Sends bytes and reads until the server has been silent for a while, so that what is smuggled is acted on."""
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(raw)
        sock.settimeout(0.4)
        try:
            while sock.recv(65536):
                pass
        except (TimeoutError, ConnectionResetError):
            return
