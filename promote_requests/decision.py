"""What the reviews of a request amount to. Pure; the only place that counts approvals."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promote_requests.choices import ReviewDecision, Status, Verdict
from protection.matching import Requirement

if TYPE_CHECKING:
    from promote_requests.models import PromoteRequest, Review


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of counting.

    Attributes:
        approvals: Reviewers whose latest judgement approves the present evidence.
        required: How many the rule asks for.
        stale: Reviewers who approved evidence that has changed since; they may look again.
    """

    decision: ReviewDecision
    approvals: int
    required: int
    stale: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(self.required - self.approvals, 0)

    @property
    def is_approved(self) -> bool:
        """Whether the request may be promoted as far as reviews go."""
        return self.decision == ReviewDecision.APPROVED


def countable(promote_request: "PromoteRequest") -> list["Review"]:
    """Returns the reviews that may count, in the order given: since the last opening, of people who may still sign in.

    Whoever was deactivated decides nothing from then on, for or against: an approval by a stolen account must not
    stand, and nobody could take a request for changes back. What they helped to decide before stays decided.
    """
    is_decided = promote_request.status not in (Status.DRAFT, Status.OPEN)
    return [
        review
        for review in promote_request.reviews.all()
        if review.created_at >= promote_request.opened_at and (is_decided or review.reviewer.is_active)
    ]


def decide(
    reviews: Iterable["Review"], *, author_id: int, evidence_fingerprint: str, requirement: Requirement
) -> Decision:
    """Counts the latest judgement of each reviewer.

    A request for changes stands until the same reviewer approves. Approvals of other evidence than the present one,
    and anything by the author, do not count. Mere comments judge nothing.

    Args:
        reviews: Those that are `countable`, in the order given.
        author_id: Of the request.
        evidence_fingerprint: The present evidence.
        requirement: What the rule asks for.
    """
    latest: dict[int, Review] = {}
    for review in reviews:
        if review.verdict != Verdict.COMMENT and review.reviewer_id != author_id:
            latest[review.reviewer_id] = review
    approving = [review for review in latest.values() if review.verdict == Verdict.APPROVE]
    fresh = [review for review in approving if review.evidence_fingerprint == evidence_fingerprint]
    stale = tuple(review.reviewer.get_username() for review in approving if review not in fresh)
    if len(approving) < len(latest):
        outcome = ReviewDecision.CHANGES_REQUESTED
    elif len(fresh) >= requirement.required_approvals:
        outcome = ReviewDecision.APPROVED
    else:
        outcome = ReviewDecision.REVIEW_REQUIRED
    return Decision(outcome, len(fresh), requirement.required_approvals, stale)
