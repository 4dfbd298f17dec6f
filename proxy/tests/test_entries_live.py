"""An alias of a skill or an MCP server, the whole way: refused, asked for, approved by somebody else, set in MLflow."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from testing.attacks.stage import BESIDE, Direct
from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, People, run_checkpoint
from testing.servers.raw_client import Exchange

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

HAS_SKILLS = not metadata.version("mlflow").startswith("3.17.")
_GRACE = """
import os
from pathlib import Path
from django.contrib.auth import get_user_model
from testing.people import issue_token
user = get_user_model().objects.create_user("grace", "grace@example.org", "correct horse battery")
Path(os.environ["CHECKPOINT_STATE_DIR"], "grace").write_text(issue_token(user, name="sockets")[1])
"""
JSON = {"Content-Type": "application/json"}
API = "/checkpoint/api/promote-requests/"


@pytest.fixture(scope="module")
def mlflow(mlflow_server: str) -> Iterator[Direct]:
    with closing(Direct(mlflow_server)) as direct:
        yield direct


@pytest.fixture(scope="module")
def reviewed(people: People, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Gives people among whom grace is; her token is in a file of the state folder."""
    return branch(people, tmp_path_factory.mktemp("reviewed") / "state", _GRACE)


@pytest.fixture(scope="module")
def checkpoint(mlflow_server: str, reviewed: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    log = tmp_path_factory.mktemp("entries") / "server.log"
    yield from run_checkpoint("gunicorn", reviewed, log, CHECKPOINT_REGISTRY_URL=mlflow_server)


@pytest.fixture(scope="module")
def grace(reviewed: People) -> str:
    return Path(reviewed[0]["CHECKPOINT_STATE_DIR"], "grace").read_text()


@pytest.fixture(params=["mcp", *(["skill", "skill of an organization"] if HAS_SKILLS else [])])
def entry(request: pytest.FixtureRequest, mlflow: Direct) -> tuple[str, str, list[Any]]:
    """Gives an entry's name, its path below MLflow's API and two versions: the first active, the second a draft."""
    unique = uuid.uuid4().hex[:8]
    if request.param == "mcp":
        name, numbers = f"com.example/own-{unique}", ["1.0.0", "2.0.0"]
    else:
        name, numbers = f"{'@acme/' if 'organization' in request.param else ''}own-{unique}", [1, 2]
    family, _, _ = request.param.partition(" ")
    path = f"{'mcp-servers' if family == 'mcp' else 'skills'}/{name}"
    for number, status in zip(numbers, ("active", "draft"), strict=True):
        what: dict[str, Any] = {"source_type": "git", "source": "https://example.org/x.git", "digest": f"{number}" * 64}
        if family == "mcp":
            what = {"server_json": {"name": name, "version": number, "description": f"Looks, {number}."}}
        mlflow.ask("POST", f"{path}/versions", {**what, "status": status}, api=BESIDE)
    return f"{family}:{name}", path, numbers


def send(checkpoint: Checkpoint, method: str, path: str, message: Any = None, *, token: str = "") -> Exchange:
    body = b"" if message is None else json.dumps(message).encode()
    headers = JSON | {"Authorization": f"Bearer {token or checkpoint.token}"}
    return checkpoint.call(path, method, headers, body, as_ada=False)


def refused(answer: Exchange) -> str:
    """Returns the path of the form that a refusal leads to."""
    assert answer.status == 403, answer.body
    (path,) = answer.header("X-Checkpoint-Promote-Request")
    assert path in answer.json()["message"]
    return path


def asked_for(checkpoint: Checkpoint, name: str, version: Any, kind: str, target: str, change: str = "set") -> str:
    """Returns the path of a new request in the API."""
    message = {
        "model_name": name,
        "version": str(version),
        "target": {"kind": kind, "name": target},
        "change": change,
        "title": "Better",
    }
    answer = send(checkpoint, "POST", API, message)
    assert answer.status == 201, answer.body
    return f"{API}{answer.json()['number']}/"


def approve(checkpoint: Checkpoint, path: str, *, token: str = "") -> Exchange:
    return send(checkpoint, "POST", f"{path}reviews/", {"verdict": "approve"}, token=token)


def test_an_alias_goes_the_whole_way(checkpoint, grace, mlflow, entry):
    name, path, (first, second) = entry
    alias = {"alias": "champion", "version": second}
    form = refused(send(checkpoint, "POST", f"{BESIDE}/{path}/aliases", alias))
    cookie = {"Cookie": f"checkpoint_session={checkpoint.session}"}
    page = checkpoint.call(form, headers=cookie, as_ada=False)
    assert (page.status, b"MLflow changed nothing" in page.body, b"alias:champion" in page.body) == (200, True, True)

    request = asked_for(checkpoint, name, second, "alias", "champion")
    assert approve(checkpoint, request).status == 403
    assert mlflow.ask("GET", path, api=BESIDE)["aliases"] == []
    assert approve(checkpoint, request, token=grace).status == 201
    assert send(checkpoint, "GET", request).json()["status"] == "promoted"
    assert mlflow.ask("GET", path, api=BESIDE)["aliases"] == [{"alias": "champion", "version": second}]
    tags = mlflow.ask("GET", f"{path}/versions/{second}", api=BESIDE)["tags"]
    assert tags["checkpoint.approved_by"] == "grace"
    assert tags["checkpoint.promote_request"].endswith(f"/promote-requests/{request.split('/')[-2]}/")

    # What is so already is done, as MLflow says it; what would take it away is not.
    again = send(checkpoint, "POST", f"{BESIDE}/{path}/aliases", alias)
    assert (again.status, again.json()) == (200, {})
    refused(send(checkpoint, "POST", f"{BESIDE}/{path}/aliases", alias | {"version": first}))
    refused(send(checkpoint, "DELETE", f"{BESIDE}/{path}/aliases/champion"))
    refused(send(checkpoint, "DELETE", f"{BESIDE}/{path}/versions/{second}"))
    refused(send(checkpoint, "DELETE", f"{BESIDE}/{path}"))
    assert mlflow.ask("GET", path, api=BESIDE)["aliases"] == [{"alias": "champion", "version": second}]

    page = checkpoint.call(f"/checkpoint/models/{name}/", headers=cookie, as_ada=False)
    assert (page.status, b"@champion" in page.body, b"draft" in page.body) == (200, True, True)
    removal = asked_for(checkpoint, name, second, "alias", "champion", "remove")
    assert approve(checkpoint, removal, token=grace).status == 201
    assert mlflow.ask("GET", path, api=BESIDE)["aliases"] == []
    assert send(checkpoint, "DELETE", f"{BESIDE}/{path}/versions/{second}").status == 200


def test_a_status_goes_the_whole_way(checkpoint, grace, mlflow, entry):
    name, path, (first, second) = entry
    version = f"{path}/versions/{second}"
    refused(send(checkpoint, "PATCH", f"{BESIDE}/{version}", {"status": "active"}))
    refused(send(checkpoint, "PATCH", f"{BESIDE}/{path}/versions/{first}", {"status": "draft"}))
    request = asked_for(checkpoint, name, second, "status", "active")
    compared = send(checkpoint, "GET", f"{request}comparison/").json()
    assert compared["champion"] == {"model_name": name, "version": str(first)}
    assert compared["prompt" if name.startswith("mcp") else "settings"]
    assert approve(checkpoint, request, token=grace).status == 201
    assert mlflow.ask("GET", version, api=BESIDE)["status"] == "active"


def test_what_no_rule_protects_passes_as_it_was_sent(checkpoint, mlflow, entry):
    _, path, (first, _) = entry
    alias = {"alias": "harmless/one" if path.startswith("mcp") else "harmless", "version": first}
    assert send(checkpoint, "POST", f"{BESIDE}/{path}/aliases", alias).status == 200
    assert mlflow.ask("GET", path, api=BESIDE)["aliases"] == [alias]
    tag = {"key": "team/own", "value": "search"}
    assert send(checkpoint, "POST", f"{BESIDE}/{path}/versions/{first}/tags", tag).status == 200
    assert mlflow.ask("GET", f"{path}/versions/{first}", api=BESIDE)["tags"] == {"team/own": "search"}
    assert send(checkpoint, "DELETE", f"{BESIDE}/{path}/versions/{first}/tags/team/own").status == 200
    assert send(checkpoint, "DELETE", f"/ajax-api/3.0/mlflow/{path}/aliases/{alias['alias']}").status == 200
    found = mlflow.ask("GET", f"{path}/versions/{first}", api=BESIDE)
    assert (found["tags"], found["aliases"]) == ({}, [])


@pytest.mark.skipif(HAS_SKILLS, reason="this MLflow has skills")
def test_where_there_are_no_skills_nothing_of_theirs_is_found(checkpoint):
    for method, path, message in [
        ("POST", "skills/own/aliases", {"alias": "champion", "version": 1}),
        ("POST", "skills/own/aliases", {"alias": "harmless", "version": 1}),
        ("DELETE", "skills/@acme/own/aliases/champion", None),
        ("PATCH", "skills/own/versions/1", {"status": "active"}),
        ("DELETE", "skills/own/versions/1", None),
        ("DELETE", "skills/own", None),
    ]:
        assert send(checkpoint, method, f"{BESIDE}/{path}", message).status == 404, path
    message = {
        "model_name": "skill:own",
        "version": "1",
        "target": {"kind": "alias", "name": "champion"},
        "title": "Better",
    }
    answer = send(checkpoint, "POST", API, message)
    assert answer.status == 400
    assert "There is no skill 'skill:own'" in json.dumps(answer.json())
