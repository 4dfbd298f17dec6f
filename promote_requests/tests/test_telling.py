"""What happens to a request is in the outbox exactly when it happened."""

import pytest
from django.db import transaction

from audit.models import AuditEvent
from foundation.exceptions import NotAllowed
from notifications.choices import Event
from notifications.models import Message
from promote_requests import services, telling
from promote_requests.choices import CloseReason, Verdict
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryError
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(fraud):
    return PromoteRequestFactory()


def told():
    return [Event(event) for event in Message.objects.values_list("event", flat=True)]


def judged(asked, verdict, body="Why."):
    return services.review(actor=by(UserFactory()), promote_request=asked, verdict=verdict, body=body)


def test_the_way_to_a_promotion_is_told_step_by_step(asked):
    reviewer = UserFactory(username="grace")
    services.comment(actor=by(reviewer), promote_request=asked, body="Looking.")
    services.review(actor=by(reviewer), promote_request=asked, verdict=Verdict.APPROVE)
    assert told() == [Event.CREATED, Event.COMMENTED, Event.APPROVED, Event.PROMOTION_STARTED, Event.PROMOTED]
    last = Message.objects.last()
    assert last.actor == reviewer
    assert (last.model_name, last.request_number, last.format) == ("Fraud", asked.number, 1)
    said = last.payload
    assert said["sentence"] == f"grace promoted #{asked.number}: Fraud version 2 to Production."
    assert said["actor"] == {"name": "grace", "is_checkpoint": False}
    assert (said["former_version"], said["new_version"]) == ("1", "2")
    assert said["promote_request"]["url"] == f"http://localhost:5000/checkpoint/promote-requests/{asked.number}/"
    assert said["promote_request"]["status"] == "promoted"
    assert said["promote_request"]["approved_by"] == ["grace"]
    assert said["rule"]["conditions"]
    asked.refresh_from_db()
    assert said["evidence_fingerprint"] == asked.evidence_fingerprint
    assert said["evidence_digest"] == asked.evidence_digest


@pytest.mark.parametrize(
    ("verdict", "event"),
    [(Verdict.REQUEST_CHANGES, Event.CHANGES_REQUESTED), (Verdict.COMMENT, Event.COMMENTED)],
)
def test_a_judgement_is_told_as_what_it_is(asked, verdict, event):
    judged(asked, verdict)
    assert told() == [Event.CREATED, event]


def test_each_way_of_closing_is_told_as_what_it_is_and_so_is_reopening(asked):
    author, other = by(asked.author), by(UserFactory())
    asked = services.close(actor=other, promote_request=asked, reason=CloseReason.REJECTED, message="Too slow.")
    asked = services.reopen(actor=author, promote_request=asked)
    asked = services.close(actor=other, promote_request=asked, reason=CloseReason.SUPERSEDED)
    asked = services.reopen(actor=author, promote_request=asked)
    services.withdraw(actor=author, promote_request=asked)
    assert told()[1:] == [Event.REJECTED, Event.REOPENED, Event.SUPERSEDED, Event.REOPENED, Event.WITHDRAWN]
    assert Message.objects.all()[1].payload["reason"] == "Rejected: Too slow."


def test_a_promotion_that_fails_is_told(asked, fraud):
    fraud.fail_next(RegistryError("MLflow refused."), call="transition_stage")
    judged(asked, Verdict.APPROVE)
    assert told()[-2:] == [Event.PROMOTION_STARTED, Event.PROMOTION_FAILED]
    assert Message.objects.last().payload["promote_request"]["status"] == "open"


def test_the_way_back_to_a_former_champion_is_told_as_that_too(asked, fraud):
    judged(asked, Verdict.APPROVE)
    for version in ("1", "2"):
        judged(PromoteRequestFactory(version=version), Verdict.APPROVE)
    assert told().count(Event.ROLLED_BACK) == 1
    assert told()[-2:] == [Event.PROMOTED, Event.ROLLED_BACK]


def test_a_draft_is_its_authors_alone_until_it_is_opened(fraud):
    author = UserFactory()

    draft = PromoteRequestFactory(actor=author, draft=True)
    services.edit(actor=by(author), promote_request=draft, title="Better words", description="")
    assert told() == []
    services.submit(actor=by(author), promote_request=draft)
    assert told() == [Event.SUBMITTED]


def test_a_draft_that_is_withdrawn_is_told_to_nobody(fraud):
    draft = PromoteRequestFactory(draft=True)
    services.withdraw(actor=by(draft.author), promote_request=draft)
    assert told() == []


def test_a_refusal_is_told_to_nobody(asked):
    with pytest.raises(NotAllowed):
        services.review(actor=by(asked.author), promote_request=asked, verdict=Verdict.APPROVE)
    assert AuditEvent.objects.filter(action="refused").exists()
    assert told() == [Event.CREATED]


def test_what_is_undone_is_told_to_nobody(asked):
    with transaction.atomic():
        services.comment(actor=by(UserFactory()), promote_request=asked, body="Looking.")
        transaction.set_rollback(True)
    assert told() == [Event.CREATED]


def test_what_cannot_be_told_is_not_done(asked, monkeypatch):
    def fail(*args, **values):
        raise ZeroDivisionError

    monkeypatch.setattr(telling, "announce", fail)
    with pytest.raises(ZeroDivisionError):
        services.close(actor=by(UserFactory()), promote_request=asked, reason=CloseReason.REJECTED)
    assert PromoteRequest.objects.get().status == "open"


def test_an_alias_that_is_taken_away_has_no_new_version(fraud):
    fraud.set_alias("Fraud", "prod", "1")
    judged(PromoteRequestFactory(version="1", target=Target.parse("alias:prod"), change="remove"), Verdict.APPROVE)
    said = Message.objects.last().payload
    assert (said["new_version"], said["change"]) == (None, "remove")
    assert said["sentence"].endswith("Fraud version 1 no longer @prod.")
