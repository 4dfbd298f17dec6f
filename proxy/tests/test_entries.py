"""What becomes of calls that change skills and MCP servers, by the fake registry."""

import json

import pytest

from audit.models import AuditEvent
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from proxy.guard import entries
from proxy.guard.decide import Allowed, decide
from proxy.guard.messages import UnreadableCall
from proxy.guard.routes import classify
from proxy.guard.rulings import Unchanged
from proxy.tests.guard.calls import NOBODY, form, refused
from registry.server_texts import server_text
from testing.people import by

pytestmark = [pytest.mark.django_db, pytest.mark.whole]

SKILL, SERVER = "skill:@acme/reader", "mcp:com.example/own"
API = "/api/3.0/mlflow"
PATHS = {SKILL: f"{API}/skills/@acme/reader", SERVER: f"{API}/mcp-servers/com.example/own"}


@pytest.fixture
def kept(registry):
    """Version 1 is active with the alias champion, 2 active with the alias trial, 3 a draft."""
    registry.version = "3.18.0"
    for name in PATHS:
        registry.add_version(name, aliases=("champion",), prompt_text="Read it.")
        registry.add_version(name, aliases=("trial",), prompt_text="Read it twice.")
        registry.add_version(name, status="draft", prompt_text="Read it three times.")
    return registry


@pytest.fixture(params=[SKILL, SERVER])
def name(request, kept):
    return request.param


def version(name: str, number: int) -> str:
    return f"{number}.0.0" if name == SERVER else str(number)


def send(method, name, rest="", message=None, actor=NOBODY):
    path = PATHS[name] + rest
    body = b"" if message is None else json.dumps(message).encode()
    call = {"method": method, "path": path, "query": "", "content_type": "", "workspace": "", "actor": actor}
    return decide(classify(method, path), body=body, **call)


def passed(outcome):
    assert isinstance(outcome, Allowed), outcome
    return None if outcome.body is None else json.loads(outcome.body)


def test_a_protected_alias_leads_to_the_form(name):
    outcome = refused(send("POST", name, "/aliases", {"alias": "champion", "version": version(name, 2)}))
    assert outcome.message.startswith(
        f"The alias champion of {name} is protected: version {version(name, 2)} gets it by a promote request that "
        "colleagues approve. Open it here: http"
    )
    assert form(outcome) == {"model": name, "version": version(name, 2), "target": "alias:champion"}
    assert AuditEvent.objects.get().model_name == name


def test_taking_a_protected_alias_away_leads_to_the_form(name):
    outcome = refused(send("DELETE", name, "/aliases/champion"))
    assert form(outcome) == {
        "model": name,
        "version": version(name, 1),
        "target": "alias:champion",
        "change": "remove",
    }
    refused(send("DELETE", name, "/aliases/production"), status=404)


def test_an_alias_that_no_rule_names_passes_written_anew(name):
    sent = {"alias": "trial", "version": version(name, 3)}
    assert passed(send("POST", name, "/aliases", sent | {"more": 1})) == sent
    assert passed(send("DELETE", name, "/aliases/trial")) is None


def test_setting_what_is_set_already_is_done_and_passes_nothing_on(name):
    outcome = send("POST", name, "/aliases", {"alias": "champion", "version": version(name, 1)})
    assert outcome == Unchanged()


def test_a_rule_may_name_a_family_alone(name):
    ProtectionRule.objects.all().delete()
    ProtectionRule.objects.create(model_pattern="skill:*", target_pattern="alias:*")
    outcome = send("POST", name, "/aliases", {"alias": "trial", "version": version(name, 1)})
    if name == SKILL:
        refused(outcome)
    else:
        passed(outcome)


def test_an_entry_and_a_model_of_its_name_have_nothing_to_do_with_each_other(name, kept):
    kept.add_version("reader", stage="Production", aliases=("champion",))
    ProtectionRule.objects.all().delete()
    ProtectionRule.objects.create(model_pattern="reader", target_pattern="alias:*")
    passed(send("POST", name, "/aliases", {"alias": "champion", "version": version(name, 2)}))


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("registered-models/delete", {"name": SKILL}),
        ("registered-models/alias", {"name": SERVER, "alias": "champion"}),
    ],
)
def test_the_calls_for_models_do_not_reach_entries(kept, operation, message):
    path = f"/api/2.0/mlflow/{operation}"
    call = {"query": "", "content_type": "", "workspace": "", "actor": NOBODY}
    body = json.dumps(message).encode()
    refused(decide(classify("DELETE", path), method="DELETE", path=path, body=body, **call), status=404)


