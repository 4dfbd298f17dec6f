"""Who has judged a request, and whether it still counts."""

from dataclasses import dataclass
from datetime import datetime

from promote_requests.choices import Verdict
from promote_requests.decision import Decision, countable
from promote_requests.models import PromoteRequest
from protection.matching import Requirement


@dataclass(frozen=True, slots=True)
class Standing:
    """A reviewer's latest judgement.

    Attributes:
        verdict: Approve or request changes.
        is_fresh: Whether it was given on the facts as they are now.
    """

    name: str
    reviewer_id: int
    verdict: str
    is_fresh: bool
    at: datetime

    @property
    def approves(self) -> bool:
        """Whether the reviewer approves the present facts."""
        return self.verdict == Verdict.APPROVE and self.is_fresh

    @property
    def blocks(self) -> bool:
        """Whether the reviewer's request for changes stands."""
        return self.verdict == Verdict.REQUEST_CHANGES


def standings(promote_request: PromoteRequest, evidence_fingerprint: str) -> list[Standing]:
    """Returns the latest judgement of each reviewer who may be counted, in the order of the first."""
    latest: dict[int, Standing] = {}
    for review in countable(promote_request):
        if review.verdict == Verdict.COMMENT:
            continue
        latest[review.reviewer_id] = Standing(
            name=review.reviewer.get_username(),
            reviewer_id=review.reviewer_id,
            verdict=review.verdict,
            is_fresh=review.evidence_fingerprint == evidence_fingerprint,
            at=review.created_at,
        )
    return list(latest.values())


def would_promote(reviewer_id: int, *, decision: Decision, requirement: Requirement, standing: list[Standing]) -> bool:
    """Tells whether this person's approval would complete the rule and promote at once. A forecast for a button."""
    others = [judgement for judgement in standing if judgement.reviewer_id != reviewer_id]
    if any(judgement.blocks for judgement in others):
        return False
    approvals = sum(judgement.approves for judgement in others) + 1
    return requirement.promote_when_approved and approvals >= decision.required
