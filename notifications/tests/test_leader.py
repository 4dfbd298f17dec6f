from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Lease
from notifications.worker import leader

pytestmark = pytest.mark.django_db


def test_one_leads_as_long_as_it_says_so():
    assert leader.leader() == ""
    assert leader.lead("a")
    assert not leader.lead("b")
    assert leader.lead("a")
    assert leader.leader() == "a"


def test_one_that_died_is_followed_within_thirty_seconds():
    assert timedelta(seconds=30) >= leader.TERM + leader.RENEWED_EVERY
    leader.lead("a")
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert leader.leader() == ""
    assert leader.lead("b")
    assert not leader.lead("a")


def test_one_that_steps_down_is_followed_at_once_and_nobody_steps_down_for_another():
    leader.lead("a")
    leader.step_down("b")
    assert not leader.lead("b")
    leader.step_down("a")
    assert leader.lead("b")
