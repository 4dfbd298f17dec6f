"""Reviews are counted by one function; the questions about many requests at once, in SQL, must say the same."""

from itertools import product

import pytest

from accounts.models import User
from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.inbox import waiting_for
from promote_requests.models import PromoteRequest, Review
from testing.factories import PromoteRequestFactory
from testing.people import UserFactory, service_account

pytestmark = [pytest.mark.django_db, pytest.mark.every_database]

_JUDGING = list(product(Verdict, (True, False), (True, False)))


def _review(asked: PromoteRequest, reviewer, verdict: Verdict, is_fresh: bool, is_present: bool) -> None:
    Review.objects.create(
        promote_request=asked,
        reviewer=reviewer,
        request_author=asked.author,
        verdict=verdict,
        evidence_fingerprint=asked.evidence_fingerprint if is_fresh else "before",
        round=asked.round if is_present else asked.round - 1,
    )


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("first", Verdict)
@pytest.mark.parametrize("second", Verdict)
def test_they_count_alike_after_a_hand_over_to_the_reviewer(fraud, ada, first, second):
    robot, person = service_account("robot", ada), UserFactory()
    asked = PromoteRequestFactory(actor=robot)
    _review(asked, person, first, is_fresh=True, is_present=True)
    _review(asked, person, second, is_fresh=True, is_present=True)
    User.objects.filter(pk=robot.pk).update(owner=person)
    asked = PromoteRequest.objects.get(pk=asked.pk)
    standing = [(each.pk, each.verdict == Verdict.APPROVE) for each in Review.objects.standing()]
    assert [(each.review, each.approves) for each in services.judgements_of(asked)] == standing
    judged = [verdict for verdict in (first, second) if verdict != Verdict.COMMENT]
    assert bool(standing) is (judged[-1:] == [Verdict.REQUEST_CHANGES])
    PromoteRequest.objects.filter(pk=asked.pk).update(answered_for_by=person)
    assert not Review.objects.standing().exists()
    assert not services.judgements_of(PromoteRequest.objects.get(pk=asked.pk))


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in product(_JUDGING, _JUDGING) if pair[0][2] <= pair[1][2]]
)
def test_sql_and_the_decision_count_alike(open_request, first, second, is_active):
    PromoteRequest.objects.filter(pk=open_request.pk).update(round=2)
    open_request.refresh_from_db()
    person = UserFactory(is_active=is_active)
    _review(open_request, person, *first)
    _review(open_request, person, *second)
    # Of an earlier round only a request for changes still says something, and it asks its giver to look again.
    judged = [
        each
        for each in services.judgements_of(open_request)
        if each.may_answer and Review.objects.get(pk=each.review).round == open_request.round
    ]
    standing = list(Review.objects.standing().filter(promote_request=open_request))
    assert [(each.reviewer_id, each.approves) for each in judged] == [
        (each.reviewer_id, each.verdict == Verdict.APPROVE) for each in standing
    ]
    waits = waiting_for(person).filter(pk=open_request.pk).exists()
    assert waits is not any(each.is_fresh for each in judged)
