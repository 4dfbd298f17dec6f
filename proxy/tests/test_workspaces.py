"""Checkpoint in front of an MLflow that has workspaces, and a path prefix.

The same model name in two workspaces is two models: for rules, for requests, for promotions, through every door.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from demo.mlflow_server import START_SECONDS, MlflowServer
from testing.servers.branches import branch
from testing.servers.checkpoint import Checkpoint, run_checkpoint
from testing.servers.raw_client import Exchange, exchange

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

MODEL = "fraud"

_PEOPLE_AND_RULES = """
import os
from pathlib import Path
from django.contrib.auth import get_user_model
from testing.people import issue_token
from protection.models import ProtectionRule
grace = get_user_model().objects.create_user("grace", "grace@example.org", "correct horse battery")
Path(os.environ["CHECKPOINT_STATE_DIR"], "grace").write_text(issue_token(grace, name="sockets")[1])
ProtectionRule.objects.create(workspace_pattern="team-b", target_pattern="alias:only-in-b")
ProtectionRule.objects.create(workspace_pattern="default", target_pattern="alias:only-in-default")
"""


class Setup:
    """Checkpoint, and MLflow behind it; both are asked by plain HTTP."""

    def __init__(self, checkpoint: Checkpoint, mlflow: str, grace: str) -> None:
        self.checkpoint, self.mlflow, self.grace = checkpoint, urlsplit(mlflow), grace

    def call(self, method: str, path: str, message: dict[str, Any] | None = None, workspace: str = "") -> Exchange:
        """Calls MLflow's API through Checkpoint."""
        return self.checkpoint.call(f"/api/2.0/mlflow/{path}", method, _headers(workspace), _body(message))

    def directly(self, method: str, path: str, message: dict[str, Any] | None = None, workspace: str = "") -> Any:
        """Calls MLflow itself."""
        assert self.mlflow.port
        body = _body(message)
        headers = [("Host", self.mlflow.netloc), *_headers(workspace).items(), ("Content-Length", str(len(body)))]
        answer = exchange(self.mlflow.port, method, f"{self.mlflow.path}{path}", headers, body)
        assert answer.status in {200, 201}, answer.body
        return answer.json()

    def aliases(self, workspace: str) -> dict[str, str]:
        """Returns what MLflow says of the model: {alias: version}."""
        found = self.directly("GET", f"/api/2.0/mlflow/registered-models/get?name={MODEL}", None, workspace)
        return {alias["alias"]: alias["version"] for alias in found["registered_model"].get("aliases", [])}

    def api(self, path: str, message: dict[str, Any] | None = None, *, by_grace: bool = False) -> tuple[int, Any]:
        """Calls Checkpoint's API; a message makes it a POST."""
        headers = [("Content-Type", "application/json")]
        if by_grace:
            headers.append(("Authorization", f"Bearer {self.grace}"))
        method = "GET" if message is None else "POST"
        answer = self.checkpoint.call(f"/checkpoint/api/{path}", method, headers, _body(message), as_ada=not by_grace)
        return answer.status, answer.json()

    def ask(self, workspace: str, target: str, version: str = "1") -> tuple[int, Any]:
        kind, _, name = target.partition(":")
        asked = {
            "model_name": MODEL,
            "version": version,
            "target": {"kind": kind, "name": name},
            "workspace": workspace,
        }
        return self.api("promote-requests/", {**asked, "title": "please", "description": ""})


def _headers(workspace: str) -> dict[str, str]:
    return {"Content-Type": "application/json"} | ({"X-MLFLOW-WORKSPACE": workspace} if workspace else {})


def _body(message: dict[str, Any] | None) -> bytes:
    return b"" if message is None else json.dumps(message).encode()


