"""What the rulebook is made of stands in the process, and is never older than the rows."""

import pytest
from django.db import connection, transaction

from protection.choices import Enforcement
from protection.models import FreezeWindow, Ownership, ProtectionRule
from protection.rulebook import kept, rulebook

pytestmark = pytest.mark.django_db


@pytest.fixture
def a_rule():
    ProtectionRule.objects.all().delete()
    return ProtectionRule.objects.create(target_pattern="alias:live", conditions={"approvals": 2})


def approvals():
    return [rule.conditions["approvals"] for rule in rulebook().rules]


def test_an_unchanged_rule_is_the_same_object_and_costs_one_query(a_rule, django_assert_num_queries):
    (before,) = kept.rules()
    assert before == a_rule
    assert {field.attname: getattr(before, field.attname) for field in ProtectionRule._meta.concrete_fields} == {
        field.attname: getattr(a_rule, field.attname) for field in ProtectionRule._meta.concrete_fields
    }
    with django_assert_num_queries(1):
        (after,) = kept.rules()
    assert after is before


def _statement(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (lambda rule: ProtectionRule.objects.update(conditions={"approvals": 3}), [3]),
        (lambda rule: ProtectionRule.objects.bulk_update([_with(rule, 3)], ["conditions"]), [3]),
        (lambda rule: _with(rule, 3).save(), [3]),
        (lambda rule: _statement("UPDATE protection_protectionrule SET conditions = '{\"approvals\": 3}'"), [3]),
        (lambda rule: ProtectionRule.objects.bulk_create([ProtectionRule(target_pattern="model:prod")]), [2, 1]),
        (lambda rule: ProtectionRule.objects.update(enforcement=Enforcement.EVALUATE), []),
        (lambda rule: ProtectionRule.objects.all().delete(), []),
        (lambda rule: _statement("DELETE FROM protection_protectionrule"), []),
    ],
)
def test_a_rule_holds_as_it_was_written_last_by_whatever_means(a_rule, write, found):
    assert approvals() == [2]
    write(a_rule)
    assert approvals() == found


def _with(rule, count):
    rule.conditions = {"approvals": count}
    return rule


def test_what_a_rolled_back_transaction_read_serves_nobody_else(a_rule):
    assert approvals() == [2]
    with transaction.atomic():
        ProtectionRule.objects.update(conditions={"approvals": 3}, version=2)
        assert approvals() == [3]
        transaction.set_rollback(True)
    assert approvals() == [2]
    ProtectionRule.objects.update(conditions={"approvals": 4}, version=2)
    assert approvals() == [4]


def test_a_rule_that_is_put_back_as_it_was_is_what_it_was(a_rule):
    assert approvals() == [2]
    ProtectionRule.objects.update(conditions={"approvals": 3})
    assert approvals() == [3]
    ProtectionRule.objects.update(conditions={"approvals": 2})
    assert approvals() == [2]


def test_windows_and_owners_hold_as_they_were_written_last():
    window = FreezeWindow.objects.create(name="Holidays", start="2026-12-20 18:00", end="2027-01-04 08:00")
    row = Ownership.objects.create(section="Risk", people={"groups": [], "users": [{"id": 1, "name": "ada"}]})
    book = rulebook()
    assert ([each.window.name for each in book.freezes], [each.section.approvals for each in book.ownership]) == (
        ["Holidays"],
        [1],
    )
    assert rulebook().ownership is book.ownership
    FreezeWindow.objects.filter(pk=window.pk).update(model_pattern="Fraud")
    Ownership.objects.filter(pk=row.pk).update(approvals=2)
    book = rulebook()
    assert [each.model_pattern for each in book.freezes] == ["Fraud"]
    assert [each.section.approvals for each in book.ownership] == [2]
    FreezeWindow.objects.all().delete()
    Ownership.objects.all().delete()
    assert (rulebook().freezes, rulebook().ownership) == ((), ())


def test_a_rule_of_which_only_its_cover_is_read_never_reads_the_rest_later(a_rule):
    (found,) = kept.what_rules_cover()
    assert (found, str(found), found.is_active, found.version) == (a_rule, str(a_rule), True, 1)
    assert not found.holds_direct_writes(by_service_account=True)
    with pytest.raises(TypeError, match="not read"):
        _ = found.conditions
    ProtectionRule.objects.update(on_direct_write="hold")
    (changed,) = kept.what_rules_cover()
    assert changed.holds_direct_writes(by_service_account=True)
    assert kept.what_rules_cover() == (changed,)
