"""Several workers that claim at the same moment. SQLite lets one at a time write."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from notifications.choices import State
from notifications.models import Message
from notifications.outbox import claiming
from notifications.tests.factories import message

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

WORKERS = 4
ROWS = 60


def all_that_one_gets(claim, start):
    start.wait(20)
    try:
        found = []
        while rows := claim():
            found += [row.pk for row in rows]
        return found
    finally:
        connections.close_all()


def together(claim):
    start = Barrier(WORKERS)
    with ThreadPoolExecutor(WORKERS) as threads:
        running = [threads.submit(all_that_one_gets, claim, start) for _ in range(WORKERS)]
        return sorted(pk for one in running for pk in one.result())


def test_several_workers_share_the_rows_and_none_gets_one_twice():
    rows = sorted(message().pk for _ in range(ROWS))
    assert together(lambda: claiming.claim(Message.objects.all(), 7)) == rows


def test_without_the_claim_they_would_get_the_same_rows():
    rows = sorted(message().pk for _ in range(ROWS))
    all_have_looked = Barrier(WORKERS)

    def unguarded():
        found = list(claiming.due(Message.objects.all())[:7])
        all_have_looked.wait(20)
        Message.objects.filter(pk__in=[row.pk for row in found]).update(state=State.DONE)
        return found

    assert len(together(unguarded)) > len(rows)
