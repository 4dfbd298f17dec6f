"""The attack corpus sent to a running Checkpoint, and what has to hold afterwards."""

import json
import socket
from importlib import metadata
from typing import Any

from testing.attacks import Attack
from testing.attacks.stage import Direct, Stage, making_of, registry_of
from testing.servers.checkpoint import Checkpoint
from testing.servers.raw_client import Exchange
from testing.waiting import wait_until

_STATUSES = {"path": {400}, "bad input": {400, 413}, "refused": {403}}


def statuses(attack: Attack) -> set[int]:
    """Returns the statuses that say what an attack expects, with the installed MLflow; not for a harmless one."""
    if attack.since > metadata.version("mlflow"):
        return {404}
    return {415} if "Content-Encoding" in attack.headers else _STATUSES[attack.expect]


def send(checkpoint: Checkpoint, attack: Attack, *, as_ada: bool = True) -> Exchange:
    body, headers = attack.body, dict(attack.headers)
    if attack.is_chunked:
        headers["Transfer-Encoding"] = "chunked"
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return checkpoint.call(attack.path, attack.method, headers, body, as_ada=as_ada)


def unchanged(mlflow: Direct, stage: Stage, approved: dict[str, Any], *, making: bool) -> None:
    found = registry_of(mlflow, stage) | (making_of(mlflow, stage) if making else {})
    assert found == {fact: value for fact, value in approved.items() if fact in found}


def wait_until_sealed(checkpoint: Checkpoint, place: str) -> None:
    """Returns once what was moved in MLflow directly is sealed, which takes longer the slower MLflow is.

    Asks for what changes nothing: MLflow knows no uploads in pieces where it keeps artifacts in a folder.
    """
    message = json.dumps({"path": place, "num_parts": 1}).encode()
    address = f"/api/2.0/mlflow-artifacts/mpu/create/{place}"
    wait_until(lambda: checkpoint.call(address, "POST", body=message).status == 403, f"the seal of {place}")


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
