import pytest
from django.db import IntegrityError, OperationalError, transaction

from audit.choices import AuditAction
from audit.models import AuditEvent
from evidence.freeze import fingerprint
from foundation.exceptions import DatabaseBusy, InvalidInput, NotAllowed, WrongState
from promote_requests import services
from promote_requests.choices import ReviewDecision, Status, Verdict
from promote_requests.exceptions import ChampionChanged, DuplicateRequest, EvidenceChanged
from promote_requests.models import PromoteRequest, Review
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_approvals(db):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 2})


def approve(actor, promote_request, **values):
    return services.review(actor=by(actor), promote_request=promote_request, verdict=Verdict.APPROVE, **values)


def test_the_approval_that_meets_the_rule_promotes_at_once(open_request, fraud, grace):
    outcome = approve(grace, open_request, body="Looks good.")
    assert outcome.failure is None
    assert outcome.promote_request.status == Status.PROMOTED
    assert fraud.get_version("Fraud", "2").stage == "Production"
    assert fraud.get_version("Fraud", "1").stage == "Archived"


def test_an_approval_whose_promotion_waits_too_long_for_a_row_says_that_it_is_recorded(
    open_request, fraud, grace, monkeypatch
):
    def busy(**values):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr("promote_requests.services.promotion.promote", busy)
    outcome = approve(grace, open_request)
    assert isinstance(outcome.failure, DatabaseBusy)
    assert "busy" in outcome.failure.message
    assert Review.objects.get() == outcome.review
    assert outcome.promote_request.status == Status.OPEN


def test_an_approval_that_does_not_meet_the_rule_only_counts(two_approvals, open_request, fraud, grace):
    outcome = approve(grace, open_request)
    assert outcome.promote_request.status == Status.OPEN
    decision = services.decision_of(outcome.promote_request)
    assert (decision.decision, decision.missing) == (ReviewDecision.REVIEW_REQUIRED, 1)
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_rule_can_leave_the_promotion_to_a_person(open_request, fraud, ada, grace):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    outcome = approve(grace, open_request)
    assert outcome.promote_request.status == Status.OPEN
    assert services.decision_of(outcome.promote_request).is_approved
    assert services.promote(actor=by(ada), promote_request=outcome.promote_request).status == Status.PROMOTED


def test_the_author_cannot_approve_their_own_request(open_request, fraud, ada):
    with pytest.raises(NotAllowed, match="somebody else has to review"):
        approve(ada, open_request)
    assert not Review.objects.exists()
    assert fraud.get_version("Fraud", "2").stage == "None"
    assert AuditEvent.objects.last().action == AuditAction.REFUSED


@pytest.mark.parametrize("verdict", [Verdict.APPROVE, Verdict.REQUEST_CHANGES])
def test_the_database_itself_refuses_a_judgement_by_the_author(open_request, ada, verdict):
    with pytest.raises(IntegrityError, match="nobody_judges_their_own"), transaction.atomic():
        Review.objects.create(
            promote_request=open_request, reviewer=ada, request_author=ada, verdict=verdict, evidence_fingerprint="x"
        )


def test_a_request_for_changes_needs_words(open_request, grace):
    with pytest.raises(InvalidInput) as refusal:
        services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body=" ")
    assert refusal.value.field == "body"


def test_a_request_for_changes_stops_the_promotion_until_taken_back(two_approvals, open_request, fraud, grace):
    linus, edsger = UserFactory(), UserFactory()
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    approve(linus, open_request)
    approve(edsger, open_request)
    assert PromoteRequest.objects.get().status == Status.OPEN
    outcome = approve(grace, open_request)
    assert outcome.promote_request.status == Status.PROMOTED


def test_a_request_for_changes_works_while_mlflow_is_down(open_request, fraud, grace):
    fraud.fail_next(RegistryUnreachable("down"))
    outcome = services.review(
        actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Not yet."
    )
    assert outcome.review.pk


def test_an_approval_needs_mlflow_to_show_the_facts(open_request, fraud, grace):
    fraud.fail_next(RegistryUnreachable("down"))
    with pytest.raises(RegistryUnreachable):
        approve(grace, open_request)
    assert not Review.objects.exists()


@pytest.mark.parametrize("verdict", ["yes", ""])
def test_an_unknown_verdict_is_refused_by_name(open_request, grace, verdict):
    with pytest.raises(InvalidInput) as refusal:
        services.review(actor=by(grace), promote_request=open_request, verdict=verdict)
    assert refusal.value.field == "verdict"


