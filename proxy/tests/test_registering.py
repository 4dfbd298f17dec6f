"""What becomes of new versions of skills and MCP servers, which say their status at once, by the guard alone."""

import json

import pytest

from audit.models import AuditEvent
from promote_requests.models import PromoteRequest
from protection.choices import Enforcement
from protection.models import ProtectionRule, RuleInsight
from proxy.guard import entries, registrations
from proxy.guard.decide import Allowed, decide, judge_registration_again, may_pass_unread
from proxy.guard.messages import UnreadableCall
from proxy.guard.routes import classify
from proxy.refusals import Refusal
from proxy.tests.guard.calls import NOBODY, refused
from testing.people import by

pytestmark = [pytest.mark.django_db, pytest.mark.whole]

API = "/api/3.0/mlflow"
SKILL, OWNED, SERVER = "skill:reader", "skill:@acme/reader", "mcp:com.example/own"
PATHS = {
    SKILL: f"{API}/skills/reader/versions",
    OWNED: f"{API}/skills/@acme/reader/versions",
    SERVER: f"{API}/mcp-servers/com.example/own/versions",
}
TOGETHER = f"{API}/skills/bulk-register"
SOURCE = {"source": "https://example.org/x.git", "source_type": "git"}
SAID = {
    SKILL: SOURCE,
    OWNED: {"name": "reader", "organization": "acme", **SOURCE},
    SERVER: {"server_json": {"version": "2.0.0", "name": "com.example/own"}, "tools": [{"name": "z", "a": 1}]},
}


@pytest.fixture(params=PATHS)
def name(request, registry):
    registry.version = "3.18.0"
    return request.param


@pytest.fixture
def skills(registry):
    registry.version = "3.18.0"


@pytest.fixture
def only():
    """Replaces the shipped rules by one."""

    def replace(model, target, **fields):
        ProtectionRule.objects.all().delete()
        ProtectionRule.objects.create(model_pattern=model, target_pattern=target, **fields)

    return replace


def send(path, message, actor=NOBODY):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    call = {"method": "POST", "path": path, "query": "", "content_type": "", "workspace": "", "actor": actor}
    return decide(classify("POST", path), body=body, **call)


def passed(outcome):
    assert isinstance(outcome, Allowed), outcome
    return json.loads(outcome.body)


def is_unread(path):
    return may_pass_unread(method="POST", path=path, workspace="")


@pytest.mark.parametrize("status", ["active", "Active"])
def test_a_version_is_not_registered_with_a_protected_status(name, status):
    outcome = refused(send(PATHS[name], SAID[name] | {"status": status}))
    assert outcome.message == (
        f"The status active of {name} is protected: no version is registered with it. Register the version as draft, "
        "and then request the status active for it, which colleagues approve."
    )
    assert outcome.headers() == {}
    event = AuditEvent.objects.get()
    assert (event.model_name, event.version, event.target) == (name, "", "status:active")


def test_where_no_status_is_named_the_one_is_judged_that_mlflow_would_give(name):
    if name == SERVER:
        assert passed(send(PATHS[name], SAID[name])) == SAID[name] | {"status": "draft"}
    else:
        refused(send(PATHS[name], SAID[name]))


@pytest.mark.parametrize("target", ["status:*", "status:draft"])
def test_a_draft_is_let_in_under_any_rule_in_the_order_in_which_it_came(name, only, target):
    only("*", target)
    sent = {"status": "draft"} | SAID[name]
    outcome = send(PATHS[name], sent)
    assert passed(outcome) == sent
    assert outcome.body == json.dumps(sent, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("model", "target"), [("other", "status:*"), ("*", "stage:*"), ("*", "alias:*"), ("*", "status:draft")]
)
def test_what_no_rule_is_about_passes_unread(name, only, model, target):
    only(model, target)
    assert is_unread(PATHS[name])
    assert passed(send(PATHS[name], SAID[name] | {"status": "active"})) == SAID[name] | {"status": "active"}