@pytest.fixture(scope="module")
def setup(people, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    folder = tmp_path_factory.mktemp("workspaces")
    options = ("--enable-workspaces", "--static-prefix", "/team/ml")
    with MlflowServer(folder / "mlflow", options=options) as server:
        mlflow = f"{server.url}/team/ml"
        own = branch(people, folder / "state", _PEOPLE_AND_RULES)
        server.wait_until_answering(f"{mlflow}/health", timeout=START_SECONDS)
        grace = (Path(own[0]["CHECKPOINT_STATE_DIR"]) / "grace").read_text()
        running = run_checkpoint("gunicorn", own, folder / "server.log", CHECKPOINT_REGISTRY_URL=mlflow)
        for checkpoint in running:
            made = Setup(checkpoint, mlflow, grace)
            for workspace in ("", "team-a", "team-b"):
                if workspace:
                    made.directly("POST", "/api/3.0/mlflow/workspaces", {"name": workspace})
                assert made.call("POST", "registered-models/create", {"name": MODEL}, workspace).status == 200
                for _ in range(3):
                    version = {"name": MODEL, "source": "s3://bucket/model"}
                    assert made.call("POST", "model-versions/create", version, workspace).status == 200
            yield made


def test_versions_registered_through_checkpoint_are_in_their_workspace(setup: Setup) -> None:
    extra = setup.call("POST", "model-versions/create", {"name": MODEL, "source": "s3://bucket/4"}, "team-b").json()
    assert extra["model_version"]["version"] == "4"
    search = f"model-versions/search?filter=name%3D%27{MODEL}%27"
    assert len(setup.call("GET", search, workspace="team-a").json()["model_versions"]) == 3
    assert len(setup.call("GET", search, workspace="team-b").json()["model_versions"]) == 4


def test_the_page_of_models_leads_to_every_workspace_that_mlflow_has(setup: Setup) -> None:
    headers = {"Accept": "text/html", "Cookie": f"checkpoint_session={setup.checkpoint.session}"}
    page = setup.checkpoint.call("/checkpoint/models/", headers=headers, as_ada=False).body.decode()
    for workspace in ("team-a", "team-b"):
        assert f"?workspace={workspace}" in page


def test_refusal_names_the_workspace_in_the_form(setup: Setup) -> None:
    alias = {"name": MODEL, "alias": "champion", "version": "1"}
    for workspace, named in [("team-a", ["team-a"]), ("team-b", ["team-b"]), ("", None), ("default", None)]:
        answer = setup.call("POST", "registered-models/alias", alias, workspace)
        assert answer.status == 403, answer.body
        form = urlsplit(answer.header("X-Checkpoint-Promote-Request")[0])
        assert parse_qs(form.query).get("workspace") == named
        assert setup.aliases(workspace) == {}


def test_rule_of_one_workspace_protects_that_one_only(setup: Setup) -> None:
    def move(alias: str, workspace: str) -> int:
        return setup.call(
            "POST", "registered-models/alias", {"name": MODEL, "alias": alias, "version": "1"}, workspace
        ).status

    assert [move("only-in-b", workspace) for workspace in ("team-a", "team-b", "", "default")] == [200, 403, 200, 200]
    expected = [200, 200, 403, 403]
    assert [move("only-in-default", workspace) for workspace in ("team-a", "team-b", "", "default")] == expected
    assert "only-in-b" not in setup.aliases("team-b")


def test_requests_and_promotions_of_two_workspaces_do_not_touch_each_other(setup: Setup) -> None:
    asked = {workspace: setup.ask(workspace, "alias:production") for workspace in ("team-a", "team-b", "")}
    assert [status for status, _ in asked.values()] == [201, 201, 201], asked
    numbers = {workspace: body["number"] for workspace, (_, body) in asked.items()}
    again, refused = setup.ask("default", "alias:production")
    assert again == 409, refused

    approval = {"verdict": "approve", "body": ""}
    status, body = setup.api(f"promote-requests/{numbers['team-a']}/reviews/", approval, by_grace=True)
    assert status in {200, 201}, body
    assert setup.api(f"promote-requests/{numbers['team-a']}/")[1]["status"] == "promoted"
    assert setup.aliases("team-a")["production"] == "1"
    for workspace in ("team-b", ""):
        assert "production" not in setup.aliases(workspace)
        assert setup.api(f"promote-requests/{numbers[workspace]}/")[1]["status"] == "open"

    status, body = setup.api(f"promote-requests/{numbers['']}/reviews/", approval, by_grace=True)
    assert status in {200, 201}, body
    assert setup.aliases("")["production"] == setup.aliases("default")["production"] == "1"
    assert "production" not in setup.aliases("team-b")
    tags = setup.directly("GET", f"/api/2.0/mlflow/model-versions/get?name={MODEL}&version=1", None, "team-b")
    assert not tags["model_version"].get("tags")


def test_deletion_is_judged_by_what_is_held_in_the_same_workspace(setup: Setup) -> None:
    moved = {"name": MODEL, "alias": "champion", "version": "3"}
    setup.directly("POST", "/api/2.0/mlflow/registered-models/alias", moved, "team-a")
    version = {"name": MODEL, "version": "3"}
    assert setup.call("DELETE", "model-versions/delete", version, "team-a").status == 403
    assert setup.call("DELETE", "model-versions/delete", version, "team-b").status == 200
    assert setup.aliases("team-a")["champion"] == "3"


def test_list_of_requests_is_told_apart_by_workspace(setup: Setup) -> None:
    status, body = setup.ask("team-b", "alias:staging", "2")
    assert status == 201, body
    for workspace, expected in [("team-b", True), ("team-a", False), ("default", False)]:
        _, page = setup.api(f"promote-requests/?workspace={workspace}&target=alias:staging")
        assert (body["number"] in [found["number"] for found in page["results"]]) is expected


def test_unknown_workspace_is_told_as_mlflow_tells_it(setup: Setup) -> None:
    for path in ("registered-models/get?name=fraud", "experiments/search?max_results=1"):
        answer = setup.call("GET", path, workspace="nowhere")
        assert (answer.status, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    status, body = setup.ask("nowhere", "alias:champion")
    assert status in {400, 404}, body


def test_page_and_its_files_work_behind_mlflows_path_prefix(setup: Setup) -> None:
    page = setup.checkpoint.call("/")
    assert page.status == 200
    assert b"mlflow_ui.js" in page.body
    main = re.search(rb'src="(static-files/static/js/main\.[^"]+)"', page.body)
    assert main
    asset = setup.checkpoint.call(f"/{main[1].decode()}")
    assert (asset.status, asset.is_whole) == (200, True)
    assert len(asset.body) > 1_000_000
    # The address with MLflow's own prefix is nobody's here: it was added on the way.
    assert setup.checkpoint.call("/team/ml/api/2.0/mlflow/experiments/search?max_results=1").status == 404


def test_prefix_in_the_callers_path_does_not_hide_a_guarded_call(setup: Setup) -> None:
    alias = {"name": MODEL, "alias": "champion", "version": "1"}
    before = setup.aliases("team-b")
    for prefix in ("/team/ml", "/x", "/api/2.0/mlflow"):
        path = f"{prefix}/ajax-api/2.0/mlflow/registered-models/alias"
        answer = setup.checkpoint.call(path, "POST", _headers("team-b"), _body(alias))
        assert answer.status == 403
    assert setup.aliases("team-b") == before


def test_no_workspace_deletes_the_artifacts_that_another_one_approved(setup: Setup) -> None:
    experiment = setup.directly("POST", "/api/2.0/mlflow/experiments/create", {"name": "kept"}, "team-a")
    made = {"experiment_id": experiment["experiment_id"]}
    run = setup.directly("POST", "/api/2.0/mlflow/runs/create", made, "team-a")["run"]["info"]
    place = f"{run['experiment_id']}/{run['run_id']}/artifacts"
    weights = f"/api/2.0/mlflow-artifacts/artifacts/{place}/weights.bin"
    assert setup.checkpoint.call(weights, "PUT", _headers("team-a"), b"approved").status == 200
    version = {"name": MODEL, "source": run["artifact_uri"], "run_id": run["run_id"]}
    approved = setup.directly("POST", "/api/2.0/mlflow/model-versions/create", version, "team-a")["model_version"]
    alias = {"name": MODEL, "alias": "champion", "version": approved["version"]}
    setup.directly("POST", "/api/2.0/mlflow/registered-models/alias", alias, "team-a")
    dot = "%2525252e"  # decoded four times, which MLflow does and `paths` does not
    theirs = f"workspaces/team-a/{place}"
    for path in ("workspaces", "%77orkspaces", dot, f"{dot}/workspaces", f"{dot}/{theirs}", theirs):
        for workspace in ("", "default", "team-b"):
            target = f"/api/2.0/mlflow-artifacts/artifacts/{path}"
            setup.checkpoint.call(target, "DELETE", _headers(workspace))
            assert setup.checkpoint.call(weights, headers=_headers("team-a")).body == b"approved", (path, workspace)


def test_an_mcp_server_of_one_workspace_is_not_that_of_another(setup: Setup) -> None:
    path = "/api/3.0/mlflow/mcp-servers/com.example/own"
    for workspace in ("team-a", "team-b"):
        for number in ("1.0.0", "2.0.0"):
            server = {"server_json": {"name": "com.example/own", "version": number}}
            setup.directly("POST", f"{path}/versions", server, workspace)

    def move(alias: str, workspace: str, prefix: str = "") -> Exchange:
        message = _body({"alias": alias, "version": "2.0.0"})
        return setup.checkpoint.call(f"{prefix}{path}/aliases", "POST", _headers(workspace), message)

    def aliases(workspace: str) -> list[str]:
        found = setup.directly("GET", path, None, workspace)["aliases"]
        return sorted(alias["alias"] for alias in found)

    assert move("only-in-b", "team-a").status == 200
    assert (move("only-in-b", "team-b").status, move("only-in-b", " team-b ").status) == (403, 403)
    assert move("only-in-b", "team-b", "/team/ml").status == 403
    answer = move("champion", "team-b")
    assert answer.status == 403
    form = parse_qs(urlsplit(answer.header("X-Checkpoint-Promote-Request")[0]).query)
    assert (form["workspace"], form["model"]) == (["team-b"], ["mcp:com.example/own"])
    assert (aliases("team-a"), aliases("team-b")) == (["only-in-b"], [])

    asked = {"model_name": "mcp:com.example/own", "version": "2.0.0", "workspace": "team-b", "title": "please"}
    status, made = setup.api("promote-requests/", asked | {"target": {"kind": "alias", "name": "champion"}})
    assert status == 201, made
    status, _ = setup.api(f"promote-requests/{made['number']}/reviews/", {"verdict": "approve"}, by_grace=True)
    assert status == 201
    assert (aliases("team-a"), aliases("team-b")) == (["only-in-b"], ["champion"])
