"""Threads: opened by a comment, answered, settled, and what stops a promotion until then."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import InvalidInput, NotAllowed, WrongState
from promote_requests import services
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.models import Comment, PromoteRequest, Thread
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db

TOMORROW = timedelta(days=1)


@pytest.fixture
def linus(db):
    return UserFactory(username="linus")


@pytest.fixture
def strict(db):
    """Has every rule ask for resolved threads."""
    for rule in ProtectionRule.objects.all():
        rule.conditions = {**rule.conditions, "threads": True}
        rule.save()


def opened(promote_request, actor, **values):
    return services.comment(
        actor=by(actor), promote_request=promote_request, **({"body": "Why so deep?"} | values)
    ).thread


def unmet(promote_request):
    fresh = PromoteRequest.objects.with_people().get(pk=promote_request.pk)
    return {missing.code: missing.sentence for missing in services.decision_of(fresh).unmet}


def test_a_comment_opens_a_thread_that_stops_nothing(open_request, grace, strict):
    comment = services.comment(actor=by(grace), promote_request=open_request, body="Fine.")
    thread = comment.thread
    assert (thread.opener, thread.is_blocking, thread.anchor_kind, thread.is_resolved) == (grace, False, "", False)
    assert "threads_unresolved" not in unmet(open_request)


def test_a_blocking_thread_stops_the_promotion_until_it_is_resolved(open_request, grace, linus, strict):
    first = opened(open_request, grace, is_blocking=True)
    opened(open_request, linus, is_blocking=True)
    second = opened(open_request, linus, is_blocking=True)
    assert unmet(open_request)["threads_unresolved"] == (
        "3 blocking threads are not resolved: opened by grace and linus (2)."
    )
    outcome = services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    assert outcome.promote_request.status == Status.OPEN
    with pytest.raises(WrongState, match="blocking threads are not resolved"):
        services.promote(actor=by(grace), promote_request=open_request)
    for thread in Thread.objects.all():
        services.resolve(actor=by(linus), promote_request=open_request, thread=thread.pk)
    assert unmet(open_request) == {}
    services.unresolve(actor=by(grace), promote_request=open_request, thread=first.pk)
    assert unmet(open_request)["threads_unresolved"] == "1 blocking thread is not resolved: opened by grace."
    services.resolve(actor=by(grace), promote_request=open_request, thread=first.pk)
    assert Thread.objects.get(pk=second.pk).is_resolved
    assert services.promote(actor=by(grace), promote_request=open_request).status == Status.PROMOTED


def test_without_the_condition_a_blocking_thread_stops_nothing(open_request, grace):
    opened(open_request, grace, is_blocking=True)
    assert set(unmet(open_request)) == {"approvals_missing"}


def test_who_resolves_what(open_request, ada, grace, linus):
    stopping = opened(open_request, grace, is_blocking=True)
    harmless = opened(open_request, grace)
    own = opened(open_request, ada, is_blocking=True)
    with pytest.raises(NotAllowed, match="It blocks your own request: grace, or somebody who may review"):
        services.resolve(actor=by(ada), promote_request=open_request, thread=stopping.pk)
    for person, thread in ((ada, harmless), (ada, own), (linus, stopping)):
        assert services.resolve(actor=by(person), promote_request=open_request, thread=thread.pk).is_resolved
    with pytest.raises(WrongState, match="resolved already"):
        services.resolve(actor=by(grace), promote_request=open_request, thread=stopping.pk)
    with pytest.raises(NotAllowed):
        services.unresolve(actor=by(ada), promote_request=open_request, thread=stopping.pk)
    linus.is_active = False
    linus.save()
    with pytest.raises(NotAllowed):
        services.unresolve(actor=by(linus), promote_request=open_request, thread=stopping.pk)
    rows = AuditEvent.objects.filter(action=AuditAction.THREAD_RESOLVED).order_by("pk")
    assert [(row.actor, row.reason) for row in rows] == [
        (ada, f"the thread {harmless.pk} of grace"),
        (ada, f"the blocking thread {own.pk} of ada"),
        (linus, f"the blocking thread {stopping.pk} of grace"),
    ]


def test_a_thread_of_another_request_is_none_of_this_one(open_request, fraud, grace):
    fraud.add_version("Fraud")
    other = PromoteRequestFactory(version="3")
    thread = opened(other, grace)
    for service, values in (
        (services.reply, {"thread": thread.pk, "body": "Hm."}),
        (services.resolve, {"thread": thread.pk}),
        (services.edit_comment, {"comment": thread.comments.get().pk, "body": "Hm."}),
        (services.delete_comment, {"comment": thread.comments.get().pk}),
    ):
        with pytest.raises(InvalidInput, match=f"Request #{open_request.pk} has no"):
            service(actor=by(grace), promote_request=open_request, **values)


def test_an_anchor_writes_a_number_as_the_table_does(open_request, fraud, grace):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1 + 0.2})
    services.evidence_of(open_request)
    thread = opened(open_request, grace, anchor_kind="metric", anchor_key="auc")
    assert thread.anchor_value == "0.3 (champion: 0.91)"


@pytest.mark.parametrize(
    ("kind", "key", "says"),
    [
        ("metric", "auc", "0.94 (champion: 0.91)"),
        ("parameter", "depth", "5 (champion: 3)"),
    ],
)
def test_an_anchor_keeps_what_the_row_said(open_request, grace, kind, key, says):
    thread = opened(open_request, grace, anchor_kind=kind, anchor_key=key)
    assert (thread.anchor_kind, thread.anchor_key, thread.anchor_value) == (kind, key, says)


@pytest.mark.parametrize(
    ("kind", "key", "field"),
    [
        ("metric", "f1", "anchor_key"),
        ("colour", "auc", "anchor_kind"),
        ("", "auc", "anchor_kind"),
        ("metric", "", "anchor_key"),
        ("file", "no/such", "anchor_key"),
        ("prompt", "You are", "anchor_key"),
        ("metric", "a\x00b", "anchor_key"),
        ("tag", "x" * 5000, "anchor_key"),
    ],
)
def test_a_row_that_is_not_there_is_refused_at_its_field(open_request, grace, kind, key, field):
    with pytest.raises(InvalidInput) as refused:
        opened(open_request, grace, anchor_kind=kind, anchor_key=key)
    assert refused.value.field == field
    assert not Thread.objects.exists()


def test_a_decided_request_is_blocked_no_more_and_shows_what_was(open_request, grace, linus, strict):
    thread = opened(open_request, grace, is_blocking=True)
    services.close(actor=by(grace), promote_request=open_request, reason=CloseReason.REJECTED)
    with pytest.raises(WrongState, match="Nothing can block it any more: the request is closed"):
        opened(open_request, linus, is_blocking=True)
    services.resolve(actor=by(linus), promote_request=open_request, thread=thread.pk)
    assert "threads_unresolved" in unmet(open_request), "it shows what was so when it was decided"
    services.unresolve(actor=by(linus), promote_request=open_request, thread=thread.pk)
    open_request.refresh_from_db()
    services.reopen(actor=by(open_request.author), promote_request=open_request)
    assert "threads_unresolved" in unmet(open_request)


def test_lists_do_not_ask_for_the_threads_of_each_request(fraud, grace, django_assert_num_queries, strict):
    for number in range(3, 7):
        fraud.add_version("Fraud")
        for _ in range(2):
            promote_request = PromoteRequest.objects.filter(version=str(number)).first() or PromoteRequestFactory(
                version=str(number)
            )
            opened(promote_request, grace, is_blocking=True)
    found = list(PromoteRequest.objects.for_rows())
    with django_assert_num_queries(0):
        assert [len(services.reading.blocking_threads_of(request)) for request in found] == [2, 2, 2, 2]


# -- follow-ups ------------------------------------------------------------------------------------------------------


def test_a_follow_up_has_an_owner_and_a_day_and_does_not_block(open_request, grace, linus):
    day = timezone.now().date() + TOMORROW
    thread = opened(open_request, grace, owner="Linus", due_on=day)
    assert (thread.owner, thread.due_on, thread.is_blocking, thread.is_overdue) == (linus, day, False, False)
    assert services.resolve(actor=by(linus), promote_request=open_request, thread=thread.pk).is_resolved


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"owner": "linus"}, "due_on"),
        ({"due_on": TOMORROW}, "owner"),
        ({"owner": "nobody", "due_on": TOMORROW}, "owner"),
        ({"owner": "gone", "due_on": TOMORROW}, "owner"),
        ({"owner": "linus", "due_on": -TOMORROW}, "due_on"),
        ({"owner": "linus", "due_on": timedelta(days=4000)}, "due_on"),
        ({"owner": "linus", "due_on": TOMORROW, "is_blocking": True}, "is_blocking"),
        ({"owner": "x" * 151, "due_on": TOMORROW}, "owner"),
    ],
)
def test_a_follow_up_that_cannot_be_is_refused_at_its_field(open_request, grace, linus, values, field):
    UserFactory(username="gone", is_active=False)
    if "due_on" in values:
        values = values | {"due_on": timezone.now().date() + values["due_on"]}
    with pytest.raises(InvalidInput) as refused:
        opened(open_request, grace, **values)
    assert refused.value.field == field
    assert not Thread.objects.exists()


def test_the_database_backs_that_a_follow_up_does_not_block(open_request, grace):
    with pytest.raises(IntegrityError), transaction.atomic():
        Thread.objects.create(
            promote_request=open_request, opener=grace, is_blocking=True, owner=grace, due_on=timezone.now().date()
        )


# -- rewording and deleting ------------------------------------------------------------------------------------------


def test_the_earlier_words_of_a_comment_stay(open_request, grace):
    comment = services.comment(actor=by(grace), promote_request=open_request, body="Bad.")
    for words in ("Weak.", " Weak. ", "Too weak for Berlin."):
        comment = services.edit_comment(actor=by(grace), promote_request=open_request, comment=comment.pk, body=words)
    assert [text for text, _ in comment.wordings] == ["Bad.", "Weak.", "Too weak for Berlin."]
    assert comment.text == "Too weak for Berlin."
    assert AuditEvent.objects.filter(action=AuditAction.COMMENT_EDITED).count() == 2


def test_deleting_leaves_a_stone_and_the_decision_as_it_was(open_request, grace, strict):
    thread = opened(open_request, grace, is_blocking=True)
    comment = thread.comments.get()
    before = unmet(open_request)
    gone = services.delete_comment(actor=by(grace), promote_request=open_request, comment=comment.pk)
    assert (gone.is_deleted, gone.text, gone.deletion.by) == (True, "", grace)
    assert unmet(open_request) == before
    row = AuditEvent.objects.get(action=AuditAction.COMMENT_DELETED)
    assert (row.actor, row.reason) == (grace, f"comment {comment.pk}")
    for again in (
        lambda: services.delete_comment(actor=by(grace), promote_request=open_request, comment=comment.pk),
        lambda: services.edit_comment(actor=by(grace), promote_request=open_request, comment=comment.pk, body="No."),
    ):
        with pytest.raises(WrongState, match="This comment is deleted"):
            again()


@pytest.mark.parametrize("service", [services.edit_comment, services.delete_comment])
def test_nobody_changes_what_somebody_else_wrote(open_request, ada, grace, service):
    comment = services.comment(actor=by(grace), promote_request=open_request, body="Bad.")
    values = {"body": "Good."} if service is services.edit_comment else {}
    with pytest.raises(NotAllowed, match="grace wrote this: nobody else changes it"):
        service(actor=by(ada), promote_request=open_request, comment=comment.pk, **values)
    assert Comment.objects.get().text == "Bad."
