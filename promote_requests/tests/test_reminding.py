"""Reminders: to whom, when, and of each thing once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.utils import timezone

from notifications.choices import Event
from notifications.inbox.channel import Inbox
from notifications.models import Message, Notice, Reminder
from notifications.people import subscriptions
from notifications.worker.spreading import spread
from promote_requests import reminding, services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from promote_requests.models.reviews import Review
from promote_requests.services.asking.answering import decline
from promote_requests.services.asking.asking import ask
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(fraud, ada, grace):
    return PromoteRequestFactory(actor=ada)


def rule(**conditions):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1} | conditions)


def opened(days, asked=None):
    """Has every request, or one, be opened so many days ago; 7 have at least 4 working days, whatever today is."""
    rows = PromoteRequest.objects.all() if asked is None else PromoteRequest.objects.filter(pk=asked.pk)
    rows.update(opened_at=timezone.now() - timedelta(days=days))


def reminded():
    """Returns what was told, each with those whom it names."""
    reminding.remind()
    found = Message.objects.filter(event__in=[Event.REMINDED, Event.ENDING]).order_by("pk")
    return [(message.payload["sentence"], set(message.audience.get("only", ()))) for message in found]


def approve(asked, who):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    return services.review(actor=by(who), promote_request=asked, verdict=Verdict.APPROVE)


def test_everybody_is_reminded_where_nobody_takes_part(asked, ada, grace):
    opened(7)
    away = UserFactory(is_active=False)
    (sentence, people) = reminded()[0]
    assert sentence == f"Checkpoint reminds of the review of #{asked.number}: Fraud version 2 to Production."
    assert grace.pk in people
    assert not people & {ada.pk, away.pk}


def test_who_takes_part_is_reminded_alone_and_who_muted_is_not(asked, grace):
    watcher, muted, _ = UserFactory(), UserFactory(), UserFactory()
    services.comment(actor=by(grace), promote_request=asked, body="Looking.")
    subscriptions.watch_model(actor=by(watcher), workspace="", model_name="fraud")
    services.comment(actor=by(muted), promote_request=asked, body="Hm.")
    subscriptions.follow_request(actor=by(muted), number=asked.number, is_muted=True)
    opened(7)
    assert reminded()[0][1] == {grace.pk, watcher.pk}


def test_whom_the_rule_names_is_reminded_until_they_have_approved(asked, ada, grace):
    group, linus, other = Group.objects.create(name="Risk"), UserFactory(), UserFactory()
    group.user_set.set([ada, grace, linus])
    rule(approvals=2, approvers={"groups": [{"id": group.pk, "name": "Risk"}], "users": []})
    services.comment(actor=by(other), promote_request=asked, body="Looking.")
    approve(asked, linus)
    opened(7)
    QuerySet(Review).update(created_at=timezone.now())
    assert reminded()[0][1] == {grace.pk}


def test_who_asked_for_changes_of_earlier_facts_is_reminded_and_of_the_present_ones_is_not(asked, grace, fraud):
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    opened(7)
    assert reminded() == []
    PromoteRequest.objects.update(evidence_fingerprint="1:other")
    assert reminded()[0][1] == {grace.pk}


@pytest.mark.parametrize(("days", "count"), [(0, 0), (2, 1), (5, 1), (6, 0), (60, 0)])
def test_how_long_is_waited_is_a_setting(asked, settings, monkeypatch, days, count):
    settings.CHECKPOINT_REMINDER_DAYS = days
    # Chosen: what is opened on a Saturday counts from Monday on, and a week later 5 working days are not over.
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    PromoteRequest.objects.update(opened_at=friday - timedelta(days=7))
    monkeypatch.setattr(reminding.timezone, "now", lambda: friday)
    assert len(reminded()) == count


def test_nobody_is_reminded_on_a_weekend_that_counts(asked, settings, monkeypatch):
    settings.CHECKPOINT_REMINDER_DAYS = 1
    friday = datetime(2026, 11, 27, 12, tzinfo=UTC)
    PromoteRequest.objects.update(opened_at=friday)
    for hours, count in ((24, 0), (71, 0), (72, 1)):
        monkeypatch.setattr(reminding.timezone, "now", lambda hours=hours: friday + timedelta(hours=hours))
        assert len(reminded()) == count


def test_of_each_thing_once_whatever_is_restarted_and_again_in_a_new_round(asked, ada):
    opened(7)
    assert len(reminded()) == len(reminded()) == 1
    Message.objects.all().delete()  # as cleaning does
    assert reminded() == []
    services.withdraw(actor=by(ada), promote_request=asked)
    asked.refresh_from_db()
    services.reopen(actor=by(ada), promote_request=asked)
    assert reminded() == []
    opened(7)
    assert len(reminded()) == 1


def test_a_request_that_is_decided_or_a_draft_reminds_nobody(fraud, ada, asked):
    fraud.add_version("Fraud")
    PromoteRequestFactory(actor=ada, version="3", draft=True)
    services.withdraw(actor=by(ada), promote_request=asked)
    opened(7)
    assert reminded() == []


def test_what_was_decided_meanwhile_is_not_told(asked, ada, monkeypatch):
    opened(7)
    real = reminding.lock

    def late(promote_request):
        PromoteRequest.objects.filter(pk=promote_request.pk).update(round=2)
        return real(promote_request)

    monkeypatch.setattr(reminding, "lock", late)
    assert reminded() == []
    assert not Reminder.objects.exists()


def test_an_approval_that_soon_counts_no_more_is_told_to_who_takes_part(asked, ada, grace):
    rule(approvals=2, approval_age=10)
    approve(asked, grace)
    for hours, count in ((10 * 24 - 25, 0), (10 * 24 - 23, 1)):
        QuerySet(Review).update(created_at=timezone.now() - timedelta(hours=hours))
        assert len(reminded()) == count
    (sentence, people) = reminded()[0]
    assert sentence.startswith(f"#{asked.number}, Fraud version 2 to Production: The approval by grace counts until ")
    assert people == set()
    spread([Inbox()])
    told = Notice.objects.filter(event=Event.ENDING).values_list("reader", flat=True)
    assert set(told) == {ada.pk, grace.pk}


@pytest.mark.parametrize(("hours", "ago", "count"), [(48, 23, 0), (48, 37, 1), (48, 49, 0), (2, 1, 0), (2, 1.6, 1)])
def test_a_check_that_is_due_is_told_a_day_or_a_quarter_of_its_time_before(asked, settings, hours, ago, count):
    settings.CHECKPOINT_REMINDER_DAYS = 0
    rule(checks=[{"name": "ci/evals", "reporter": "", "hours": hours}])
    opened(ago / 24)
    told = reminded()
    assert len(told) == count
    assert all("The check ci/evals is due by " in sentence for sentence, _ in told)


def test_a_freeze_that_begins_is_told_once(asked):
    soon = timezone.now() + timedelta(hours=20)
    start, end = (moment.strftime("%Y-%m-%dT%H:%M") for moment in (soon, soon + timedelta(days=1)))
    rule(freeze_windows=[{"start": start, "end": end, "timezone": "UTC", "name": "Black Friday"}])
    (told,) = reminded()
    assert "A freeze begins on " in told[0]
    assert told[0].endswith(": Black Friday.")
    assert len(reminded()) == 1


def test_the_end_of_a_waiting_time_is_told_before(asked, grace):
    rule(waiting_time=240)
    approve(asked, grace)
    for minutes, count in ((100, 0), (181, 1), (241, 1)):
        QuerySet(Review).update(created_at=timezone.now() - timedelta(minutes=minutes))
        assert len([one for one, _ in reminded() if "The waiting time ends on " in one]) == count


def test_asking_costs_the_same_however_many_were_told(fraud, ada, django_assert_num_queries):
    for _ in range(5):
        PromoteRequestFactory(actor=ada, model_name="Churn", version=fraud.add_version("Churn").version)
    # Rules (3), requests, reviews, checks, answers, labels, places, threads that block, reminders.
    with django_assert_num_queries(11):
        reminding.remind()


def test_an_owner_who_declined_is_not_reminded(asked, ada, grace):
    risk = Group.objects.create(name="Risk")
    zoe = UserFactory(username="zoe")
    risk.user_set.add(grace, zoe)
    rule(approvers={"groups": [{"id": risk.pk, "name": "Risk"}], "users": []})
    ask(actor=by(ada), promote_request=asked, users=["grace", "zoe"])
    decline(actor=by(zoe), promote_request=asked, reason="I am away.")
    opened(7)
    assert [people for _, people in reminded()] == [{grace.pk}]
