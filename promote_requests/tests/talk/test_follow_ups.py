"""Follow-ups: who is to see to what, told when the day comes, and overdue where people look."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from checkpoint_project.jobs import jobs
from notifications.choices import Event
from notifications.models import Message
from notifications.people.audience import told
from promote_requests import services
from promote_requests.inbox import follow_ups_of, mentions_of, overdue
from promote_requests.models import FollowUpReminder, Thread
from promote_requests.services.conversation.following_up import remind_all_due
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Gives `clock(days)`, which moves the time on; it begins on 27 November 2026."""
    moment = NOW

    def at():
        return moment

    def move(days):
        nonlocal moment
        moment += timedelta(days=days)

    monkeypatch.setattr(timezone, "now", at)
    return move


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


def follow_up(promote_request, opener, owner, *, days=0):
    return services.comment(
        actor=by(opener),
        promote_request=promote_request,
        body="Watch the drift.",
        owner=owner.username,
        due_on=TODAY + timedelta(days=days),
    ).thread


def reminders():
    return Message.objects.filter(event=Event.FOLLOW_UP_DUE)


def test_the_owner_is_told_once_when_the_day_comes(open_request, grace, linus, clock):
    thread = follow_up(open_request, grace, linus, days=2)
    remind_all_due()
    assert not reminders().exists()
    clock(days=2)
    for _ in range(2):
        remind_all_due()
    message = reminders().get()
    assert [(each.person, each.way) for each in told([message])] == [(linus.pk, "mail")]
    assert message.payload["sentence"].startswith(
        f"Checkpoint reminds linus of what is to be seen to by today in #{open_request.number}"
    )
    assert (message.payload["words"], message.payload["people"]) == ("Watch the drift.", ["linus"])
    row = AuditEvent.objects.get(action=AuditAction.FOLLOW_UP_DUE)
    assert (row.actor, row.door) == (None, "worker")
    assert row.reason == f"the thread {thread.pk} of grace: linus by 29 November 2026"


def test_nobody_is_told_of_what_is_settled_or_of_a_draft(fraud, open_request, ada, grace, linus):
    done = follow_up(open_request, grace, linus)
    services.resolve(actor=by(linus), promote_request=open_request, thread=done.pk)
    fraud.add_version("Fraud")
    follow_up(PromoteRequestFactory(actor=ada, version="3", draft=True), ada, linus)
    remind_all_due()
    assert not reminders().exists()
    assert not FollowUpReminder.objects.exists()


def test_two_workers_remind_once(open_request, grace, linus):
    thread = follow_up(open_request, grace, linus)
    FollowUpReminder.objects.create(thread=thread)
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUpReminder.objects.create(thread=thread)
    remind_all_due()
    assert not reminders().exists()


def test_a_worker_does_it() -> None:
    assert remind_all_due in {job.run for job in jobs()}


def test_who_is_to_see_to_it_hears_of_it_at_once_and_finds_it(open_request, grace, linus, clock):
    later = follow_up(open_request, grace, linus, days=3)
    first = follow_up(open_request, grace, linus, days=1)
    assert Message.objects.filter(event=Event.MENTIONED).count() == 2
    assert mentions_of(linus).count() == 2
    assert list(follow_ups_of(linus)) == [first, later]
    assert not overdue("", "Fraud", reader=grace).exists()
    clock(days=2)
    assert list(overdue("", "fraud", reader=grace)) == [first]
    assert first.is_overdue
    services.resolve(actor=by(linus), promote_request=open_request, thread=first.pk)
    assert list(follow_ups_of(linus)) == [later]
    assert not overdue("", "Fraud", reader=grace).exists()
    services.unresolve(actor=by(grace), promote_request=open_request, thread=first.pk)
    assert list(overdue("", "Fraud", reader=grace)) == [first]


def test_overdue_ones_stand_in_the_inbox_on_the_models_page_and_on_the_request(
    open_request, grace, linus, clock, django_assert_max_num_queries
):
    for days in (1, 5):
        follow_up(open_request, grace, linus, days=days)
    clock(days=3)
    client = Client()
    client.force_login(linus)
    inbox = client.get("/checkpoint/inbox/").content.decode()
    assert "Yours to see to" in inbox
    assert "overdue since 28 November 2026" in inbox
    assert "by 2 December 2026" in inbox
    model = client.get("/checkpoint/models/Fraud/").content.decode()
    assert "Overdue follow-ups" in model
    assert "overdue since 28 November 2026" in model
    assert "2 December" not in model
    assert (
        "Follow-up of linus, overdue since 28 November 2026"
        in client.get(open_request.get_absolute_url()).content.decode()
    )
    for days in range(4, 12):
        follow_up(open_request, grace, linus, days=days)
    with django_assert_max_num_queries(24):
        client.get("/checkpoint/inbox/")


def test_somebody_elses_draft_is_not_shown(fraud, ada, linus, clock):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    follow_up(draft, ada, linus)
    clock(days=2)
    assert not follow_ups_of(linus).exists()
    assert not overdue("", "Fraud", reader=linus).exists()
    assert overdue("", "Fraud", reader=ada).count() == 1
    assert Thread.objects.overdue(timezone.now().date()).count() == 1


@pytest.mark.parametrize("shown", [services.submit, services.reopen])
def test_the_owner_of_a_follow_up_on_a_draft_is_told_when_others_see_it(fraud, ada, grace, linus, shown):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    opened = follow_up(draft, ada, linus)
    services.reply(actor=by(ada), promote_request=draft, thread=opened.pk, body="Every week.")
    done = follow_up(draft, ada, grace)
    services.resolve(actor=by(ada), promote_request=draft, thread=done.pk)
    if shown is services.reopen:
        draft = services.withdraw(actor=by(ada), promote_request=draft)
    assert not Message.objects.exists()
    shown(actor=by(ada), promote_request=draft)
    message = Message.objects.get(event=Event.MENTIONED)
    assert [each.person for each in told([message])] == [linus.pk]
    assert [mention.comment.thread for mention in mentions_of(linus)] == [opened]
    assert not mentions_of(grace).exists()
