"""A request whose version is deleted in MLflow says so, and can only be closed."""

import pytest
from django.test import Client

from audit.actors import Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import CheckpointError, InvalidInput, WrongState
from notifications.choices import Event
from notifications.models import Message
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.services.by_itself import returning
from protection.models import ProtectionRule
from registry.exceptions import RegistryNotFound, RegistryUnreachable
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db
ONLY = "Version 2 of Fraud is deleted in MLflow: this request can only be closed."


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def looked_at(promote_request, user):
    response = as_(user).post(f"{promote_request.get_absolute_url()}now/")
    promote_request.refresh_from_db()
    return response.content.decode()


@pytest.fixture
def gone(open_request, fraud, grace):
    """Gives ada's request, approved by grace and by nobody else, after its version was deleted past Checkpoint."""
    ProtectionRule.objects.update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    fraud.delete_version("Fraud", "2")
    open_request.refresh_from_db()
    return open_request


def test_the_page_says_so_and_the_record_keeps_it_once(gone, ada):
    assert "is deleted in MLflow." in looked_at(gone, ada)
    looked_at(gone, ada)
    (row,) = AuditEvent.objects.filter(action=AuditAction.VERSION_GONE)
    assert row.reason == "MLflow has no version 2 of Fraud any more: the request can only be closed."
    assert Message.objects.filter(event=Event.VERSION_GONE).count() == 1
    assert Api(ada).get(f"promote-requests/{gone.number}/").json()["gone_at"] is not None


@pytest.mark.parametrize("door", ["page", "desk"])
def test_nobody_is_told_to_ask_mlflow_again_or_to_approve_what_is_gone(gone, ada, door):
    looked_at(gone, ada)
    desk = f"/checkpoint/admin/promote_requests/promoterequest/{gone.number}/now/"
    text = (
        looked_at(gone, ada)
        if door == "page"
        else as_(UserFactory(is_staff=True, is_superuser=True)).post(desk).content.decode()
    )
    assert "MLflow cannot be asked" not in text
    assert "Reload this page" not in text
    assert "Who could still do it" not in text
    assert "Below is what was observed last" in text


def test_only_closing_and_talking_are_left(gone, ada, grace):
    looked_at(gone, ada)
    assert services.actions_for(by(ada), gone) == ["comment", "withdraw"]
    assert services.actions_for(by(grace), gone) == ["comment", "close"]


@pytest.mark.parametrize(
    ("who", "service", "values"),
    [
        ("linus", "review", {"verdict": Verdict.APPROVE}),
        ("linus", "review", {"verdict": Verdict.REQUEST_CHANGES, "body": "Show the recall."}),
        ("linus", "promote", {}),
        ("ada", "edit", {"title": "Another", "description": ""}),
        ("linus", "request_check", {"name": "ci"}),
    ],
)
def test_every_other_act_is_refused_once_it_is_known(who, service, values, gone, ada):
    looked_at(gone, ada)
    actor = ada if who == "ada" else UserFactory(username="linus")
    with pytest.raises(WrongState, match=ONLY):
        getattr(services, service)(actor=by(actor), promote_request=gone, **values)


@pytest.mark.parametrize(("service", "values"), [("review", {"verdict": Verdict.APPROVE}), ("promote", {})])
def test_whoever_acts_first_finds_it_out(service, values, gone):
    with pytest.raises(RegistryNotFound):
        getattr(services, service)(actor=by(UserFactory()), promote_request=gone, **values)
    assert PromoteRequest.objects.get().gone_at is not None
    assert PromoteRequest.objects.get().status == Status.OPEN


def test_an_edit_finds_it_out_too(gone, ada):
    with pytest.raises(WrongState, match=ONLY):
        services.edit(actor=by(ada), promote_request=gone, title="Another", description="")
    assert PromoteRequest.objects.get().title != "Another"


