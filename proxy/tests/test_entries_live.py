"""An alias of a skill or an MCP server, the whole way: refused, asked for, approved by somebody else, set in MLflow."""

import io
import json
import os
import subprocess
import sys
import tarfile
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
from testing.waiting import LONG

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
_UNRULED = """
from protection.models import ProtectionRule
ProtectionRule.objects.filter(target_pattern="status:*").delete()
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
def unruled(mlflow_server: str, people: People, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkpoint]:
    """Gives a Checkpoint without a rule about statuses."""
    folder = tmp_path_factory.mktemp("unruled")
    own = branch(people, folder / "state", _UNRULED)
    yield from run_checkpoint("gunicorn", own, folder / "server.log", CHECKPOINT_REGISTRY_URL=mlflow_server)


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


def test_a_status_that_the_version_has_is_a_mistake_as_in_mlflow(checkpoint, mlflow, entry):
    _, path, (first, _) = entry
    version, sent = f"{BESIDE}/{path}/versions/{first}", json.dumps({"status": "active"}).encode()
    theirs, content = mlflow.call("PATCH", version, content=sent, headers=JSON)
    ours = send(checkpoint, "PATCH", version, {"status": "active"})
    assert (ours.status, ours.json()["error_code"]) == (theirs, json.loads(content)["error_code"])
    assert ours.status == 400


@pytest.mark.parametrize(("which", "status"), [(1, "deprecated"), (1, "draft"), (1, "Deprecated")])
def test_a_status_that_a_version_cannot_become_is_a_mistake_as_in_mlflow(checkpoint, mlflow, entry, which, status):
    _, path, numbers = entry
    version, sent = f"{BESIDE}/{path}/versions/{numbers[which]}", {"status": status}
    theirs, content = mlflow.call("PATCH", version, content=json.dumps(sent).encode(), headers=JSON)
    ours = send(checkpoint, "PATCH", version, sent)
    assert (ours.status, ours.json()["error_code"]) == (theirs, json.loads(content)["error_code"])
    assert ours.status == 400
    assert not ours.header("X-Checkpoint-Promote-Request")


def test_what_an_entry_in_use_has_already_is_done_as_in_mlflow(checkpoint, mlflow, entry):
    """What is sent, and what it comes to, is the same through Checkpoint and past it."""
    _, path, (first, _) = entry
    version = f"{BESIDE}/{path}/versions/{first}"
    calls = [("DELETE", f"{version}/tags/checkpoint.no_such_tag", None)]
    for place in (f"{BESIDE}/{path}", version):
        seal = {"key": "checkpoint.approved_by", "value": "grace"}
        assert mlflow.call("POST", f"{place}/tags", content=json.dumps(seal).encode(), headers=JSON)[0] == 200
        calls.append(("POST", f"{place}/tags", seal))
    if path.startswith("mcp"):
        said = {"tools": [{"name": "look", "inputSchema": {"type": "object"}}], "connect_options": None}
        assert mlflow.call("PATCH", version, content=json.dumps(said).encode(), headers=JSON)[0] == 200
        calls.append(("PATCH", version, said))
    for method, place, message in calls:
        ours = send(checkpoint, method, place, message)
        body = b"" if message is None else json.dumps(message).encode()
        theirs, content = mlflow.call(method, place, content=body, headers=JSON)
        assert (ours.status, _timeless(ours.json())) == (theirs, _timeless(json.loads(content))), (method, place)


def _timeless(answer: dict[str, Any]) -> dict[str, Any]:
    """Leaves out when, and the words of an error."""
    return {key: value for key, value in answer.items() if key not in {"last_updated_timestamp", "message"}}


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


def registering(name: str, path: str) -> dict[str, Any]:
    """Returns what a third version is registered with, but for its status."""
    if path.startswith("mcp"):
        return {"server_json": {"name": name.partition(":")[2], "version": "3.0.0", "description": "Looks, 3."}}
    return {"source_type": "git", "source": "https://example.org/x.git", "digest": "3" * 64}


def versions(mlflow: Direct, path: str) -> list[Any]:
    found: list[Any] = next(iter(mlflow.ask("GET", f"{path}/versions", api=BESIDE).values()))
    return found


def test_a_new_version_gets_its_status_by_a_request(checkpoint, grace, mlflow, entry):
    name, path, _ = entry
    new, before = registering(name, path), versions(mlflow, path)
    answer = send(checkpoint, "POST", f"{BESIDE}/{path}/versions", new | {"status": "active"})
    assert (answer.status, answer.header("X-Checkpoint-Promote-Request")) == (403, [])
    assert "Register the version as draft, and then request the status active" in answer.json()["message"]
    if path.startswith("skills"):
        assert send(checkpoint, "POST", f"{BESIDE}/{path}/versions", new).status == 403
    assert versions(mlflow, path) == before
    answer = send(checkpoint, "POST", f"{BESIDE}/{path}/versions", new | {"status": "draft"})
    assert (answer.status, answer.json()["status"]) == (200, "draft"), answer.body
    third = answer.json()["version"]
    assert answer.json() == mlflow.ask("GET", f"{path}/versions/{third}", api=BESIDE)
    request = asked_for(checkpoint, name, third, "status", "active")
    assert approve(checkpoint, request, token=grace).status == 201
    found = mlflow.ask("GET", path, api=BESIDE)
    assert (found["latest_version"], found["status"]) == (third, "active")


def test_where_no_rule_is_about_statuses_mlflow_answers_as_without_checkpoint(unruled, mlflow, entry):
    name, path, _ = entry
    address, new = f"{BESIDE}/{path}/versions", registering(name, path)
    for status in ("deleted", "in use", "Active", None, 3):
        body = json.dumps(new | {"status": status}).encode()
        through = send(unruled, "POST", address, new | {"status": status})
        assert (through.status, through.body) == mlflow.call("POST", address, content=body, headers=JSON)
        assert through.status != 200
    answer = send(unruled, "POST", address, new | {"status": "active"})
    assert (answer.status, answer.json()["status"]) == (200, "active"), answer.body
    assert answer.json() == mlflow.ask("GET", f"{path}/versions/{answer.json()['version']}", api=BESIDE)


def archive() -> bytes:
    """Returns a skill of two megabytes, which do not become less by compression, as MLflow's client packs it."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz") as packed:
        for name, content in {"SKILL.md": b"Read it.", "weights.bin": os.urandom(2 * 1024 * 1024)}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return found.getvalue()


