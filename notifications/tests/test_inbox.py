"""What is written into whose inbox."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.actors import Actor, Door
from foundation.exceptions import NotAllowed
from notifications.choices import Event, Kind, State, Way
from notifications.inbox import marking, reading
from notifications.inbox.channel import Inbox
from notifications.mail.channel import Mail
from notifications.models import Letter, Message, Notice
from notifications.people import audience, subscriptions
from notifications.tests.factories import message
from notifications.worker import cleaning
from notifications.worker.spreading import spread
from testing.people import UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return UserFactory(username="ada")


@pytest.fixture
def grace():
    return UserFactory(username="grace")


def follow(person, number=7, *, is_muted=False):
    subscriptions.follow_request(actor=by(person), number=number, is_muted=is_muted)


def told(person):
    spread([Inbox()])
    return [notice.event for notice in Notice.objects.filter(reader=person)]


def test_who_follows_a_request_is_told_and_who_did_it_is_not(ada, grace):
    follow(ada)
    follow(grace)
    message(Event.APPROVED, actor_id=grace.pk)
    assert told(ada) == [Event.APPROVED]
    assert told(grace) == []
    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.request_number, notice.read_at) == (Kind.DECISION, 7, None)
    assert notice.sentence == "ada promoted #7: Fraud version 2 to Production."


def test_a_message_that_is_spread_twice_is_there_once_and_stays_read(ada):
    follow(ada)
    one = message(Event.APPROVED)
    assert told(ada) == [Event.APPROVED]
    marking.mark_read(actor=by(ada))
    Message.objects.filter(pk=one.pk).update(state=State.WAITING)
    assert told(ada) == [Event.APPROVED]
    assert reading.new_numbers(ada.pk) == set()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.create(reader=ada, message=one, kind="x", event="x", request_number=7, sentence="", at=one.at)


def test_the_inbox_needs_neither_an_address_nor_a_mail_server(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    type(ada).objects.filter(pk=ada.pk).update(email="")
    follow(ada)
    message(Event.APPROVED)
    assert told(ada) == [Event.APPROVED]


@pytest.mark.parametrize(
    ("way", "notices", "letters"),
    [(Way.MAIL, 1, [False]), (Way.DIGEST, 1, [True]), (Way.INBOX, 1, []), (Way.NOTHING, 0, [])],
)
def test_each_way_says_what_is_mailed_and_what_is_in_the_inbox(ada, settings, way, notices, letters):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    follow(ada)
    subscriptions.prefer(actor=by(ada), ways={Kind.DECISION: way})
    message(Event.APPROVED)
    spread([Inbox(), Mail()])
    assert Notice.objects.filter(reader=ada).count() == notices
    assert list(Letter.objects.filter(reader=ada).values_list("is_digest", flat=True)) == letters


def test_a_request_for_review_is_for_everybody_and_what_follows_for_who_takes_part(ada, grace):
    message(Event.CREATED, actor_id=ada.pk)  # by which ada takes part
    message(Event.COMMENTED, actor_id=None)
    assert told(grace) == [Event.CREATED]
    assert told(ada) == [Event.COMMENTED]


@pytest.mark.parametrize("spelling", ["Fraud", "fraud", "FRÁUD"])
def test_who_watches_a_model_is_told_under_any_spelling_of_its_name(ada, spelling):
    subscriptions.watch_model(actor=by(ada), workspace="", model_name=spelling)
    message(Event.COMMENTED)
    assert told(ada) == [Event.COMMENTED]


def test_who_watches_a_model_is_told_of_what_is_to_be_copied_into_it(ada):
    subscriptions.watch_model(actor=by(ada), workspace="", model_name="prod.fraud")
    message(Event.COMMENTED, payload={"sentence": "A copy.", "target": {"kind": "model", "name": "prod.fraud"}})
    message(Event.COMMENTED, payload={"sentence": "An alias.", "target": {"kind": "alias", "name": "prod.fraud"}})
    told(ada)
    assert [notice.sentence for notice in Notice.objects.all()] == ["A copy."]


def test_a_model_of_another_workspace_is_another_model(ada):
    subscriptions.watch_model(actor=by(ada), workspace="blue", model_name="Fraud")
    message(Event.COMMENTED)
    assert told(ada) == []
    message(Event.COMMENTED, workspace="blue")
    assert told(ada) == [Event.COMMENTED]


@pytest.mark.parametrize("event", [Event.CREATED, Event.APPROVED, Event.PROMOTED, Event.COMMENTED, Event.REMINDED])
def test_muting_a_request_beats_taking_part_and_watching_its_model(ada, event):
    subscriptions.watch_model(actor=by(ada), workspace="", model_name="Fraud")
    follow(ada, is_muted=True)
    message(event, audience={"only": [ada.pk]} if event == Event.REMINDED else {})
    assert told(ada) == []


@pytest.mark.parametrize("event", [Event.CREATED, Event.APPROVED])
def test_muting_a_model_beats_following_a_request(ada, event):
    follow(ada)
    subscriptions.watch_model(actor=by(ada), workspace="", model_name="Fraud", is_muted=True)
    message(event)
    assert told(ada) == []
    subscriptions.leave_model(actor=by(ada), workspace="", model_name="fraud")
    message(event)
    assert told(ada) == [event]


def test_what_is_said_to_somebody_by_name_is_for_them_alone_whatever_they_muted(ada, grace, monkeypatch):
    monkeypatch.setattr(audience, "BY_NAME", frozenset({Kind.REMINDER}))
    follow(ada, is_muted=True)
    follow(grace)
    message(Event.REMINDED, audience={"only": [ada.pk]})
    assert told(ada) == [Event.REMINDED]
    assert told(grace) == []


def test_every_event_is_of_a_kind_but_what_others_say_already():
    unsaid = {Event.PROMOTION_STARTED, Event.ROLLED_BACK}
    assert set(audience.KINDS) == set(Event) - unsaid
    assert set(audience.SHIPPED) == set(Kind)


def test_who_is_deactivated_is_told_nothing(ada):
    follow(ada)
    type(ada).objects.filter(pk=ada.pk).update(is_active=False)
    message(Event.APPROVED)
    assert told(ada) == []


def test_one_request_or_all_are_marked_as_read_up_to_what_was_shown(ada, grace):
    for number in (7, 8):
        follow(ada, number)
        follow(grace, number)
        message(Event.APPROVED, request_number=number)
    told(ada)
    shown = max(news.last.pk for news in reading.news_of(ada.pk).values())
    message(Event.COMMENTED, request_number=8)
    told(ada)
    assert marking.mark_read(actor=by(ada), numbers=[7]) == 1
    assert reading.new_numbers(ada.pk) == {8}
    assert marking.mark_read(actor=by(ada), up_to=shown) == 1
    assert reading.new_numbers(ada.pk) == {8}  # what came after it
    assert marking.mark_read(actor=by(ada)) == 1
    assert reading.new_numbers(ada.pk) == set()
    assert reading.new_numbers(grace.pk) == {7, 8}


def test_who_may_not_sign_in_marks_nothing():
    with pytest.raises(NotAllowed):
        marking.mark_read(actor=Actor.anonymous(Door.PAGE))


def test_news_of_a_request_are_the_newest_and_how_many_more(ada):
    follow(ada)
    for event in (Event.COMMENTED, Event.APPROVED, Event.PROMOTED):
        message(event)
    told(ada)
    (news,) = reading.news_of(ada.pk).values()
    assert (news.last.event, news.more) == (Event.PROMOTED, 2)


@pytest.mark.parametrize(("days", "is_read", "stays"), [(31, True, False), (31, False, True), (91, False, False)])
def test_what_was_read_goes_after_a_month_and_what_was_not_after_three(ada, days, is_read, stays):
    follow(ada)
    message(Event.APPROVED)
    told(ada)
    long_ago = timezone.now() - timedelta(days=days)
    Notice.objects.update(at=long_ago, read_at=long_ago if is_read else None)
    Message.objects.update(finished_at=long_ago)
    cleaning.clear_messages()
    assert Notice.objects.exists() == stays
    assert Message.objects.exists() == stays


def test_reading_what_is_new_uses_an_index(ada, django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        reading.new_numbers(ada.pk)
    assert "ORDER BY" not in asked.captured_queries[0]["sql"]
