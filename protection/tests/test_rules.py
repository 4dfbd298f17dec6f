import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from protection import rules
from protection.documents.history import differences
from protection.models import ProtectionRule
from testing.factories import RuleFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db

WEEKEND = {"start": "0 18 * * 5", "end": "0 8 * * 1", "timezone": "Europe/Berlin", "name": "weekend"}
QUESTION = {"question": "Is it safe?", "type": "yes_no"}


@pytest.fixture
def administrator(db):
    return AdministratorFactory(username="root")


def changes():
    return AuditEvent.objects.filter(action=AuditAction.RULE_CHANGED)


@pytest.mark.parametrize("pattern", ["stage:*", "stage:production", "stage:Prod*", "alias:champion", "model:prod.*"])
def test_a_pattern_that_can_match_is_taken(pattern):
    ProtectionRule(target_pattern=pattern, model_pattern="odd*").full_clean()


def test_space_around_a_pattern_is_refused_by_the_model(db):
    with pytest.raises(ValidationError, match="space"):
        ProtectionRule(target_pattern="alias:live", model_pattern=" fraud").full_clean()


def test_the_service_refuses_who_may_not_edit_rules_and_records_it(ada):
    with pytest.raises(NotAllowed, match="permission"):
        rules.save_rule(actor=by(ada), rule=ProtectionRule(target_pattern="alias:live"))
    with pytest.raises(NotAllowed, match="permission"):
        rules.delete_rule(actor=by(ada), rule=ProtectionRule.objects.first())
    assert AuditEvent.objects.filter(action=AuditAction.REFUSED).count() == 2
    assert not changes().exists()


def test_the_service_names_the_field_that_is_wrong(administrator):
    with pytest.raises(InvalidInput) as refusal:
        rules.save_rule(actor=by(administrator), rule=ProtectionRule(target_pattern="everything"))
    assert refusal.value.field == "target_pattern"


def test_a_rule_that_somebody_adds_at_the_same_moment_is_refused_not_a_fault(administrator, monkeypatch):
    rule = RuleFactory.build()
    check, looks = ProtectionRule.full_clean, []

    def be_slower(self):
        check(self)
        if not looks:
            looks.append(RuleFactory(target_pattern=rule.target_pattern))

    monkeypatch.setattr(ProtectionRule, "full_clean", be_slower)
    with pytest.raises(InvalidInput, match="already exists"):
        rules.save_rule(actor=by(administrator), rule=rule)
    assert not changes().exists()


def test_the_service_refuses_a_rule_that_is_gone(administrator):
    rule = RuleFactory()
    ProtectionRule.objects.filter(pk=rule.pk).delete()
    with pytest.raises(WrongState, match="deleted"):
        rules.save_rule(actor=by(administrator), rule=rule)
    with pytest.raises(WrongState, match="deleted"):
        rules.delete_rule(actor=by(administrator), rule=rule)


@pytest.mark.parametrize(
    ("key", "before", "after", "said"),
    [
        (
            "freeze_windows",
            [WEEKEND],
            [WEEKEND | {"end": "0 9 * * 1"}],
            ["0 18 * * 5 to 0 8 * * 1 Europe/Berlin: weekend", "0 18 * * 5 to 0 9 * * 1 Europe/Berlin: weekend"],
        ),
        ("questions", [QUESTION], [QUESTION | {"type": "text"}], ["“Is it safe?” (yes/no)", "“Is it safe?” (text)"]),
        (
            "questions",
            [QUESTION | {"type": "choice", "choices": ["yes", "no"]}],
            [QUESTION | {"type": "choice", "choices": ["yes", "hardly"]}],
            ["“Is it safe?” (choice: yes, no)", "“Is it safe?” (choice: yes, hardly)"],
        ),
    ],
)
def test_whatever_changes_in_a_condition_makes_a_version_is_in_the_trail_and_stops_a_stale_editor(
    administrator, key, before, after, said
):
    rule = rules.save_rule(actor=by(administrator), rule=RuleFactory.build(conditions={key: before}))
    stale = ProtectionRule.objects.get(pk=rule.pk)
    rule.conditions = {key: after}
    assert rules.save_rule(actor=by(administrator), rule=rule).version == 2
    changed, added = rules.versions_of(rule.pk)
    told = changes().latest("pk").reason
    (in_history,) = differences(added.document, changed.document)
    assert all(words in told and words in in_history for words in said)
    with pytest.raises(WrongState, match="changed this rule") as refused:
        rules.save_rule(actor=by(administrator), rule=stale)
    assert all(words in refused.value.message for words in said)


def test_a_group_that_is_renamed_is_the_same_and_one_that_took_its_name_is_another(administrator, ada):
    def risk():
        made = Group.objects.create(name="Risk")
        made.user_set.add(ada)
        return made

    former = risk()
    asking = {"approvers": {"groups": ["Risk"]}}
    rule = rules.save_rule(actor=by(administrator), rule=RuleFactory.build(conditions=asking))
    Group.objects.filter(pk=former.pk).update(name="Risk and compliance")
    assert rules.save_rule(actor=by(administrator), rule=rule).version == 1
    Group.objects.filter(pk=former.pk).update(name="Risk")
    assert rules.save_rule(actor=by(administrator), rule=rule).version == 1
    former.delete()
    risk()
    rule.conditions = asking
    assert rules.save_rule(actor=by(administrator), rule=rule).version == 2
    assert changes().latest("pk").reason.endswith("of *: the same words, for other people, groups or settings")
    changed, added = rules.versions_of(rule.pk)
    assert differences(added.document, changed.document) == ["the same words, for other people, groups or settings"]