@pytest.mark.parametrize(("number", "status"), [(3, "active"), (1, "draft"), (1, "deprecated"), (3, "Active")])
def test_a_protected_status_leads_to_the_form(name, number, status):
    outcome = refused(send("PATCH", name, f"/versions/{version(name, number)}", {"status": status}))
    assert f"The status {status.lower()} of {name} is protected" in outcome.message
    assert form(outcome) == {"model": name, "version": version(name, number), "target": f"status:{status.lower()}"}


@pytest.mark.parametrize("status", ["active", "Active"])
def test_a_status_that_the_version_has_is_the_mistake_that_mlflow_takes_it_for(name, status):
    outcome = refused(send("PATCH", name, f"/versions/{version(name, 1)}", {"status": status}), status=400)
    assert outcome.code == "INVALID_PARAMETER_VALUE"
    assert outcome.message == f"Version {version(name, 1)} of {name} is active already."
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    ("is_now", "wanted", "possible"),
    [("draft", "deprecated", "active"), ("deprecated", "draft", "active")],
)
def test_a_status_that_mlflow_would_not_give_leads_to_no_form(kept, name, ada, is_now, wanted, possible):
    """No request for it could ever be carried out."""
    ProtectionRule.objects.update(on_direct_write="hold")
    made = kept.add_version(name, status=is_now)
    outcome = refused(send("PATCH", name, f"/versions/{made.version}", {"status": wanted}, actor=by(ada)), status=400)
    assert outcome.message == f"Version {made.version} is {is_now}: MLflow lets it become {possible}."
    assert not outcome.headers()
    assert not PromoteRequest.objects.exists()


def test_an_alias_that_mlflow_would_not_give_leads_to_no_form(name):
    ProtectionRule.objects.create(target_pattern="alias:*")
    sent = {"version": version(name, 3)}
    assert "reserves 'latest'" in refused(send("POST", name, "/aliases", sent | {"alias": "latest"}), 400).message
    status = 400 if name == SKILL else 403
    refused(send("POST", name, "/aliases", sent | {"alias": "v3"}), status)


def test_what_a_version_in_use_says_is_not_exchanged_beside_the_status_that_it_has(kept):
    message = {"status": "active", "tools": []}
    outcome = refused(send("PATCH", SERVER, f"/versions/{version(SERVER, 1)}", message))
    assert "says cannot be changed, because it would change what is protected" in outcome.message
    assert AuditEvent.objects.count() == 1


def test_a_call_that_wants_more_than_a_status_is_refused_and_not_held(kept, ada):
    """A request asks for the status alone: opened for such a call, it would lose the rest without a word."""
    ProtectionRule.objects.update(on_direct_write="hold")
    path, more = f"/versions/{version(SERVER, 3)}", {"status": "active", "tools": []}
    assert "Open it here:" in refused(send("PATCH", SERVER, path, more, actor=by(ada))).message
    assert not PromoteRequest.objects.exists()
    assert "asks for it now" in refused(send("PATCH", SERVER, path, {"status": "active"}, actor=by(ada))).message


def test_leaving_a_protected_status_leads_to_the_form_too(name):
    ProtectionRule.objects.filter(target_pattern="status:*").update(target_pattern="status:active")
    outcome = refused(send("PATCH", name, f"/versions/{version(name, 1)}", {"status": "deprecated"}))
    assert outcome.message.startswith(
        f"The status active of {name} is protected: version {version(name, 1)} leaves it for deprecated by"
    )


def test_a_status_that_no_rule_names_passes(name):
    ProtectionRule.objects.filter(target_pattern="status:*").delete()
    sent = {"status": "active"}
    assert passed(send("PATCH", name, f"/versions/{version(name, 3)}", sent)) == sent


