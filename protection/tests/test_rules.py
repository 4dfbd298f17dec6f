import pytest
from django.core.exceptions import ValidationError

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from protection import rules
from protection.models import ProtectionRule
from testing.factories import RuleFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db


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
