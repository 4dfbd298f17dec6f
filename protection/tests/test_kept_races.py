"""What stands in the process serves transactions that see different rules."""

import threading

import pytest
from django.db import connection, transaction

from protection.models import ProtectionRule
from protection.rulebook import rulebook

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def _approvals():
    return [rule.conditions["approvals"] for rule in rulebook().rules]


def test_each_transaction_judges_by_its_own_rules_while_another_changes_them():
    ProtectionRule.objects.all().delete()
    ProtectionRule.objects.create(target_pattern="alias:live", conditions={"approvals": 2})
    changed, seen, there = threading.Event(), threading.Event(), []

    def change():
        try:
            with transaction.atomic():
                ProtectionRule.objects.update(conditions={"approvals": 3})
                there.append(_approvals())
                changed.set()
                seen.wait(20)
                there.append(_approvals())
        finally:
            changed.set()
            connection.close()

    other = threading.Thread(target=change)
    other.start()
    changed.wait(20)
    before = _approvals()
    seen.set()
    other.join(20)
    assert (there, before, _approvals()) == ([[3], [3]], [2], [3])
