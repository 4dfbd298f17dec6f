"""Decides whether a request is approved. Pure; the only place that counts reviews."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from promote_requests.choices import ReviewDecision, Verdict
from protection.conditions import Facts, Judgement, Unmet
from protection.matching import Requirement


class Person(Protocol):
    """What counting needs of a reviewer."""

    is_active: bool

    def get_username(self) -> str:
        """Returns the name as it is shown."""


class Reviewed(Protocol):
    """What counting needs of a review; `models.Review` has it."""

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
    """The decision about a request, which page, list, admin, API, mail and promotion all read.

    Attributes:
        judgements: The latest of each reviewer whose judgement counts.
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
        """Whether the rules allow the promotion."""
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
    """Returns the latest judgement of each reviewer whose judgement counts, in the order of their first ones.

    Reviews of an earlier round, mere comments, and reviews by the author do not count. Neither do those of deactivated
    people: an approval by a stolen account must not stand, and nobody could take back a request for changes. A request
    that is past its decision keeps them.

    Args:
        reviews: In the order in which they were given.
        round_number: The request's present round.
        author_id: The key of the request's author.
        evidence_fingerprint: The fingerprint of the present facts.
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
        author: The name of the request's author.
        requirement: What the rules ask for.
        now: The moment of deciding.
    """
    facts = Facts(author=author, judgements=given, now=now)
    return Decision(given, requirement.required_approvals, requirement.unmet(facts))


def with_approval_of(given: tuple[Judgement, ...], reviewer_id: int, now: datetime) -> tuple[Judgement, ...]:
    """Returns the judgements as they would be if this reviewer approved now, to show what that would do."""
    others = tuple(judgement for judgement in given if judgement.reviewer_id != reviewer_id)
    return (*others, Judgement(reviewer_id, "", approves=True, is_fresh=True, at=now))
