from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from notifications.choices import State
from notifications.models import Message
from notifications.tests.factories import message
from notifications.worker import cleaning

pytestmark = pytest.mark.django_db


def test_what_was_told_long_ago_goes_and_what_waits_stays():
    long_ago = timezone.now() - timedelta(days=31)
    kept = [message(), message(), message()]
    gone = message()
    Message.objects.filter(pk=kept[0].pk).update(created_at=long_ago)
    Message.objects.filter(pk=kept[1].pk).update(state=State.DONE, finished_at=timezone.now())
    Message.objects.filter(pk=kept[2].pk).update(state=State.DEAD, finished_at=long_ago)
    Message.objects.filter(pk=gone.pk).update(state=State.DONE, finished_at=long_ago)
    cleaning.clear_messages()
    assert set(Message.objects.all()) == set(kept)


def test_sessions_that_have_ended_go():
    for key, days in (("old", -1), ("new", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(days=days))
    cleaning.clear_sessions()
    assert [session.session_key for session in Session.objects.all()] == ["new"]
