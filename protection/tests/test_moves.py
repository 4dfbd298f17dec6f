"""What a rule says of the way back, a broken glass and the next review: through every door, and merged."""

import pytest
from django.test import Client

from audit.models import AuditEvent
from foundation.exceptions import InvalidInput
from protection.documents import files
from protection.matching import Requirement, requirement_for
from protection.models import ProtectionRule, RuleVersion
from protection.moves import Moves
from protection.rulebook import rulebook
from registry.targets import Target
from testing.api_client import Api
from testing.factories import RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

ALL = {"rollback": {"approvals": 1}, "break_glass": {"consent": True}, "re_review": {"days": 90}}
WRONG = [
    ("rollback", 1, "approvals"),
    ("rollback", {"approvals": 7}, "0 to 6"),
    ("rollback", {"approvals": True}, "approvals"),
    ("rollback", {"approvals": 1, "soak": False}, "approvals"),
    ("break_glass", {"consent": "yes"}, "consent"),
    ("break_glass", {}, "consent"),
    ("re_review", {"days": 0}, "1 to 3650"),
    ("re_review", {"days": "90"}, "1 to 3650"),
]


@pytest.fixture
def api(db):
    return Api(AdministratorFactory(username="root"))


@pytest.mark.parametrize("document", [ALL, {}, {"rollback": {"approvals": 0}}, {"re_review": {"days": 1}}])
def test_what_is_said_is_written_as_it_is_read(document):
    assert Moves.parse(document).as_document() == document


def test_a_consent_that_is_not_asked_for_is_not_said():
    assert Moves.parse({"break_glass": {"consent": False}}) == Moves()


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_what_is_wrong_is_said_at_its_key(key, value, words):
    with pytest.raises(InvalidInput, match=words) as wrong:
        Moves.parse({key: value})
    assert wrong.value.field == key


@pytest.mark.parametrize(
    ("said", "together"),
    [
        ([], Moves()),
        ([Moves(1), Moves(2)], Moves(2)),
        ([Moves(1), Moves()], Moves()),
        ([Moves(needs_consent=True), Moves()], Moves(needs_consent=True)),
        ([Moves(re_review_days=90), Moves(re_review_days=30), Moves()], Moves(re_review_days=30)),
    ],
)
def test_several_rules_say_the_stricter(said, together):
    assert Moves.merged(said) == together


def test_a_requirement_keeps_it_and_reads_what_was_kept_before_there_was_any():
    RuleFactory(target_pattern="alias:live", moves=ALL)
    found = requirement_for(rulebook(), workspace="", model_name="Fraud", targets=[Target.parse("alias:live")])
    frozen = found.freeze()
    assert Requirement.thaw(frozen).moves == Moves(1, True, 90)
    del frozen["moves"]
    assert Requirement.thaw(frozen).moves == Moves()


def test_the_api_writes_reads_and_removes_it(api):
    made = api.post("protection-rules/", {"target_pattern": "alias:live", **ALL}).json()
    assert {key: made[key] for key in ALL} == ALL
    address = f"protection-rules/{made['id']}/"
    changed = api.patch(address, {"re_review": {"days": 30}}).json()
    assert (changed["re_review"], changed["rollback"], changed["version"]) == ({"days": 30}, {"approvals": 1}, 2)
    assert "rollback" not in api.patch(address, {"rollback": None}).json()
    assert RuleVersion.objects.filter(rule_id=made["id"]).latest("number").document["re_review"] == {"days": 30}
    assert (
        "re-review: 'every 90 days' became 'every 30 days'"
        in AuditEvent.objects.filter(reason__contains="re-review").latest("pk").reason
    )


READ_AS_MEANT = ({"days": "90"}, {"consent": "yes"}, {"approvals": True})
"""What the API reads from JSON as it is meant."""


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, value, _ in WRONG if value not in READ_AS_MEANT])
def test_the_api_refuses_what_is_wrong_at_its_field_and_saves_nothing(key, value, api):
    answer = api.post("protection-rules/", {"target_pattern": "alias:live", key: value})
    assert answer.status_code == 400
    assert key in answer.json()["message"]
    assert not ProtectionRule.objects.filter(target_pattern="alias:live").exists()


def test_yaml_has_it_both_ways(db):
    RuleFactory(target_pattern="alias:live", moves=ALL)
    text = files.exported()
    ProtectionRule.objects.all().delete()
    files.apply(files.parse(text), actor=by(AdministratorFactory()), delete_others=False, dry_run=False)
    assert ProtectionRule.objects.get(target_pattern="alias:live").moves == ALL
    assert files.exported() == text


def test_yaml_names_the_place_of_what_is_wrong(db):
    text = "format: 1\nrules:\n- target_pattern: alias:live\n  re_review: {days: 0}\n"
    with pytest.raises(files.Wrong, match="line 4, column 3"):
        files.apply(files.parse(text), actor=by(AdministratorFactory()), delete_others=False, dry_run=False)
    with pytest.raises(files.Wrong, match="line 4, column 3: re_review has keys and values"):
        files.parse(text.replace("{days: 0}", "30"))


def test_the_admins_form_has_a_field_for_each(registry):
    UserFactory.create_batch(2)
    client = Client()
    client.force_login(AdministratorFactory())
    values = {
        "workspace_pattern": "*",
        "model_pattern": "*",
        "target_pattern": "alias:live",
        "approvals": "2",
        "promote_when": "approved",
        "on_direct_write": "refuse",
        "on_direct_write_by_service_accounts": "same",
        "enforcement": "active",
        "rollback_approvals": "1",
        "glass_consent": "on",
        "re_review_days": "90",
    }
    add = "/checkpoint/admin/protection/protectionrule/add/"
    response = client.post(add, values | {"re_review_days": "0"})
    assert (response.status_code, list(response.context["errors"])) == (
        200,
        [["Write 1 or more."]],
    )
    assert client.post(add, values).status_code == 302
    rule = ProtectionRule.objects.get(target_pattern="alias:live")
    assert rule.moves == ALL
    page = client.get(f"/checkpoint/admin/protection/protectionrule/{rule.pk}/change/").content.decode()
    assert 'name="re_review_days" value="90"' in page
