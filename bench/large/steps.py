"""What people do, each with the seconds that they wait for it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from bench.large.fill import MODEL
from bench.process_tree import Tree

TIMEOUT = 120.0
TAGS = "until its tags are there and MLflow rests, after the answer"
_REST = 0.5
"""Seconds in which MLflow has nothing to do."""


class WrongAnswer(Exception):
    """A step was not answered as it should be: its time would mean nothing."""


@dataclass(slots=True)
class Site:
    """A Checkpoint in front of a registry.

    Attributes:
        name: The column's heading.
        url: Without a trailing slash.
        mlflow: The processes of the MLflow behind it.
        author: Headers of the one who asks, with a token.
        reviewer: Headers of the one who approves, with a token.
        session: Headers of somebody who looks at pages.
        version: The version that the next step is about: the highest that nothing was done to.
        run_path: Where an unrelated run's artifacts lie.
        number: Of the open request.
    """

    name: str
    url: str
    mlflow: Tree
    author: dict[str, str]
    reviewer: dict[str, str]
    session: dict[str, str]
    version: int
    run_path: str
    number: int = 0

    def call(self, method: str, path: str, headers: dict[str, str], body: Any = None, *, expected: int = 200) -> bytes:
        """Makes a call and returns what was answered.

        Raises:
            WrongAnswer: another status than the expected one.
        """
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        kind = {} if data is None else {"Content-Type": "application/json"}
        url = self.url + path
        request = Request(url, data=data, headers={**headers, **kind}, method=method)  # noqa: S310 - our own
        try:
            with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                status, answered = answer.status, answer.read()
        except HTTPError as refusal:
            status, answered = refusal.code, refusal.read()
        if status != expected:
            raise WrongAnswer(f"{self.name}: {method} {path} answered {status}: {answered[:300]!r}")
        return bytes(answered)


def ask(site: Site) -> None:
    """Opens a request for a version to become Production."""
    site.version -= 1
    target = {"kind": "stage", "name": "Production"}
    body = {"model_name": MODEL, "version": str(site.version), "target": target, "title": "Bench"}
    answered = site.call("POST", "/checkpoint/api/promote-requests/", site.author, body, expected=201)
    site.number = json.loads(answered)["number"]


def look(site: Site) -> None:
    """Opens the request's page."""
    site.call("GET", f"/checkpoint/promote-requests/{site.number}/", site.session)


def approve(site: Site) -> None:
    """Approves the request, which moves the version."""
    path = f"/checkpoint/api/promote-requests/{site.number}/reviews/"
    answered = json.loads(site.call("POST", path, site.reviewer, {"verdict": "approve"}, expected=201))
    if answered["promote_request"]["status"] != "promoted":
        raise WrongAnswer(f"{site.name}: the approval did not promote: {answered}")


def wait_for_tags(site: Site) -> None:
    """Waits until what a promotion leaves to do is done: its tags, and the looks at what is sealed and listed.

    MLflow reads all versions for some of it. What somebody does meanwhile takes longer by what MLflow is busy with, so
    that the steps after it would be measured by how much of it they met.
    """
    while json.loads(site.call("GET", f"/checkpoint/api/promote-requests/{site.number}/", site.author))["tags_are_due"]:
        time.sleep(0.1)
    rests_since, spent = time.monotonic(), site.mlflow.cpu_seconds()
    while time.monotonic() - rests_since < _REST:
        time.sleep(0.1)
        if (now := site.mlflow.cpu_seconds()) - spent > 0.02:
            rests_since, spent = time.monotonic(), now


def fill_in(site: Site) -> None:
    """Opens the form of a new request with everything chosen."""
    chosen = {"model": MODEL, "version": site.version - 1, "target": "stage:Production"}
    site.call("GET", f"/checkpoint/promote-requests/new/?{urlencode(chosen)}", site.session)


def list_models(site: Site) -> None:
    """Opens the list of models."""
    site.call("GET", "/checkpoint/models/", site.session)


def show_model(site: Site) -> None:
    """Opens the model's page."""
    site.call("GET", f"/checkpoint/models/{MODEL}/", site.session)


def set_alias(site: Site) -> None:
    """Asks MLflow for a protected alias, which is refused."""
    body = {"name": MODEL, "alias": "champion", "version": str(site.version - 1)}
    site.call("POST", "/api/2.0/mlflow/registered-models/alias", site.author, body, expected=403)


def delete_version(site: Site) -> None:
    """Deletes a version that holds nothing."""
    site.version -= 1
    body = {"name": MODEL, "version": str(site.version)}
    site.call("DELETE", "/api/2.0/mlflow/model-versions/delete", site.author, body)


def delete_model(site: Site) -> None:
    """Tries to delete the model, which is refused."""
    site.call("DELETE", "/api/2.0/mlflow/registered-models/delete", site.author, {"name": MODEL}, expected=403)


def upload(site: Site) -> None:
    """Uploads an artifact of a run that no version came from."""
    path = f"/api/2.0/mlflow-artifacts/artifacts/{site.run_path}/{time.monotonic_ns()}.bin"
    site.call("PUT", path, site.author, b"x" * 10_000)


STEPS: dict[str, Callable[[Site], None]] = {
    "request": ask,
    "its page": look,
    "approve": approve,
    TAGS: wait_for_tags,
    "New": fill_in,
    "models": list_models,
    "the model's page": show_model,
    "alias, refused": set_alias,
    "delete a version": delete_version,
    "delete the model, refused": delete_model,
    "unrelated upload": upload,
}
