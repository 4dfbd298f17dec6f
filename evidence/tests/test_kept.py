"""Evidence is kept under the SHA-256 of what it says, once, and a row that somebody changed is not shown."""

from dataclasses import replace

import pytest
from django.db import connection

from evidence import kept
from evidence.freeze import UnreadableEvidence
from evidence.models import FrozenEvidence
from evidence.observe import observe
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from registry.exceptions import RegistryUnreachable
from registry.proposals import Proposal
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import by

pytestmark = pytest.mark.django_db


def look(fraud):
    return observe(fraud, Proposal("Fraud", "2", Target.parse("stage:Production")))


def tamper(digest, document):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE evidence_frozenevidence SET document = %s WHERE digest = %s", [document, digest])


def test_the_same_facts_are_one_row_and_read_as_they_were(fraud):
    evidence = look(fraud)
    digest = kept.keep(evidence)
    assert kept.keep(look(fraud)) == digest
    # The challenger, the champion, which values are better, and that they were judged together.
    assert FrozenEvidence.objects.count() == 4
    read = kept.load(digest)
    assert read == replace(evidence, directions=read.directions)
    assert read.directions.of("auc") == evidence.directions.of("auc")
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.95})
    assert kept.keep(look(fraud)) != digest
    assert FrozenEvidence.objects.count() == 6  # the champion's row serves both


@pytest.mark.parametrize(
    ("document", "says"),
    [("{}", "somebody changed"), (None, "not kept here any more")],
)
def test_a_row_that_somebody_changed_or_took_away_is_told(fraud, document, says):
    digest = kept.keep(look(fraud))
    if document is None:
        digest = "0" * 64
    else:
        tamper(digest, document)
    with pytest.raises(UnreadableEvidence, match=says):
        kept.load(digest)


def test_a_row_of_another_format_is_told(fraud):
    with pytest.raises(UnreadableEvidence, match=r"cannot read \(2\)"):
        kept.load(kept.store({"format": 2}))
    with pytest.raises(UnreadableEvidence, match="damaged"):
        kept.load(kept.store({"format": 1}))


def test_rows_are_added_and_never_changed(fraud):
    kept.keep(look(fraud))
    with pytest.raises(TypeError):
        FrozenEvidence.objects.update(document="{}")
    with pytest.raises(TypeError):
        FrozenEvidence.objects.all().delete()
    with pytest.raises(TypeError):
        FrozenEvidence.objects.first().save()


def test_evidence_is_kept_at_submission_at_each_review_at_a_refresh_and_at_the_promotion(fraud, open_request, grace):
    first = PromoteRequest.objects.get().evidence_digest
    assert kept.load(first).challenger.metrics["auc"].value == 0.94
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    with pytest.raises(Exception, match="fresh look"):
        services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
    second = PromoteRequest.objects.get().evidence_digest
    assert kept.load(second).challenger.metrics["auc"].value == 0.5
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Worse.")
    assert Review.objects.get().evidence_digest == second
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.97})
    promoted = PromoteRequestFactory(target=Target.parse("alias:champion"))
    services.review(actor=by(grace), promote_request=promoted, verdict=Verdict.APPROVE)
    promoted.refresh_from_db()
    assert promoted.status == Status.PROMOTED
    assert kept.load(promoted.evidence_digest).challenger.metrics["auc"].value == 0.97


def test_a_decided_request_is_readable_when_mlflow_has_lost_the_version(fraud, open_request, ada, grace, client):
    services.withdraw(actor=by(ada), promote_request=open_request)
    fraud.delete_version("Fraud", "2")
    client.force_login(grace)
    page = client.get(open_request.get_absolute_url()).content.decode()
    assert "The comparison is not available" not in page
    assert "0.94" in page
    assert "Compare both versions as they are now" in page


def test_a_review_leads_to_what_was_judged_and_the_address_stays(fraud, open_request, grace, client):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    digest = Review.objects.get().evidence_digest
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    client.force_login(grace)
    address = f"{open_request.get_absolute_url()}evidence/{digest}/"
    assert address in client.get(open_request.get_absolute_url()).content.decode()
    page = client.get(address).content.decode()
    assert "0.94" in page
    assert "grace asked for changes of this" in page
    assert digest in page
    assert client.get(f"{open_request.get_absolute_url()}evidence/{'0' * 64}/").status_code == 404
    tamper(digest, "{}")
    changed = client.get(address)
    assert (changed.status_code, "somebody changed" in changed.content.decode()) == (503, True)


def test_another_persons_draft_has_no_evidence_to_look_at(fraud, ada, grace, client):
    draft = PromoteRequestFactory(actor=ada, draft=True)
    client.force_login(grace)
    assert client.get(f"{draft.get_absolute_url()}evidence/{draft.evidence_digest}/").status_code == 404
