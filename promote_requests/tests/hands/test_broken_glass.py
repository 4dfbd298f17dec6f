"""Nobody who had a hand in breaking the glass looks at it afterwards."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from foundation.exceptions import NotAllowed
from promote_requests import inbox, services
from promote_requests.choices import Action
from promote_requests.models import AfterReview
from promote_requests.services.moves.glass import consent_for
from promote_requests.tests.hands import people
from promote_requests.tests.hands.people import fresh, handed_over, may_break, rule
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db
linus = people.linus
nightly = people.nightly
WHY = "The checkout is down and loses orders by the minute."


@pytest.fixture
def broken(fraud, ada, grace, linus):
    """ada's request, for which linus broke the glass with grace's consent; margaret only consented, too."""
    rule(moves={"break_glass": {"consent": True}})
    asked = PromoteRequestFactory(actor=ada)
    for person in (UserFactory(username="margaret"), grace):
        services.consent(actor=by(may_break(person)), promote_request=asked)
    return services.break_glass(actor=by(may_break(linus)), promote_request=asked, reason=WHY)


@pytest.mark.parametrize("name", ["ada", "linus", "grace", "margaret"])
def test_nobody_with_a_hand_in_it_reviews_it_afterwards(broken, name):
    person = User.objects.get(username=name)
    with pytest.raises(NotAllowed, match="somebody else has to"):
        services.review_afterwards(actor=by(person), promote_request=broken, body="Fine.")
    assert Action.REVIEW_AFTERWARDS not in services.actions_for(by(person), broken)
    assert not inbox.to_review_afterwards(person)


def test_somebody_else_does(broken):
    person = UserFactory()
    assert list(inbox.to_review_afterwards(person)) == [broken]
    services.review_afterwards(actor=by(person), promote_request=broken, body="Fine.")
    assert AfterReview.objects.get().consented_by.username == "grace"


def test_the_database_lets_nobody_who_consented_review_it_afterwards(broken, ada, grace, linus):
    rows = {"promote_request": broken, "request_author": ada, "broken_by": linus, "body": "Fine."}
    with pytest.raises(IntegrityError, match="who_consented"), transaction.atomic():
        AfterReview.objects.create(**rows, reviewer=grace, consented_by=grace)


def test_who_answered_for_the_author_when_it_asked_consents_to_nothing(ada, grace, nightly, linus):
    asked = PromoteRequestFactory(actor=nightly)
    handed_over(nightly, grace)
    with pytest.raises(NotAllowed, match="answer for who did"):
        services.consent(actor=by(may_break(ada)), promote_request=fresh(asked))
    assert consent_for(fresh(asked), breaker=linus.pk) is None