@pytest.mark.parametrize("as_author", [True, False])
def test_it_can_be_closed_and_not_reopened(as_author, gone, ada, grace):
    looked_at(gone, ada)
    actor = ada if as_author else grace
    closed = services.close(actor=by(actor), promote_request=gone)
    assert closed.status == Status.CLOSED
    with pytest.raises(InvalidInput, match=r"Fraud has no version 2\."):
        services.reopen(actor=by(ada), promote_request=closed)


def test_a_draft_is_not_submitted(fraud, ada):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    fraud.delete_version("Fraud", "2")
    with pytest.raises(CheckpointError, match=r"no version 2|deleted"):
        services.submit(actor=by(ada), promote_request=draft)


def test_an_mlflow_that_is_away_deletes_nothing(open_request, fraud, ada):
    fraud.fail_next(RegistryUnreachable("away"), call="get_facts")
    looked_at(open_request, ada)
    assert open_request.gone_at is None


def test_something_else_that_is_missing_is_not_the_version(open_request, fraud, ada):
    fraud.fail_next(RegistryNotFound("no such run"), call="get_facts")
    looked_at(open_request, ada)
    assert open_request.gone_at is None


@pytest.fixture
def back(open_request, ada, grace):
    """Gives ada's request, approved by grace, which says that its version is deleted, though MLflow has it."""
    ProtectionRule.objects.update(promote_when="pressed")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    PromoteRequest.objects.update(gone_at=open_request.created_at)
    open_request.refresh_from_db()
    return open_request


@pytest.mark.parametrize(
    ("finds", "door"),
    [
        (lambda ada, linus, **back: looked_at(back["promote_request"], ada), "page"),
        (lambda ada, linus, **back: returning.look_for_deleted(), "worker"),
        (lambda ada, linus, **back: services.promote(actor=by(linus), **back), "page"),
        (lambda ada, linus, **back: services.review(actor=by(linus), verdict=Verdict.APPROVE, **back), "page"),
        (lambda ada, linus, **back: services.edit(actor=by(ada), title="T", description="", **back), "page"),
    ],
    ids=["page", "worker", "promotion", "review", "edit"],
)
def test_a_version_that_is_there_again_is_noticed_by_whoever_looks_and_the_record_keeps_it_once(finds, door, back, ada):
    finds(ada, UserFactory(username="linus"), promote_request=back)
    returning.look_for_deleted()
    assert PromoteRequest.objects.get().gone_at is None
    (row,) = AuditEvent.objects.filter(action=AuditAction.VERSION_BACK)
    assert (row.actor_name, row.door) == ("Checkpoint", door)
    assert row.reason.startswith("MLflow has a version 2 of Fraud again:")
    assert Message.objects.filter(event=Event.VERSION_BACK).count() == 1


def test_what_is_promoted_though_it_was_deleted_meanwhile_is_in_mlflow(back, fraud):
    services.promote(actor=by(UserFactory()), promote_request=back)
    back.refresh_from_db()
    assert back.status == Status.PROMOTED


def test_another_version_of_the_number_has_no_approvals(back, fraud):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    with pytest.raises(EvidenceChanged):
        services.promote(actor=by(UserFactory()), promote_request=back)


@pytest.mark.parametrize("failure", [None, RegistryUnreachable("away")])
def test_the_worker_leaves_the_note_while_the_version_is_gone_or_nobody_knows(failure, gone, ada, fraud):
    looked_at(gone, ada)
    if failure is not None:
        fraud.fail_next(failure, call="get_version")
    returning.look_for_deleted()
    assert PromoteRequest.objects.get().gone_at == gone.gone_at
    assert not AuditEvent.objects.filter(action=AuditAction.VERSION_BACK).exists()


def test_what_is_due_by_itself_is_not_tried_in_vain_while_its_version_is_gone(gone, ada):
    looked_at(gone, ada)
    ProtectionRule.objects.update(promote_when="due")
    assert list(services.promote_due(door=Door.WORKER)) == []
    assert not AuditEvent.objects.filter(action=AuditAction.REFUSED).exists()