@pytest.mark.parametrize("way", ["DELETE", "PATCH"])
def test_a_version_that_holds_something_protected_is_not_deleted(name, way):
    ProtectionRule.objects.filter(target_pattern="status:*").delete()
    message = {"status": "deleted"} if way == "PATCH" else None
    outcome = refused(send(way, name, f"/versions/{version(name, 1)}", message))
    assert f"version {version(name, 1)} has the alias champion" in outcome.message
    assert form(outcome)["change"] == "remove"
    passed(send(way, name, f"/versions/{version(name, 2)}", message))
    refused(send("DELETE", name))


def test_an_entry_goes_whose_versions_hold_nothing_protected(name):
    ProtectionRule.objects.update(model_pattern="other")
    assert passed(send("DELETE", name)) is None


def test_an_active_version_is_deleted_only_after_it_left_its_status(name):
    outcome = refused(send("DELETE", name, f"/versions/{version(name, 2)}"))
    assert f"version {version(name, 2)} is active" in outcome.message
    assert form(outcome)["target"] == "status:deprecated"


def test_what_a_version_in_use_says_cannot_be_changed(kept):
    ProtectionRule.objects.filter(target_pattern="status:*").delete()
    for content in ({"tools": []}, {"connect_options": {}}):
        outcome = refused(send("PATCH", SERVER, "/versions/1.0.0", content))
        assert outcome.message.startswith(f"What version 1.0.0 of {SERVER} says cannot be changed, because")
        assert passed(send("PATCH", SERVER, "/versions/2.0.0", content)) == content


def test_what_a_version_in_use_says_already_is_answered_as_done_and_not_passed_on(kept):
    said = {"tools": [{"name": "look", "title": None}], "connect_options": {}}
    kept.add_version(SERVER, aliases=("champion",), prompt_text=server_text({"server_json": {"name": "own"}, **said}))
    for content in (said, {"tools": [{"name": "look"}]}, {"connect_options": None}):
        assert send("PATCH", SERVER, "/versions/4.0.0", content) == Unchanged(SERVER, "4.0.0")
    for content in ({"tools": [{"name": "Look"}]}, {"tools": []}, {"connect_options": {"a": {}}}):
        refused(send("PATCH", SERVER, "/versions/4.0.0", content))
    refused(send("PATCH", SERVER, "/versions/4.0.0", said | {"status": "deprecated"}))


def asked(name, number, ada, status=Status.OPEN):
    return PromoteRequest.objects.create(
        title="Better",
        model_name=name,
        version=version(name, number),
        target_kind="alias",
        target_name="champion",
        author=ada,
        status=status,
    )


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_user("ada", "ada@example.org", "correct horse battery")


def test_what_people_judge_is_neither_changed_nor_deleted(name, ada):
    ProtectionRule.objects.filter(target_pattern="status:*").delete()
    asked(name, 3, ada)
    path = f"/versions/{version(name, 3)}"
    for outcome in (send("DELETE", name, path), send("PATCH", name, path, {"status": "deleted"})):
        assert "is under review in promote request" in refused(outcome, status=409).message
    if name == SERVER:
        refused(send("PATCH", name, path, {"tools": []}), status=409)
    passed(send("PATCH", name, path, {"status": "active"}))


@pytest.mark.parametrize("rest", ["/tags", "/versions/{}/tags"])
def test_nobody_else_writes_checkpoints_tags(kept, name, rest):
    of_version = "{}" in rest
    rest = rest.format(version(name, 2))
    seal = {"checkpoint.approved_by": "ada"}
    if of_version:
        kept.set_version_tags(name, version(name, 2), seal)
    else:
        kept.set_model_tags(name, seal)
    for key in ("checkpoint.approved_by", "Checkpoint.x", " checkpoint.x", "çheckpoint.x"):
        if key != key.strip():
            refused(send("POST", name, rest, {"key": key, "value": "grace"}), status=400)
            continue
        refused(send("POST", name, rest, {"key": key, "value": "grace"}))
    refused(send("DELETE", name, f"{rest}/checkpoint.approved_by"))
    assert send("POST", name, rest, {"key": "checkpoint.approved_by", "value": "ada"}) == Unchanged()
    assert "not found" in refused(send("DELETE", name, f"{rest}/checkpoint.promoted_at"), status=404).message
    tag = {"key": "team/own", "value": ""}
    assert passed(send("POST", name, rest, tag)) == tag
    assert passed(send("DELETE", name, f"{rest}/team/own")) is None


