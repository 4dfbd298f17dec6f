"""Different values in many rows, on whichever database the tests run."""

from datetime import UTC, datetime

import pytest

from foundation.database.updating import update_each
from notifications.models import Delivery, Webhook
from testing.people import AdministratorFactory

pytestmark = [pytest.mark.django_db, pytest.mark.every_database]

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


@pytest.fixture
def rows():
    hook = Webhook.objects.create(url="https://one.example/", owner=AdministratorFactory())
    return [Delivery.objects.create(webhook=hook, event=f"e{number}", body="{}") for number in range(3)]


def test_each_row_gets_its_own_values_and_all_the_same_others(rows):
    values = {
        row.pk: {"answer_headers": {"X": f"'{number}' %s"}, "attempted_at": AT, "answer_status": 200 + number}
        for number, row in enumerate(rows[:2])
    }
    assert update_each(Delivery, values, same={"error": "100 %", "claim": None}, where={"state": "waiting"}) == 2
    first, second, third = Delivery.objects.order_by("pk")
    assert (first.answer_headers, first.attempted_at, first.answer_status) == ({"X": "'0' %s"}, AT, 200)
    assert (second.answer_headers, second.error, second.answer_status) == ({"X": "'1' %s"}, "100 %", 201)
    assert (third.answer_status, third.error) == (None, "")


def test_nothing_of_a_row_stays_unknown(rows):
    assert update_each(Delivery, {rows[0].pk: {"milliseconds": None}}, same={}, where={}) == 1
    assert update_each(Delivery, {}, same={"error": "x"}, where={}) == 0


def test_where_the_condition_no_longer_holds_nothing_is_written(rows):
    Delivery.objects.filter(pk=rows[1].pk).update(state="done")
    values = {row.pk: {"error": "written"} for row in rows}
    assert update_each(Delivery, values, same={}, where={"state": "waiting"}) == 2
    assert Delivery.objects.get(pk=rows[1].pk).error == ""