def upload(checkpoint: Checkpoint, path: str, status: str, content: bytes) -> Exchange:
    said = json.dumps({"status": status}).encode()
    body = b'--B\r\nContent-Disposition: form-data; name="metadata"\r\nContent-Type: application/json\r\n\r\n' + said
    body += b'\r\n--B\r\nContent-Disposition: form-data; name="content"; filename="x.tar.gz"\r\n\r\n' + content
    headers = {"Content-Type": "multipart/form-data; boundary=B", "Authorization": f"Bearer {checkpoint.token}"}
    return checkpoint.call(f"{BESIDE}/{path}/versions", "POST", headers, body + b"\r\n--B--\r\n", as_ada=False)


@pytest.mark.skipif(not HAS_SKILLS, reason="this MLflow has no skills")
def test_files_of_a_skill_arrive_with_the_status_that_was_judged(checkpoint, unruled, mlflow):
    path, content = f"skills/own-{uuid.uuid4().hex[:8]}", archive()
    assert upload(checkpoint, path, "active", content).status == 403
    assert mlflow.call("GET", f"{BESIDE}/{path}")[0] == 404
    digests = set()
    for through, status in [(checkpoint, "draft"), (unruled, "active"), (unruled, "draft")]:
        answer = upload(through, path, status, content)
        assert (answer.status, answer.json()["status"]) == (200, status), answer.body
        assert answer.json()["source_type"] == "mlflow"
        digests.add(answer.json()["digest"])
    assert len(digests) == 1


@pytest.mark.skipif(not HAS_SKILLS, reason="this MLflow has no skills")
def test_skills_are_registered_together_as_drafts(checkpoint, unruled, mlflow):
    name = f"own-{uuid.uuid4().hex[:8]}"
    source = {"source": "https://example.org/x.git", "digest": "0" * 64}
    message = {"organization": "acme", "skills": [source | {"name": f"{name}-{number}"} for number in (1, 2)]}
    assert send(checkpoint, "POST", f"{BESIDE}/skills/bulk-register", message).status == 403
    assert mlflow.call("GET", f"{BESIDE}/skills/@acme/{name}-1")[0] == 404
    drafts = message | {"skills": [skill | {"status": "draft"} for skill in message["skills"]]}
    answer = send(checkpoint, "POST", f"{BESIDE}/skills/bulk-register", drafts)
    assert [version["status"] for version in answer.json()["skill_versions"]] == ["draft", "draft"]
    other = message | {"organization": "own"}
    answer = send(unruled, "POST", f"{BESIDE}/skills/bulk-register", other)
    assert [version["status"] for version in answer.json()["skill_versions"]] == ["active", "active"]


@pytest.mark.skipif(not HAS_SKILLS, reason="this MLflow has no skills")
def test_mlflows_own_client_uploads_a_skill_as_a_draft(checkpoint, tmp_path):
    skill = tmp_path / f"own-{uuid.uuid4().hex[:8]}"
    skill.mkdir()
    (skill / "SKILL.md").write_text(f"---\nname: {skill.name}\ndescription: Reads.\n---\nRead it.\n")
    code = "import sys, mlflow; print('STATUS', mlflow.genai.register_skill(source=sys.argv[1], status='draft').status)"
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{checkpoint.port}",
        "MLFLOW_TRACKING_TOKEN": checkpoint.token,
    }
    command = [sys.executable, "-W", "ignore", "-c", code, str(skill)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONG, check=False)
    assert "STATUS draft" in done.stdout, done.stderr
