"""Counting by many threads at once, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit import refused_calls
from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AnonymousRefusals, AuditEvent
from audit.refused_calls import ROWS_PER_HOUR
from audit.trail import NOTHING

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

THREADS, CALLS = 8, 10


def at_once(act) -> None:
    def run(_: int) -> None:
        try:
            act()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))


def test_no_call_is_counted_twice_or_missed_and_its_hour_ends_once() -> None:
    def refuse() -> None:
        for _ in range(CALLS):
            actor = Actor.anonymous(Door.PROXY, origin="10.0.0.1")
            refused_calls.record(actor=actor, about=NOTHING, reason="x")

    at_once(refuse)
    rows = AuditEvent.objects.filter(action=AuditAction.CALL_REFUSED)
    assert rows.count() >= ROWS_PER_HOUR  # twice as many where the hour ended meanwhile
    assert sum(AnonymousRefusals.objects.values_list("count", flat=True)) == THREADS * CALLS
    at_once(lambda: refused_calls.end_hours(timezone.now() + timedelta(hours=2)))
    ended = AuditEvent.objects.filter(action=AuditAction.CALLS_COUNTED).values_list("reason", flat=True)
    assert sum(int(reason.split()[0]) for reason in ended) == THREADS * CALLS - rows.count()
