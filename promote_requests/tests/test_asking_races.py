"""Who is asked to review, at the same moment, on PostgreSQL."""

import pytest
from django.contrib.auth.models import Group

from audit.choices import AuditAction
from foundation.exceptions import CheckpointError
from promote_requests.models import Place
from promote_requests.services.asking import ask, pick_up
from promote_requests.tests.test_races import at_the_same_moment, count
from protection.models import ProtectionRule
from testing.people import UserFactory, by

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def risk(transactional_db, open_request):
    ProtectionRule.objects.get_or_create(target_pattern="stage:*")
    group = Group.objects.create(name="Risk")
    group.user_set.add(*(UserFactory() for _ in range(4)))
    return group


def test_of_four_who_pick_up_at_once_one_does(open_request, ada, risk):
    ask(actor=by(ada), promote_request=open_request, groups=["Risk"])
    members = list(risk.user_set.all())
    outcomes = at_the_same_moment(
        *(lambda who=who: pick_up(actor=by(who), promote_request=open_request, group="Risk") for who in members)
    )
    assert sum(isinstance(outcome, CheckpointError) for outcome in outcomes) == 3
    assert count(AuditAction.REVIEW_PICKED_UP) == 1


def test_who_is_asked_by_several_at_once_has_one_place(open_request, ada, grace, risk):
    outcomes = at_the_same_moment(
        *(
            lambda who=who: ask(actor=by(who), promote_request=open_request, users=["grace"], groups=["Risk"])
            for who in (ada, *risk.user_set.all())
        )
    )
    assert sum(isinstance(outcome, CheckpointError) for outcome in outcomes) == 4
    assert Place.objects.count() == 2
    assert count(AuditAction.REVIEW_ASKED) == 1