def test_a_text_that_is_too_long_is_refused(open_request, grace):
    with pytest.raises(InvalidInput, match="65537 characters"):
        services.comment(actor=by(grace), promote_request=open_request, body="x" * 65_537)


def test_a_closed_request_is_not_reviewed(open_request, grace):
    closed = services.close(actor=by(grace), promote_request=open_request)
    with pytest.raises(WrongState):
        approve(grace, closed)


def test_an_approval_of_facts_that_changed_meanwhile_is_refused_and_asks_for_a_fresh_look(open_request, fraud, grace):
    fraud.add_version("Fraud", stage="None")
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    with pytest.raises(
        ChampionChanged, match="Version 3 holds Production now; reviewers compared with version 1"
    ) as error:
        approve(grace, open_request)
    assert error.value.status == 409
    assert not Review.objects.exists()
    current = PromoteRequest.objects.get()
    assert current.champion_version == "3"
    assert approve(grace, current).promote_request.status == Status.PROMOTED


def test_changed_metrics_of_the_challenger_are_refused_as_changed_evidence(open_request, fraud, grace):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.99})
    with pytest.raises(
        EvidenceChanged,
        match="What MLflow says of version 2 or of version 1, or which other versions are in Production, has changed",
    ):
        approve(grace, open_request)


def test_a_reviewer_who_has_seen_the_present_facts_may_approve_them(open_request, fraud, grace):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.99})
    seen = fingerprint(services.evidence_of(open_request))
    outcome = approve(grace, open_request, seen_fingerprint=seen)
    assert outcome.promote_request.status == Status.PROMOTED
    assert AuditEvent.objects.filter(action=AuditAction.EVIDENCE_CHANGED).count() == 1


def test_a_reviewer_with_an_old_page_is_asked_to_look_again(open_request, fraud, grace):
    with pytest.raises(EvidenceChanged, match="after you opened this page"):
        approve(grace, open_request, seen_fingerprint="0" * 64)


def test_earlier_approvals_stop_counting_when_the_champion_changes(two_approvals, open_request, fraud, grace):
    approve(grace, open_request)
    fraud.add_version("Fraud")
    fraud.transition_stage("Fraud", "3", "Production", archive_existing_versions=True)
    with pytest.raises(ChampionChanged):
        approve(UserFactory(), open_request)
    decision = services.decision_of(PromoteRequest.objects.get())
    assert (decision.approvals, decision.stale) == (0, ("grace",))


def test_anybody_may_comment_whatever_the_state(open_request, ada, grace):
    services.comment(actor=by(ada), promote_request=open_request, body=" See the run. ")
    approve(grace, open_request)
    comment = services.comment(actor=by(ada), promote_request=PromoteRequest.objects.get(), body="Thank you.")
    assert comment.body == "Thank you."
    assert open_request.comments.count() == 2


def test_an_empty_comment_is_refused(open_request, ada):
    with pytest.raises(InvalidInput) as refusal:
        services.comment(actor=by(ada), promote_request=open_request, body="\n ")
    assert refusal.value.field == "body"


def test_an_approval_of_earlier_words_is_recorded_as_such(open_request, ada, grace):
    ProtectionRule.objects.update(promote_when="pressed")
    services.edit(actor=by(ada), promote_request=open_request, title="Another", description="Not what grace read.")
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE, seen_text_revision=1)
    current = PromoteRequest.objects.get()
    assert services.decision_of(current).notes == ("grace approved before title and description were edited.",)
    services.review(actor=by(grace), promote_request=current, verdict=Verdict.APPROVE, seen_text_revision=99)
    assert services.decision_of(PromoteRequest.objects.get()).notes == ()


def test_an_objection_is_not_got_rid_of_by_asking_anew(open_request, ada, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Recall?")
    services.withdraw(actor=by(ada), promote_request=open_request)
    with pytest.raises(DuplicateRequest, match="grace asked for changes of the same in #") as refused:
        PromoteRequestFactory(actor=ada)
    assert refused.value.number == open_request.number
    with pytest.raises(DuplicateRequest):
        PromoteRequestFactory()  # nor by somebody else
    PromoteRequestFactory(actor=ada, target=Target.parse("alias:shadow"))
    services.reopen(actor=by(ada), promote_request=PromoteRequest.objects.get(pk=open_request.pk))
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.APPROVE)
