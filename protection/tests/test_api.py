import pytest
from django.contrib.auth.models import Group

from protection.models import ProtectionRule
from testing.api_client import Api, assert_refused
from testing.factories import UserFactory
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db


RULE = {
    "target_pattern": "alias:live",
    "model_pattern": "fraud-*",
    "promotion": {"when": "pressed", "groups": ["Risk"]},
    "conditions": {"approvals": 2, "approvers": {"groups": ["Risk"], "users": ["grace"]}, "waiting_time": 30},
}

NOT_THERE = "No registered model is called like fraud-* now: it covers nothing until there is one."


@pytest.fixture
def risk(grace):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(UserFactory(username="linus"))
    return risk


@pytest.fixture
def api(db, registry):
    return Api(AdministratorFactory())


def test_everybody_reads_the_protection_rules_and_whoever_may_not_writes_none(db, ada):
    api = Api(ada)
    patterns = [rule["target_pattern"] for rule in api.get("protection-rules/").json()["results"]]
    assert "stage:*" in patterns
    assert_refused(api.post("protection-rules/", {"target_pattern": "alias:live"}), 403, "PERMISSION_DENIED")


def test_a_rule_is_written_and_read_with_names_and_kept_with_keys(api, risk, grace):
    made = api.post("protection-rules/", RULE)
    assert made.status_code == 201, made.content
    shown = made.json()
    assert shown == {
        "id": shown["id"],
        "version": 1,
        "warnings": [NOT_THERE],
        "description": "",
        "workspace_pattern": "*",
        "enforcement": "active",
        "on_direct_write": "refuse",
        "on_direct_write_by_service_accounts": "same",
        **RULE,
    }
    kept = ProtectionRule.objects.get(pk=shown["id"])
    assert kept.conditions["approvers"] == {
        "groups": [{"id": risk.pk, "name": "Risk"}],
        "users": [{"id": grace.pk, "name": "grace"}],
    }
    Group.objects.filter(pk=risk.pk).update(name="Risk and compliance")
    again = api.get(f"protection-rules/{shown['id']}/").json()
    assert again["conditions"]["approvers"]["groups"] == ["Risk and compliance"]
    assert again["promotion"]["groups"] == ["Risk and compliance"]


def test_a_change_keeps_the_former_rule_and_what_is_not_named(api, risk, ada):
    number = api.post("protection-rules/", RULE).json()["id"]
    changed = api.patch(f"protection-rules/{number}/", {"enforcement": "off"}).json()
    assert (changed["enforcement"], changed["version"], changed["conditions"]) == ("off", 2, RULE["conditions"])
    assert api.patch(f"protection-rules/{number}/", {"enforcement": "off"}).json()["version"] == 2
    assert api.delete(f"protection-rules/{number}/").status_code == 204
    versions = api.get(f"protection-rules/{number}/versions/").json()
    assert [one["version"] for one in versions] == [3, 2, 1]
    assert versions[0]["rule"] is None
    assert [one["rule"]["enforcement"] for one in versions[1:]] == ["off", "active"]
    assert api.get(f"protection-rules/{number}/").status_code == 404
    assert api.get("protection-rules/99999/versions/").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target_pattern": "Production"}, "start with stage:"),
        ({"enforcement": "on"}, '"on" is not known: use active, evaluate, off'),
        ({"conditions": {"approval": 1}}, "'approval' is no condition"),
        ({"conditions": {"approvals": 7}}, "from 0 to 6"),
        ({"conditions": []}, "This is an object."),
        ({"conditions": {"approvers": {"groups": ["Rsk"]}}}, "There is no group called 'Rsk'."),
        ({"conditions": {"approvers": {"groups": ["Empty"]}}}, "Empty has no active members"),
        ({"conditions": {"approvers": {"users": ["nobody"]}}}, "There is no user called 'nobody'."),
        ({"conditions": {"approvers": {"users": ["gone"]}}}, "gone is deactivated"),
        ({"conditions": {"approvers": {"groups": []}}}, "at least one group or user"),
        ({"conditions": {"approvers": {"teams": ["Risk"]}}}, "Name groups and users."),
        ({"conditions": {"approvals": 3, "approvers": {"groups": ["Risk"]}}}, "only 1 person of them can sign in"),
        ({"conditions": {"waiting_time": 0}}, "from 1 to 43200"),
        ({"conditions": {"approval_age": True}}, "from 1 to 3650"),
        ({"conditions": {"approvers": [[[[[[[[[[[]]]]]]]]]]]}}, "not nested so deeply"),
        ({"promotion": {"when": "due", "groups": ["Risk"]}}, "choose that somebody presses it"),
        ({"promotion": {"when": "later"}}, "use approved, due, pressed"),
        ({"is_enabled": True}, "Unknown field"),
    ],
)
def test_what_a_rule_cannot_be_is_said_and_nothing_is_saved(api, risk, change, says):
    Group.objects.create(name="Empty")
    UserFactory(username="gone", is_active=False)
    before = list(ProtectionRule.objects.values())
    refused = api.post("protection-rules/", {"target_pattern": "alias:live", **change})
    assert refused.status_code == 400
    assert says in refused.json()["message"]
    assert list(ProtectionRule.objects.values()) == before