def test_an_endpoint_may_go(kept):
    assert passed(send("DELETE", SERVER, "/endpoints/e-1")) is None


def test_what_is_not_there_is_not_found(kept):
    for method, path, message in [
        ("POST", f"{API}/skills/nobody/aliases", {"alias": "champion", "version": 1}),
        ("PATCH", f"{API}/skills/@acme/reader/versions/9", {"status": "active"}),
        ("DELETE", f"{API}/mcp-servers/com.example/nobody", None),
        ("DELETE", f"{API}/mcp-servers/com.example/own/versions/9.0.0", None),
    ]:
        body = b"" if message is None else json.dumps(message).encode()
        call = {"query": "", "content_type": "", "workspace": "", "actor": NOBODY}
        refused(decide(classify(method, path), method=method, path=path, body=body, **call), status=404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/2.0/mlflow/skills/reader/aliases"),
        ("POST", "/api/3.0/mlflow/skills/Reader/aliases"),
        ("POST", "/api/3.0/mlflow/skills/re--ader/aliases"),
        ("POST", "/api/3.0/mlflow/skills/@acme/more/reader/aliases"),
        ("POST", "/api/3.0/mlflow/skills/acme/reader/aliases"),
        ("POST", f"/api/3.0/mlflow/skills/{'a' * 65}/aliases"),
        ("POST", "/api/3.0/mlflow/skills/reader/aliases/"),
        ("DELETE", "/api/3.0/mlflow/skills/@acme"),
        ("POST", "/api/3.0/mlflow/mcp-servers/own/aliases"),
        ("POST", "/api/3.0/mlflow/mcp-servers/com.example/own/more/aliases"),
        ("POST", "/api/3.0/mlflow/mcp-servers/com.example/versions/aliases"),
        ("DELETE", "/api/3.0/mlflow/mcp-servers/com.example/own/aliases/x/versions/1.0.0"),
        ("DELETE", "/api/3.0/mlflow/mcp-servers/com.example/own/aliases/x/versions/1.0.0/tags/k"),
        ("DELETE", "/api/3.0/mlflow/mcp-servers/com.example/own/tags/x/endpoints/e-1"),
        ("PATCH", "/api/3.0/mlflow/mcp-servers/com.example/own/versions/1.0/0"),
        ("PATCH", "/api/3.0/mlflow/mcp-servers/com.example/own/versions/1.0.0%252Fx"),
        ("PATCH", "/api/3.0/mlflow/mcp-servers/com.example/own/versions/latest"),
        ("DELETE", "/gateway/api/3.0/mlflow/mcp-servers/com.example/own"),
    ],
)
def test_an_address_that_leaves_something_open_has_no_reading(method, path):
    with pytest.raises(UnreadableCall):
        entries.read(method, path, b"{}")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/3.0/mlflow/skills/reader", "skill:reader"),
        ("/ml/x/ajax-api/3.0/mlflow/skills/%40a.b/reader-2", "skill:@a.b/reader-2"),
        ("/api/3.0/mlflow/skills/aliases", "skill:aliases"),
        ("/api/3.0/mlflow/mcp-servers/io.github.Me%2Fown_server.x", "mcp:io.github.Me/own_server.x"),
    ],
)
def test_a_name_is_read_as_mlflow_reads_it(path, name):
    call = entries.read("DELETE", path, b"")
    assert (call.operation, call.message, call.sent) == ("delete-entry", {"name": name}, None)


@pytest.mark.parametrize(
    "message",
    [
        {"alias": "champion"},
        {"alias": "champion", "version": True},
        {"alias": "champion", "version": 1.0},
        {"alias": "champion", "version": "01"},
        {"alias": "champion", "version": None},
        {"alias": 1, "version": 1},
        {"alias": " champion", "version": 1},
        {"alias": "champion\n", "version": 1},
        [],
    ],
)
def test_a_body_that_mlflow_could_read_otherwise_has_no_reading(message):
    with pytest.raises(UnreadableCall):
        entries.read("POST", f"{API}/skills/reader/aliases", json.dumps(message).encode())
