from accounts.models import User
from promote_requests.choices import ReviewDecision, Verdict
from promote_requests.decision import decide
from promote_requests.models import Review
from protection.matching import Requirement

ADA, GRACE, LINUS = (User(pk=pk, username=name) for pk, name in enumerate(["ada", "grace", "linus"], start=1))


def review(reviewer, verdict, fingerprint="now"):
    return Review(reviewer=reviewer, verdict=verdict, evidence_fingerprint=fingerprint)


def outcome(*reviews, required=1):
    return decide(
        reviews,
        author_id=ADA.pk,
        evidence_fingerprint="now",
        requirement=Requirement(required_approvals=required),
    )


def test_a_request_without_reviews_needs_one():
    decision = outcome()
    assert decision.decision == ReviewDecision.REVIEW_REQUIRED
    assert decision.missing == 1
    assert not decision.is_approved


def test_enough_approvals_approve():
    decision = outcome(review(GRACE, Verdict.APPROVE), review(LINUS, Verdict.APPROVE), required=2)
    assert decision.is_approved
    assert decision.missing == 0


def test_two_approvals_of_one_reviewer_count_once():
    decision = outcome(review(GRACE, Verdict.APPROVE), review(GRACE, Verdict.APPROVE), required=2)
    assert (decision.decision, decision.approvals) == (ReviewDecision.REVIEW_REQUIRED, 1)


def test_the_authors_own_approval_does_not_count():
    assert outcome(review(ADA, Verdict.APPROVE)).approvals == 0


def test_a_request_for_changes_stands_against_any_number_of_approvals():
    decision = outcome(review(GRACE, Verdict.REQUEST_CHANGES), review(LINUS, Verdict.APPROVE))
    assert decision.decision == ReviewDecision.CHANGES_REQUESTED


def test_a_reviewer_who_approves_later_takes_the_request_for_changes_back():
    assert outcome(review(GRACE, Verdict.REQUEST_CHANGES), review(GRACE, Verdict.APPROVE)).is_approved


def test_a_comment_changes_no_judgement():
    assert outcome(review(GRACE, Verdict.APPROVE), review(GRACE, Verdict.COMMENT)).is_approved


def test_an_approval_of_other_evidence_is_stale_and_does_not_count():
    decision = outcome(review(GRACE, Verdict.APPROVE, fingerprint="before"))
    assert decision.decision == ReviewDecision.REVIEW_REQUIRED
    assert decision.stale == ("grace",)
