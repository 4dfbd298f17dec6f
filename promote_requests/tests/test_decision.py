from datetime import UTC, datetime

import pytest

from accounts.models import User
from promote_requests.choices import ReviewDecision, Verdict
from promote_requests.decision import decide, judgements, with_approval_of
from promote_requests.models import Review
from protection.conditions import merged
from protection.conditions.approvals import Approvals
from protection.matching import Requirement

ADA, GRACE, LINUS = (User(pk=pk, username=name) for pk, name in enumerate(["ada", "grace", "linus"], start=1))
ONE_MORE = "1 more approval is needed, by somebody other than ada."
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def review(reviewer, verdict, fingerprint="now", round_number=1):
    return Review(reviewer=reviewer, verdict=verdict, evidence_fingerprint=fingerprint, round=round_number)


def counted(*reviews, is_decided=False, round_number=1):
    return judgements(
        reviews,
        round_number=round_number,
        author_id=ADA.pk,
        evidence_fingerprint="now",
        is_decided=is_decided,
    )


def outcome(*reviews, required=1, **options):
    requirement = Requirement(conditions=merged([(Approvals(required),)]))
    return decide(counted(*reviews, **options), author="ada", requirement=requirement, now=NOW)


def sentences(decision):
    return [missing.sentence for missing in decision.unmet]


def test_a_request_without_reviews_needs_one():
    decision = outcome()
    assert decision.decision == ReviewDecision.REVIEW_REQUIRED
    assert decision.missing == 1
    assert not decision.is_approved
    assert sentences(decision) == ["1 more approval is needed, by somebody other than ada."]
    assert sentences(outcome(required=2)) == ["2 more approvals are needed, by somebody other than ada."]


@pytest.mark.parametrize(
    ("required", "given", "expected"),
    [
        (1, [], ["1 more approval is needed, by somebody other than ada."]),
        (2, [], ["2 more approvals are needed, by somebody other than ada."]),
        (1, [(GRACE, Verdict.APPROVE, "now")], []),
        (
            1,
            [(GRACE, Verdict.REQUEST_CHANGES, "now")],
            ["grace asked for changes and has to approve first.", "Their approval is the last one needed."],
        ),
        (
            2,
            [(GRACE, Verdict.REQUEST_CHANGES, "now")],
            [
                "grace asked for changes and has to approve first.",
                "1 more approval is needed, by somebody other than ada.",
            ],
        ),
        (
            1,
            [(GRACE, Verdict.APPROVE, "before")],
            [f"{ONE_MORE} grace approved earlier facts: a fresh look is needed."],
        ),
    ],
)
def test_what_is_missing_counts_what_reviewers_still_have_to_do(required, given, expected):
    assert sentences(outcome(*(review(*each) for each in given), required=required)) == expected


def test_enough_approvals_approve():
    decision = outcome(review(GRACE, Verdict.APPROVE), review(LINUS, Verdict.APPROVE), required=2)
    assert decision.is_approved
    assert decision.missing == 0
    assert decision.approvers == ("grace", "linus")


def test_two_approvals_of_one_reviewer_count_once():
    decision = outcome(review(GRACE, Verdict.APPROVE), review(GRACE, Verdict.APPROVE), required=2)
    assert (decision.decision, decision.approvals) == (ReviewDecision.REVIEW_REQUIRED, 1)


def test_the_authors_own_approval_does_not_count():
    assert outcome(review(ADA, Verdict.APPROVE)).approvals == 0


def test_a_request_for_changes_stands_against_any_number_of_approvals():
    decision = outcome(review(GRACE, Verdict.REQUEST_CHANGES), review(LINUS, Verdict.APPROVE))
    assert decision.decision == ReviewDecision.CHANGES_REQUESTED
    assert sentences(decision) == ["grace asked for changes and has to approve first."]
    both = outcome(review(GRACE, Verdict.REQUEST_CHANGES), review(LINUS, Verdict.REQUEST_CHANGES), required=2)
    assert "grace and linus asked for changes and have to approve first." in sentences(both)


def test_a_reviewer_who_approves_later_takes_the_request_for_changes_back():
    assert outcome(review(GRACE, Verdict.REQUEST_CHANGES), review(GRACE, Verdict.APPROVE)).is_approved


def test_a_comment_changes_no_judgement():
    assert outcome(review(GRACE, Verdict.APPROVE), review(GRACE, Verdict.COMMENT)).is_approved


def test_an_approval_of_other_evidence_is_stale_and_does_not_count():
    decision = outcome(review(GRACE, Verdict.APPROVE, fingerprint="before"))
    assert decision.decision == ReviewDecision.REVIEW_REQUIRED
    assert decision.stale == ("grace",)
    assert sentences(decision) == [f"{ONE_MORE} grace approved earlier facts: a fresh look is needed."]


def test_an_approval_that_is_needed_no_more_is_not_asked_for_again():
    decision = outcome(review(GRACE, Verdict.APPROVE, fingerprint="before"), review(LINUS, Verdict.APPROVE))
    assert decision.is_approved
    assert not decision.unmet


def test_reviews_of_an_earlier_round_do_not_count():
    earlier = review(GRACE, Verdict.APPROVE, round_number=1)
    assert outcome(earlier, round_number=2).approvals == 0
    assert outcome(earlier, review(GRACE, Verdict.APPROVE, round_number=2), round_number=2).is_approved


def test_a_deactivated_reviewer_decides_nothing_from_then_on_but_what_was_decided_stays():
    gone = User(pk=9, username="gone", is_active=False)
    assert outcome(review(gone, Verdict.APPROVE)).approvals == 0
    assert outcome(review(gone, Verdict.APPROVE), is_decided=True).approvers == ("gone",)


def test_what_an_approval_would_do_is_told_beforehand():
    asked = Requirement(conditions=merged([(Approvals(2),)]))
    given = counted(review(GRACE, Verdict.APPROVE))
    for person, completes in ((LINUS, True), (GRACE, False)):
        forecast = decide(with_approval_of(given, person.pk, NOW), author="ada", requirement=asked, now=NOW)
        assert forecast.is_approved is completes
