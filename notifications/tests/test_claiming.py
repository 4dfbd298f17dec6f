from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.choices import State
from notifications.models import Message
from notifications.outbox import claiming, retries
from notifications.tests.factories import let_pass, message

pytestmark = pytest.mark.django_db


def claim(limit=10):
    return claiming.claim(Message.objects.all(), limit)


def test_what_one_has_claimed_nobody_else_gets_until_the_lease_ends():
    first, second = message(), message()
    (mine,) = claim(1)
    assert mine == first
    assert claim() == [second]
    assert claim() == []
    let_pass(Message.objects.all(), claiming.LEASE.total_seconds() + 1)
    assert {row.pk for row in claim()} == {first.pk, second.pk}


def test_what_a_dead_process_left_costs_no_attempt():
    message()
    for _ in range(20):
        (row,) = claim()
        let_pass([row], claiming.LEASE.total_seconds() + 1)
    assert Message.objects.get().attempts == 0


def test_an_outcome_is_written_only_by_the_claim_that_still_holds():
    message()
    (late,) = claim()
    let_pass([late], claiming.LEASE.total_seconds() + 1)
    (present,) = claim()
    assert claiming.done_each([late], [{"attempts": 3}]) == 0
    assert not claiming.fail(late, "too late")
    assert claiming.finish([late]) == 0
    row = Message.objects.get()
    assert (row.state, row.attempts, row.claim) == (State.WAITING, 0, present.claim)
    assert claiming.done_each([present], [{"attempts": 3}]) == 1
    assert Message.objects.get().state == State.DONE


def test_failures_are_tried_again_later_and_later_and_given_up_after_eight():
    message()
    pauses = []
    for _ in range(retries.MOST_ATTEMPTS):
        (row,) = claim()
        claiming.fail(row, "no answer")
        found = Message.objects.get()
        pauses.append(round((found.due_at - timezone.now()).total_seconds()))
        let_pass([found], 100_000)
    assert found.state == State.DEAD
    assert found.attempts == 8
    assert found.error == "no answer"
    for number, pause in enumerate(pauses[:-1]):
        assert 8 * 2**number - 1 <= pause <= 12 * 2**number + 1
    assert claim() == []


def test_send_again_gives_all_attempts_anew_and_keeps_the_name():
    uid = message().uid
    Message.objects.update(state=State.DEAD, attempts=8, finished_at=timezone.now())
    assert claiming.send_again(Message.objects.all()) == 1
    (row,) = claim()
    assert (row.uid, row.attempts, row.state) == (uid, 0, State.WAITING)


def test_what_nobody_has_begun_is_given_back_at_once():
    message()
    claiming.give_back(claim())
    assert len(claim()) == 1
    claiming.give_back([])


def test_a_receiver_that_asks_for_longer_is_left_alone_for_longer():
    assert retries.pause_after(1, timedelta(hours=1)) == timedelta(hours=1)
    assert retries.pause_after(8, timedelta(seconds=1)) >= timedelta(seconds=1024)


def test_pauses_differ_so_that_what_failed_together_is_not_tried_together():
    assert len({retries.pause_after(3) for _ in range(20)}) > 10


def test_nothing_due_opens_no_transaction(django_assert_num_queries):
    with django_assert_num_queries(1):
        assert claim() == []
