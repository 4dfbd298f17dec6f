from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from promote_requests.choices import ReviewDecision, Verdict
from promote_requests.decision import decide, judgements, with_approval_of
from protection.conditions import Facts, merged
from protection.conditions.approvals import Approvals
from protection.conditions.present_text import PresentText
from protection.matching import Requirement

ADA, GRACE, LINUS = (User(pk=pk, username=name) for pk, name in enumerate(["ada", "grace", "linus"], start=1))
ONE_MORE = "1 more approval is needed, by somebody other than ada."
NOW = datetime(2026, 11, 26, tzinfo=UTC)


@dataclass
class Given:
    """A review as far as counting goes."""

    reviewer: User
    verdict: Verdict
    evidence_fingerprint: str = "now"
    round: int = 1
    text_revision: int = 1
    dismissed_at: datetime | None = None
    is_signed: bool = False
    created_at: datetime = NOW
    pk: int = 7

    @property
    def reviewer_id(self) -> int:
        return self.reviewer.pk


def review(reviewer, verdict, fingerprint="now", round_number=1, **options):
    return Given(reviewer, verdict, fingerprint, round_number, **options)


def counted(
    *reviews,
    is_decided=False,
    round_number=1,
    title_edited_in=1,
    description_edited_in=1,
    answers_changed_in=1,
    until=None,
):
    return judgements(
        reviews,
        round_number=round_number,
        asked_by={ADA.pk},
        authors={ADA.pk},
        evidence_fingerprint="now",
        title_edited_in=title_edited_in,
        description_edited_in=description_edited_in,
        answers_changed_in=answers_changed_in,
        is_decided=is_decided,
        groups={},
        until=until,
    )


def outcome(*reviews, required=1, **options):
    requirement = Requirement(conditions=merged([(Approvals(required),)]))
    return decide(Facts("ada", counted(*reviews, **options), NOW), requirement)


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


GONE = User(pk=9, username="gone", is_active=False)


def test_a_request_for_changes_outlives_reopening_and_its_givers_account_until_it_is_answered():
    asked = review(GRACE, Verdict.REQUEST_CHANGES, round_number=1)
    assert outcome(asked, review(LINUS, Verdict.APPROVE, round_number=2), round_number=2).unmet[0].sentence == (
        "grace asked for changes and has to approve first."
    )
    assert outcome(asked, review(GRACE, Verdict.APPROVE, round_number=2), round_number=2).is_approved
    # An approval that was given in between, in a round that is over, has answered it too; it counts no more itself.
    answered = outcome(asked, review(GRACE, Verdict.APPROVE, round_number=1), round_number=2)
    assert (answered.judgements, answered.approvals) == ((), 0)

    left = outcome(review(GONE, Verdict.REQUEST_CHANGES), review(LINUS, Verdict.APPROVE))
    assert left.unmet[0].sentence == (
        "gone asked for changes, and the account is deactivated: somebody with the right has to dismiss it."
    )


def test_what_was_said_or_dismissed_after_the_change_was_sent_does_not_count():
    before, later = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
    objection = review(GRACE, Verdict.REQUEST_CHANGES, created_at=before, dismissed_at=later)
    given = (objection, review(LINUS, Verdict.APPROVE, created_at=later))
    assert outcome(*given, until=later).approvers == ("linus",)
    judged = outcome(*given, until=NOW)
    assert (judged.approvers, [each.name for each in judged.judgements]) == ((), ["grace"])


def test_a_dismissed_request_for_changes_blocks_no_more_and_gives_no_earlier_approval_back():
    lifted = review(GONE, Verdict.REQUEST_CHANGES, dismissed_at=NOW)
    assert outcome(lifted, review(LINUS, Verdict.APPROVE)).is_approved
    assert outcome(review(GRACE, Verdict.APPROVE), review(GRACE, Verdict.REQUEST_CHANGES, dismissed_at=NOW)).unmet


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"description_edited_in": 2}, "the description was edited"),
        ({"title_edited_in": 3}, "the title was edited"),
        ({"title_edited_in": 3, "description_edited_in": 2}, "title and description were edited"),
        ({"title_edited_in": 2, "answers_changed_in": 2}, "the title was edited and an answer was changed"),
        ({"answers_changed_in": 3}, "an answer was changed"),
        ({"description_edited_in": 3, "answers_changed_in": 2}, "the description was edited and an answer was changed"),
    ],
)
def test_an_approval_of_earlier_words_counts_and_is_said_to_be_one_unless_the_rule_asks_for_another(changed, what):
    given = review(GRACE, Verdict.APPROVE, text_revision=1)
    decision = outcome(given, **changed)
    assert (decision.is_approved, decision.notes) == (True, (f"grace approved before {what}.",))
    assert outcome(given).notes == ()
    assert outcome(review(GRACE, Verdict.APPROVE, text_revision=3), **changed).notes == ()
    strict = Requirement(conditions=merged([(Approvals(1), PresentText())]))
    unmet = decide(Facts("ada", counted(given, **changed), NOW), strict).unmet
    assert [(each.code, each.sentence) for each in unmet] == [
        ("text_edited", f"grace approved before {what}: a fresh look is needed.")
    ]


def test_who_approved_before_different_changes_is_named_with_each():
    given = review(GRACE, Verdict.APPROVE, text_revision=1), review(LINUS, Verdict.APPROVE, text_revision=2)
    strict = Requirement(conditions=merged([(Approvals(1), PresentText())]))
    (unmet,) = decide(Facts("ada", counted(*given, description_edited_in=2, answers_changed_in=3), NOW), strict).unmet
    assert unmet.sentences == (
        "grace approved before the description was edited and an answer was changed: a fresh look is needed.",
        "linus approved before an answer was changed: a fresh look is needed.",
    )


def test_that_a_promotion_failed_is_said_where_it_would_be_called_approved():
    requirement, given = Requirement(), counted(review(GRACE, Verdict.APPROVE))
    labels = [
        decide(Facts("ada", each, NOW), requirement, has_failed=failed).label
        for each, failed in ((given, False), (given, True), ((), True))
    ]
    assert labels == ["Approved", "Promotion failed", "Review required"]


def test_what_an_approval_would_do_is_told_beforehand():
    asked = Requirement(conditions=merged([(Approvals(2),)]))
    given = counted(review(GRACE, Verdict.APPROVE))
    for person, completes in ((LINUS, True), (GRACE, False)):
        forecast = decide(Facts("ada", with_approval_of(given, person.pk, frozenset(), NOW), NOW), asked)
        assert forecast.is_approved is completes
