"""A direct change that a rule holds: refused, and asked for by a request in the caller's name."""

import pytest
from django.test import Client

from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from proxy.tests.guard import calls
from proxy.tests.guard.calls import send
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db
fraud = calls.fraud
only = calls.only
MOVE = {"name": "Fraud", "version": "3", "stage": "Production", "archive_existing_versions": True}


@pytest.fixture
def held(only):
    only("stage:*", "alias:champion", on_direct_write="hold")


@pytest.fixture
def actor(ada):
    return Actor.of(ada, Door.PROXY, "r-1")


def test_a_held_call_opens_the_request_that_it_wanted_and_names_it(fraud, held, actor, ada):
    refusal = send("transition-stage", MOVE, actor=actor)
    opened = PromoteRequest.objects.get()
    assert (refusal.status, refusal.code) == (403, "PERMISSION_DENIED")
    assert refusal.message.startswith("Production of Fraud is protected: version 3 gets there by a promote request")
    assert f"Promote request #{opened.number} asks for it now: http://" in refusal.message
    assert refusal.message.endswith(opened.get_absolute_url())
    assert refusal.headers() == {"X-Checkpoint-Promote-Request": opened.get_absolute_url()}
    assert (opened.author, opened.status, str(opened.target)) == (ada, Status.OPEN, "stage:Production")
    assert (opened.version, opened.archive_existing_versions) == ("3", True)
    rows = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(rows) == [AuditAction.CALL_REFUSED, AuditAction.CREATED]


def test_the_same_call_again_finds_the_same_request_whoever_makes_it(fraud, held, actor, grace):
    first = send("transition-stage", MOVE, actor=actor).message
    assert send("transition-stage", MOVE, actor=actor).message == first
    assert send("transition-stage", MOVE, actor=Actor.of(grace, Door.PROXY)).message == first
    assert PromoteRequest.objects.count() == 1


def test_an_alias_that_is_set_or_taken_away_is_held_too(fraud, held, actor):
    send("set-alias", {"name": "Fraud", "alias": "champion", "version": "3"}, actor=actor)
    send("delete-alias", {"name": "Fraud", "alias": "champion"}, actor=actor)
    assert sorted(PromoteRequest.objects.values_list("version", "change")) == [("2", "remove"), ("3", "set")]


def test_what_the_call_did_not_ask_for_is_not_asked_for_in_its_place(fraud, held, actor):
    refusal = send("delete-version", {"name": "Fraud", "version": "2"}, actor=actor)
    assert "Open it here:" in refusal.message
    assert not PromoteRequest.objects.exists()


def test_without_an_author_or_beside_a_rule_that_refuses_nothing_is_held(fraud, held, actor):
    assert "Open it here:" in send("transition-stage", MOVE).message
    ProtectionRule.objects.create(target_pattern="stage:Production")
    assert "Open it here:" in send("transition-stage", MOVE, actor=actor).message
    assert not PromoteRequest.objects.exists()


@pytest.mark.parametrize(
    ("refusing", "message"),
    [
        ("stage:Staging", {"version": "1", "archive_existing_versions": False}),
        ("stage:Archived", {"version": "3", "archive_existing_versions": True}),
    ],
)
def test_a_rule_of_what_is_left_or_archived_in_passing_refuses_too(fraud, only, actor, refusing, message):
    fraud.transition_stage("Fraud", "1", "Staging", archive_existing_versions=False)
    only("stage:Production", on_direct_write="hold")
    beside = ProtectionRule.objects.create(target_pattern=refusing)
    assert "Open it here:" in send("transition-stage", MOVE | message, actor=actor).message
    assert not PromoteRequest.objects.exists()
    ProtectionRule.objects.filter(pk=beside.pk).update(on_direct_write="hold")
    assert "asks for it now" in send("transition-stage", MOVE | message, actor=actor).message


@pytest.mark.parametrize(("version", "stage"), [("2", "Archived"), ("2", "Staging"), ("3", "Staging")])
def test_what_only_the_rule_of_what_is_left_or_archived_in_passing_covers_is_held_by_it(
    fraud, only, actor, version, stage
):
    only("stage:Production", "stage:Archived", on_direct_write="hold")
    move = {"name": "Fraud", "version": version, "stage": stage, "archive_existing_versions": stage == "Staging"}
    assert "asks for it now" in send("transition-stage", move, actor=actor).message
    assert str(PromoteRequest.objects.get().target) == f"stage:{stage}"


def test_a_draft_of_somebody_else_is_not_told_of(fraud, held, actor, grace):
    hers = PromoteRequestFactory(actor=by(grace), version="3", draft=True)
    refusal = send("transition-stage", MOVE, actor=actor)
    asked = PromoteRequest.objects.exclude(pk=hers.pk).get()
    assert f"Promote request #{asked.number} asks for it now" in refusal.message
    assert f"#{hers.number}" not in refusal.message


def test_what_cannot_be_asked_for_is_only_refused(fraud, held, ada, actor):
    send("transition-stage", MOVE, actor=actor)
    asked = PromoteRequest.objects.get()
    reviewer = UserFactory()
    client = Client()
    client.force_login(reviewer)
    address = f"{asked.get_absolute_url()}review/"
    client.post(address, {"verdict": "request_changes", "body": "Show the recall."})
    client.force_login(ada)
    client.post(f"{asked.get_absolute_url()}withdraw/", {"message": ""})
    asked.refresh_from_db()
    assert asked.status == Status.CLOSED
    assert "Open it here:" in send("transition-stage", MOVE, actor=actor).message
    assert PromoteRequest.objects.count() == 1


def test_a_copy_is_held_only_where_a_promotion_would_make_the_same(fraud, only, actor):
    only("model:prod.fraud", on_direct_write="hold")
    fraud.set_version_tags("Fraud", "3", {"team": "risk"})
    copy = {"name": "prod.fraud", "source": "models:/Fraud/3"}
    for more in ({"tags": [{"key": "team", "value": "core"}]}, {"description": "Better."}):
        assert "Open it here:" in send("create-version", copy | more, actor=actor).message
    assert not PromoteRequest.objects.exists()
    same = copy | {"tags": [{"key": "team", "value": "risk"}], "description": ""}
    assert "asks for it now" in send("create-version", same, actor=actor).message
    assert str(PromoteRequest.objects.get().target) == "model:prod.fraud"
