"""What happens at the same moment, on PostgreSQL, each race beside the proof that it exists without its guard."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import CheckpointError, WrongState
from notifications.models import Message, Reminder
from promote_requests import reminding, services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import ChampionChanged, DuplicateRequest
from promote_requests.models import PromoteRequest
from promote_requests.services import promotion
from protection.models import ProtectionRule
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, cut_off
from testing.people import by
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def shipped_rule(transactional_db):
    """Puts the rule for stages back: a test that commits ends by emptying every table."""
    ProtectionRule.objects.get_or_create(target_pattern="stage:*")


def at_the_same_moment(*calls):
    """Runs the calls in threads of their own; returns what each returned or which refusal it raised."""

    def run(call):
        try:
            return call()
        except CheckpointError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(LONG) for future in [threads.submit(run, call) for call in calls]]


def approve(reviewer, promote_request):
    return lambda: services.review(actor=by(reviewer), promote_request=promote_request, verdict=Verdict.APPROVE)


def promote(actor, promote_request):
    return lambda: services.promote(actor=by(actor), promote_request=promote_request)


def count(action):
    return AuditEvent.objects.filter(action=action).count()


def writes(registry):
    return [call for call, _ in registry.calls if call == "transition_stage"]


@pytest.fixture
def approved_request(open_request, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    return approve(grace, open_request)().promote_request


def test_two_approvals_at_the_same_moment_promote_once(open_request, fraud, grace):
    # Both have read the evidence before either writes.
    together = Barrier(2)
    looks = iter([together.wait, together.wait])
    fraud.before("holders", lambda: next(looks, lambda timeout: None)(timeout=LONG))
    outcomes = at_the_same_moment(approve(grace, open_request), approve(UserFactory(), open_request))
    assert [outcome.failure for outcome in outcomes] == [None, None]
    assert PromoteRequest.objects.get().status == Status.PROMOTED
    assert count(AuditAction.REVIEWED) == 2
    assert (count(AuditAction.PROMOTION_STARTED), count(AuditAction.PROMOTED)) == (1, 1)
    assert len(writes(fraud)) == 1


def test_two_promotions_at_the_same_moment_make_one(approved_request, fraud, ada, grace):
    together = Barrier(2)
    looks = iter([together.wait, together.wait])
    fraud.before("holders", lambda: next(looks, lambda timeout: None)(timeout=LONG))
    outcomes = at_the_same_moment(promote(ada, approved_request), promote(grace, approved_request))
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, WrongState}
    assert (count(AuditAction.PROMOTION_STARTED), count(AuditAction.PROMOTED)) == (1, 1)
    assert len(writes(fraud)) == 1


def test_without_lock_and_condition_both_promotions_would_run(approved_request, fraud, ada, grace, monkeypatch):
    together = Barrier(2)
    looks = iter([together.wait, together.wait])

    def read_only(promote_request):
        found = PromoteRequest.objects.select_related("author").get(pk=promote_request.pk)
        next(looks, lambda timeout: None)(timeout=LONG)
        return found

    def write_whatever_was_read(promote_request, to, **values):
        PromoteRequest.objects.filter(pk=promote_request.pk).update(status=to, **values)
        promote_request.refresh_from_db()

    monkeypatch.setattr(promotion, "lock", read_only)
    monkeypatch.setattr(promotion, "move", write_whatever_was_read)
    # The second look at the champion would notice too, and what asks whose attempt it is; here the lock and the
    # condition are to be missed.
    monkeypatch.setattr(promotion, "refuse_if_changed", lambda *arguments, **named: None)
    monkeypatch.setattr(promotion, "has_changed", lambda *arguments: False)
    monkeypatch.setattr(promotion, "_require_unsettled", lambda started: None)
    at_the_same_moment(promote(ada, approved_request), promote(grace, approved_request))
    assert count(AuditAction.PROMOTION_STARTED) == 2
    assert len(writes(fraud)) == 2


def test_a_promotion_and_a_withdrawal_at_the_same_moment_do_not_both_happen(approved_request, fraud, ada, grace):
    together = Barrier(2)
    looks = iter([together.wait])
    fraud.before("holders", lambda: next(looks, lambda timeout: None)(timeout=LONG))

    def withdraw():
        together.wait(LONG)
        return services.withdraw(actor=by(ada), promote_request=approved_request)

    outcomes = at_the_same_moment(promote(grace, approved_request), withdraw)
    refused = [outcome for outcome in outcomes if isinstance(outcome, WrongState)]
    assert len(refused) == 1
    final = PromoteRequest.objects.get()
    stage = fraud.get_version("Fraud", "2").stage
    assert (final.status, stage) in [(Status.PROMOTED, "Production"), (Status.CLOSED, "None")]


def test_two_requests_for_the_same_opened_at_the_same_moment_are_one(fraud, ada, grace, monkeypatch):
    # Both have found that there is none yet before either writes.
    together = Barrier(2)
    fraud.before("holders", lambda: together.wait(LONG))

    def ask(actor):
        return lambda: PromoteRequestFactory(actor=actor)

    outcomes = at_the_same_moment(ask(ada), ask(grace))
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, DuplicateRequest}
    assert PromoteRequest.objects.count() == 1


def test_of_two_drafts_for_the_same_that_are_submitted_at_the_same_moment_one_is_opened(fraud, ada, grace):
    drafts = [PromoteRequestFactory(actor=actor, draft=True) for actor in (ada, grace)]
    together = Barrier(2)
    fraud.before("holders", lambda: together.wait(LONG))
    outcomes = at_the_same_moment(
        *(partial(services.submit, actor=by(draft.author), promote_request=draft) for draft in drafts)
    )
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, DuplicateRequest}
    assert PromoteRequest.objects.open().count() == 1
    assert PromoteRequest.objects.submitted().count() == 1


def test_without_the_constraint_both_requests_would_be_opened(fraud, ada, grace):
    together = Barrier(2)
    fraud.before("holders", lambda: together.wait(LONG))
    constraint = next(c for c in PromoteRequest._meta.constraints if c.name == "one_request_under_way")
    with connection.schema_editor() as editor:
        editor.remove_constraint(PromoteRequest, constraint)
    try:
        at_the_same_moment(lambda: PromoteRequestFactory(actor=ada), lambda: PromoteRequestFactory(actor=grace))
        assert PromoteRequest.objects.count() == 2
    finally:
        AuditEvent.objects.all()._raw_delete(using="default")
        PromoteRequest.objects.all()._raw_delete(using="default")
        with connection.schema_editor() as editor:
            editor.add_constraint(PromoteRequest, constraint)


def test_promotions_of_two_versions_to_one_target_do_not_overlap(fraud, ada, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    fraud.add_version("Fraud")
    ready = [
        approve(
            grace, PromoteRequestFactory(actor=ada, version=version, target=Target.parse("stage:Production"))
        )().promote_request
        for version in ("2", "3")
    ]
    # Both have seen version 1 as champion before either has changed anything.
    together = Barrier(2)
    looks = iter([together.wait, together.wait])
    fraud.before("holders", lambda: next(looks, lambda timeout: None)(timeout=LONG))
    outcomes = at_the_same_moment(*(promote(ada, request) for request in ready))
    # The second finds the target taken, or, once the first has ended, another champion than it was compared with.
    assert {type(outcome) for outcome in outcomes} in ({PromoteRequest, WrongState}, {PromoteRequest, ChampionChanged})
    assert len(writes(fraud)) == 1


def test_a_promotion_that_ended_between_look_and_hold_is_noticed(fraud, ada, grace, monkeypatch):
    ProtectionRule.objects.update(promote_when="pressed")
    fraud.add_version("Fraud")
    first, second = (
        approve(grace, PromoteRequestFactory(actor=ada, version=version))().promote_request for version in ("2", "3")
    )
    start = promotion._start

    def start_late(*arguments):
        monkeypatch.setattr(promotion, "_start", start)
        services.promote(actor=by(ada), promote_request=first)
        return start(*arguments)

    monkeypatch.setattr(promotion, "_start", start_late)
    with pytest.raises(ChampionChanged, match="Version 2 holds Production now; reviewers compared with version 1"):
        services.promote(actor=by(ada), promote_request=second)
    assert PromoteRequest.objects.get(pk=second.pk).status == Status.OPEN
    assert len(writes(fraud)) == 1


def test_two_people_who_open_a_request_that_was_cut_off_end_it_once(fraud):
    asked = cut_off(fraud, ago=timedelta(minutes=3), made=True)
    together = Barrier(2)
    fraud.before("get_version", lambda: together.wait(LONG))
    own = [PromoteRequest.objects.get(pk=asked.pk) for _ in range(2)]
    at_the_same_moment(*(partial(services.settle_if_cut_off, request) for request in own))
    assert [request.status for request in own] == [Status.PROMOTED] * 2
    assert count(AuditAction.PROMOTED) == 1


@pytest.mark.parametrize(("guarded", "told"), [(True, 1), (False, 4)])
def test_of_several_workers_that_remind_at_once_one_does(open_request, grace, monkeypatch, guarded, told):
    PromoteRequest.objects.update(opened_at=timezone.now() - timedelta(days=7))
    together, real = Barrier(4), reminding.lock

    def lock_late(promote_request):
        together.wait(LONG)
        return real(promote_request)

    monkeypatch.setattr(reminding, "lock", lock_late)
    if not guarded:
        monkeypatch.setattr(Reminder.objects, "get_or_create", lambda **_: (None, True))
    at_the_same_moment(*[reminding.remind] * 4)
    assert Message.objects.filter(event="promote_request.reminded").count() == told


def test_of_people_who_resolve_one_thread_at_the_same_moment_one_does(fraud):
    asked = PromoteRequestFactory()
    question = services.comment(actor=by(UserFactory()), promote_request=asked, body="Why?", is_blocking=True).thread
    people = [UserFactory() for _ in range(4)]
    results = at_the_same_moment(
        *(partial(services.resolve, actor=by(one), promote_request=asked, thread=question.pk) for one in people)
    )
    assert sum(isinstance(result, WrongState) for result in results) == 3
    assert question.resolutions.count() == count(AuditAction.THREAD_RESOLVED) == 1


def test_a_blocking_thread_beside_a_promotion_stops_it_or_comes_too_late(fraud):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(
        conditions={"approvals": 1, "threads": True}, promote_when="pressed"
    )
    asked = PromoteRequestFactory()
    services.review(actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE)
    objector, promoter = UserFactory(), UserFactory()
    ask = partial(services.comment, actor=by(objector), promote_request=asked, body="Stop?", is_blocking=True)
    asking, promoting = at_the_same_moment(ask, promote(promoter, asked))
    asked.refresh_from_db()
    was_late = isinstance(asking, WrongState)
    assert asked.status == (Status.PROMOTED if was_late else Status.OPEN), (asking, promoting)
    assert isinstance(promoting, WrongState) is not was_late


def test_one_comment_is_deleted_once_whoever_presses_twice(fraud):
    asked, grace = PromoteRequestFactory(), UserFactory()
    comment = services.comment(actor=by(grace), promote_request=asked, body="Hm.")
    results = at_the_same_moment(
        *[partial(services.delete_comment, actor=by(grace), promote_request=asked, comment=comment.pk)] * 3
    )
    assert sum(isinstance(result, WrongState) for result in results) == 2
    assert count(AuditAction.COMMENT_DELETED) == 1
