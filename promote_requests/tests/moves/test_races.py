"""These moves at the same moment, on PostgreSQL: one of them happens."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import CheckpointError, WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import AfterReview, BrokenGlass, PromoteRequest
from promote_requests.services.moves import afterwards
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by
from testing.waiting import LONG

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
WHY = "The checkout is down and loses orders by the minute."


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


def meeting(registry, call, people=2):
    """Lets so many callers meet before MLflow answers their first call of this name."""
    together = Barrier(people)
    looks = iter([together.wait] * people)
    registry.before(call, lambda: next(looks, lambda timeout: None)(timeout=LONG))


def allowed(name):
    user = UserFactory(username=name)
    user.user_permissions.add(Permission.objects.get(codename="break_glass"))
    return User.objects.get(pk=user.pk)


def breaks(actor, promote_request):
    return lambda: services.break_glass(actor=by(actor), promote_request=promote_request, reason=WHY)


def test_two_people_break_the_glass_once(open_request, fraud):
    linus, mary = allowed("linus"), allowed("mary")
    meeting(fraud, "get_facts")
    outcomes = at_the_same_moment(breaks(linus, open_request), breaks(mary, open_request))
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, WrongState}
    assert BrokenGlass.objects.count() == 1
    assert [call for call, _ in fraud.calls if call == "transition_stage"] == ["transition_stage"]
    assert PromoteRequest.objects.get().promoted_by == BrokenGlass.objects.get().broken_by


def test_an_approval_and_a_broken_glass_promote_once(open_request, fraud, grace):
    linus = allowed("linus")
    meeting(fraud, "get_facts")
    at_the_same_moment(
        breaks(linus, open_request),
        lambda: services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE),
    )
    current = PromoteRequest.objects.get()
    assert current.status == Status.PROMOTED
    assert current.is_bypassed == BrokenGlass.objects.exists()
    assert AuditEvent.objects.filter(action=AuditAction.PROMOTED).count() == 1


def test_two_ways_back_are_one(open_request, fraud, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    open_request.refresh_from_db()
    meeting(fraud, "get_facts")
    people = UserFactory(), UserFactory()
    calls = [
        lambda who=who: services.roll_back(actor=by(who), promote_request=PromoteRequest.objects.get(undoes=None))
        for who in people
    ]
    outcomes = at_the_same_moment(*calls)
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, DuplicateRequest}
    opened = next(outcome for outcome in outcomes if isinstance(outcome, PromoteRequest))
    refused = next(outcome for outcome in outcomes if isinstance(outcome, DuplicateRequest))
    assert refused.number == opened.number


def reviews(actor, promote_request):
    return lambda: services.review_afterwards(
        actor=by(actor), promote_request=promote_request, body=f"Says {actor.get_username()}."
    )


def test_two_reviews_afterwards_are_one(open_request, fraud):
    promoted = breaks(allowed("linus"), open_request)()
    outcomes = at_the_same_moment(reviews(UserFactory(), promoted), reviews(UserFactory(), promoted))
    assert {type(outcome) for outcome in outcomes} == {PromoteRequest, WrongState}
    assert AfterReview.objects.count() == 1


def test_without_the_lock_only_the_database_would_refuse_the_second(open_request, fraud, monkeypatch):
    promoted = breaks(allowed("linus"), open_request)()
    together = Barrier(2)

    def read_only(promote_request):
        found = PromoteRequest.objects.select_related("author").get(pk=promote_request.pk)
        together.wait(LONG)
        return found

    monkeypatch.setattr(afterwards, "lock", read_only)
    with pytest.raises(Exception, match="promote_request_id"):
        at_the_same_moment(reviews(UserFactory(), promoted), reviews(UserFactory(), promoted))
    assert AfterReview.objects.count() == 1


def test_two_requests_for_one_target_at_once_end_in_one_promotion_and_one_that_asks_again(open_request, fraud, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    other = PromoteRequestFactory(actor=grace, version=fraud.add_version("Fraud").version)
    for asked in (open_request, other):
        services.review(actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE)
    meeting(fraud, "get_facts")
    outcomes = at_the_same_moment(
        *(
            lambda asked=asked: services.promote(actor=by(grace), promote_request=asked)
            for asked in PromoteRequest.objects.select_related("author").order_by("pk")
        )
    )
    assert sum(isinstance(outcome, PromoteRequest) for outcome in outcomes) == 1
    assert AuditEvent.objects.filter(action=AuditAction.ASKED_AGAIN).count() <= 1
    assert PromoteRequest.objects.filter(status=Status.PROMOTED).count() == 1