@pytest.mark.parametrize("enforcement", [Enforcement.ACTIVE, Enforcement.EVALUATE])
def test_what_a_rule_is_about_is_read_before_it_passes(name, only, enforcement):
    only(name, "status:active", enforcement=enforcement)
    assert not is_unread(PATHS[name])
    assert is_unread(PATHS[SKILL if name == SERVER else SERVER])


def test_a_rule_that_is_switched_off_reads_nothing(name, only):
    only("*", "status:*", enforcement=Enforcement.OFF)
    assert is_unread(PATHS[name])


def test_an_mlflow_that_nobody_tried_gets_nothing_unread(name, only, registry, settings):
    only("*", "stage:*")
    registry.version = "3.19.0"
    assert not is_unread(PATHS[name])
    settings.CHECKPOINT_UNKNOWN_WRITES = "pass"
    assert is_unread(PATHS[name])


def test_a_rule_that_is_evaluated_tells_what_it_would_have_refused(name, only, django_user_model):
    ada = django_user_model.objects.create_user("ada", "ada@example.org", "correct horse battery")
    only("*", "status:active", enforcement=Enforcement.EVALUATE)
    passed(send(PATHS[name], SAID[name] | {"status": "draft"}, actor=by(ada)))
    assert not RuleInsight.objects.exists()
    passed(send(PATHS[name], SAID[name] | {"status": "active"}, actor=by(ada)))
    (insight,) = RuleInsight.objects.all()
    assert (insight.model_name, insight.target) == (name, "status:active")
    assert not AuditEvent.objects.exists()


def test_what_has_no_version_yet_is_refused_and_not_held(name, only, django_user_model):
    ada = django_user_model.objects.create_user("ada", "ada@example.org", "correct horse battery")
    only("*", "status:*", on_direct_write="hold")
    outcome = refused(send(PATHS[name], SAID[name] | {"status": "active"}, actor=by(ada)))
    assert "Register the version as draft" in outcome.message
    assert not PromoteRequest.objects.exists()


def bulk(*skills, **more):
    return {"skills": [{**SOURCE, "digest": "0" * 64, **skill} for skill in skills], **more}


def test_of_versions_that_are_registered_together_one_refused_refuses_all(skills, only):
    only("skill:@acme/writer", "status:*")
    sent = bulk({"name": "reader"}, {"name": "writer"}, organization="acme")
    outcome = refused(send(TOGETHER, sent))
    assert outcome.message.startswith("The status active of skill:@acme/writer is protected")
    for skill in sent["skills"]:
        skill["status"] = "draft"
    assert passed(send(TOGETHER, sent)) == sent
    assert passed(send(TOGETHER, bulk({"name": "reader"}, {"name": "writer"}))) == bulk(
        {"name": "reader", "status": "active"}, {"name": "writer", "status": "active"}
    )


@pytest.mark.parametrize(
    ("model", "target", "unread"),
    [
        ("skill:*", "status:active", False),
        ("skill:@acme/writer", "status:*", False),
        ("skill:reader", "alias:*", True),
        ("skill:reader", "status:draft", True),
    ],
)
def test_versions_that_are_registered_together_are_read_where_a_rule_is_about_any(skills, only, model, target, unread):
    only(model, target)
    assert is_unread(TOGETHER) is unread


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"draft","status":"active"}',
        b'{"status":"active","status":"draft"}',
        b'{"status":null}',
        b'{"status":["draft"]}',
        b'{"status":1}',
        b'{"status":"draft "}',
        b'{"status":"deleted"}',
        b'{"status":"in use"}',
        b'{"status":"draft","server_json":{"name":"a","name":"b"}}',
        b"status=active",
        b"[]",
        b"",
        b'--B\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{"status":"draft"}\r\n--B--\r\n',
    ],
)
def test_a_body_with_more_than_one_reading_registers_nothing(name, body):
    refused(send(PATHS[name], body), status=400)


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"skills": {}},
        {"skills": ["reader"]},
        bulk({}),
        bulk({"name": "Reader"}),
        bulk({"name": "@acme/reader"}),
        bulk({"name": "reader"}, organization="Acme"),
        bulk({"name": "reader"}, organization=None),
        bulk({"name": "reader", "status": None}),
        bulk({"name": "reader", "organization": "acme"}),
        bulk({"name": "reader"}, status="draft"),
    ],
)
def test_a_list_with_more_than_one_reading_registers_nothing(skills, message):
    refused(send(TOGETHER, message), status=400)


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/skills/reader/versions/",
        f"{API}/skills/reader/Versions",
        f"{API}/skills/Reader/versions",
        f"{API}/skills/Bulk-register",
        f"{API}/skills/bulk-register/",
        f"{API}/skills/@acme/bulk-register/more/versions",
        f"{API}/mcp-servers/com.example/own/more/versions",
        f"{API}/mcp-servers/com.example/versions/versions",
        f"{API}/mcp-servers/com.example/own%252Fx/versions",
    ],
)
def test_an_address_that_leaves_something_open_registers_nothing(skills, path):
    assert not is_unread(path)
    refused(send(path, {"status": "draft"}), status=400)


