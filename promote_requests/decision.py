"""What the reviews of a request amount to. Pure; the only place that counts them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from promote_requests.choices import ReviewDecision, Verdict
from protection.conditions import Facts, Judgement, Unmet
from protection.matching import Requirement


class Person(Protocol):
    """A reviewer, as far as counting goes."""

    is_active: bool

    def get_username(self) -> str:
        """Returns the printed name."""


class Reviewed(Protocol):
    """A review, as far as counting goes; `models.Review` is one."""

    reviewer_id: int
    verdict: str
    evidence_fingerprint: str
    round: int
    created_at: datetime

    @property
    def reviewer(self) -> Person:
        """Who judged."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What page, list, admin, API, mail and promotion say of a request; they all read this one.

    Attributes:
        judgements: The latest of each reviewer whose word counts.
        required: How many approvals the rules ask for.
        unmet: What is missing before the request may be promoted; empty when it is approved.
    """

    judgements: tuple[Judgement, ...]
    required: int
    unmet: tuple[Unmet, ...]

    @property
    def decision(self) -> ReviewDecision:
        """The outcome in one word."""
        if not self.unmet:
            return ReviewDecision.APPROVED
        if any(not judgement.approves for judgement in self.judgements):
            return ReviewDecision.CHANGES_REQUESTED
        return ReviewDecision.REVIEW_REQUIRED

    @property
    def is_approved(self) -> bool:
        """Whether the request may be promoted as far as the rules go."""
        return not self.unmet

    @property
    def approvers(self) -> tuple[str, ...]:
        """Whose approval of the present facts counts, in the order of their first judgements."""
        return tuple(judgement.name for judgement in self.judgements if judgement.counts)

    @property
    def approvals(self) -> int:
        """How many approvals of the present facts count."""
        return len(self.approvers)

    @property
    def missing(self) -> int:
        """How many approvals are still needed."""
        return max(self.required - self.approvals, 0)

    @property
    def stale(self) -> tuple[str, ...]:
        """Who approved facts that have changed since."""
        return tuple(judgement.name for judgement in self.judgements if judgement.approves and not judgement.is_fresh)


def judgements(
    reviews: Iterable[Reviewed], *, round_number: int, author_id: int, evidence_fingerprint: str, is_decided: bool
) -> tuple[Judgement, ...]:
    """Returns the latest judgement of each reviewer whose word counts, in the order of their first ones.

    Not counted are reviews of an earlier round, mere comments, and anything by the author. Whoever was deactivated
    decides nothing from then on, for or against: an approval by a stolen account must not stand, and nobody could take
    a request for changes back. What they helped to decide before stays decided.

    Args:
        reviews: In the order given.
        round_number: The request's present round.
        author_id: Of the request.
        evidence_fingerprint: The present facts.
        is_decided: Whether the request is past its decision.
    """
    latest: dict[int, Judgement] = {}
    for review in reviews:
        if review.verdict == Verdict.COMMENT or review.round != round_number or review.reviewer_id == author_id:
            continue
        if is_decided or review.reviewer.is_active:
            latest[review.reviewer_id] = Judgement(
                reviewer_id=review.reviewer_id,
                name=review.reviewer.get_username(),
                approves=review.verdict == Verdict.APPROVE,
                is_fresh=review.evidence_fingerprint == evidence_fingerprint,
                at=review.created_at,
            )
    return tuple(latest.values())


def decide(given: tuple[Judgement, ...], *, author: str, requirement: Requirement, now: datetime) -> Decision:
    """Returns the decision.

    Args:
        given: From `judgements`.
        author: The name of who made the request.
        requirement: What the rules ask for.
        now: The moment of deciding.
    """
    facts = Facts(author=author, judgements=given, now=now)
    return Decision(given, requirement.required_approvals, requirement.unmet(facts))


def with_approval_of(given: tuple[Judgement, ...], reviewer_id: int, now: datetime) -> tuple[Judgement, ...]:
    """Returns the judgements as they would be if this reviewer approved now; to say beforehand what that would do."""
    others = tuple(judgement for judgement in given if judgement.reviewer_id != reviewer_id)
    return (*others, Judgement(reviewer_id, "", approves=True, is_fresh=True, at=now))