def test_no_skill_is_registered_where_several_are(skills):
    with pytest.raises(UnreadableCall):
        entries.read("POST", f"{API}/skills/reader", b'{"skills":[]}')


def test_what_the_body_calls_the_entry_is_not_what_is_judged(name, only):
    """A server's own name is in `server_json`, which MLflow compares with the path; any other is dropped."""
    only(name, "status:*")
    refused(send(PATHS[name], SAID[name] | {"name": "reader" if name != SERVER else "other", "status": "active"}))


def test_a_field_that_mlflow_does_not_take_never_reaches_it(name):
    sent = SAID[name] | {"status": "draft", "aliases": ["champion"]}
    if name == SERVER:
        assert passed(send(PATHS[name], sent)) == SAID[name] | {"status": "draft"}
    else:
        assert "'aliases' is no field of this call." in refused(send(PATHS[name], sent), status=400).message


def judged_again(path, body, actor=NOBODY):
    judge_registration_again(method="POST", path=path, body=body, workspace="", actor=actor)


def test_rules_that_come_while_an_upload_is_under_way_hold_for_it(name, only):
    active, draft = (json.dumps(SAID[name] | {"status": status}).encode() for status in ("active", "draft"))
    only("*", "stage:*")
    for body in (None, active, draft):
        judged_again(PATHS[name], body)
    only("*", "status:active", enforcement=Enforcement.EVALUATE)
    for body in (None, active, draft):
        judged_again(PATHS[name], body)
    only("*", "status:active")
    judged_again(PATHS[name], draft)
    with pytest.raises(Refusal) as refusal:
        judged_again(PATHS[name], None)
    assert (refusal.value.status, refusal.value.message) == (
        409,
        f"A status of {name} came under protection while this was sent. Send it again.",
    )
    with pytest.raises(Refusal, match="no version is registered with it"):
        judged_again(PATHS[name], active)
    assert AuditEvent.objects.count() == 2


@pytest.mark.mlflow
@pytest.mark.filterwarnings("ignore")  # MLflow's own, about libraries of its own
def test_the_fields_and_statuses_are_mlflows():
    from mlflow.server import mcp_server_api  # noqa: PLC0415 - loaded only where it is needed

    body = mcp_server_api.CreateMCPServerVersionRequest.model_fields
    assert set(body) == registrations.FIELDS["mcp"]
    assert body["status"].default == registrations.UNSAID["mcp"]
    skills = pytest.importorskip("mlflow.server.skill_registry_api", reason="this MLflow has no skills")
    body, each = skills.CreateSkillVersionRequest.model_fields, skills.BulkRegisterSkillRequest.model_fields
    assert set(body) == registrations.FIELDS["skill"]
    assert set(each) == registrations.FIELDS_OF_EACH
    assert set(skills.BulkRegisterSkillsRequest.model_fields) == registrations.FIELDS_TOGETHER
    assert body["status"].default == each["status"].default == registrations.UNSAID["skill"]
