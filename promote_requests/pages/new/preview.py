"""The preview of a request that is being written, as its reviewers will see it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evidence.compare import Comparison, compare_evidence
from evidence.contents.reading import with_files
from evidence.observe import Evidence, observe, standing
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import sentences
from promote_requests.models import PromoteRequest
from promote_requests.pages.forms import proposal_of
from promote_requests.pages.moves.shown import left_without
from promote_requests.sentences import Story
from promote_requests.services import feasibility, requirement_for_proposal
from registry import get_registry
from registry.exceptions import RegistryError
from registry.proposals import Proposal

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(slots=True)
class Preview:
    """The request as far as it is written.

    Attributes:
        proposal: None while the choice is incomplete.
        problem: Why it would be refused, as far as that is known before it is sent.
        existing: An unfinished request for the same.
        sentence: What reviewers will read first, in parts (`sentences.parts`).
        left_without: Who is served what once the version has lost what it holds; "" where it loses nothing.
    """

    model_name: str
    version: str
    proposal: Proposal | None = None
    problem: CheckpointError | None = None
    existing: PromoteRequest | None = None
    sentence: list[sentences.Part] | None = None
    consequence: str = ""
    left_without: str = ""
    requirement: str = ""
    evidence: Evidence | None = None
    comparison: Comparison | None = None


def preview(author: "User", chosen: dict[str, Any]) -> Preview:
    """Returns the preview. Asks the registry once everything is chosen."""
    shown = Preview(chosen.get("model_name", "").strip(), chosen.get("version", "").strip())
    if not (shown.model_name and shown.version and chosen.get("target", "")):
        return shown
    try:
        shown.proposal = proposal_of(chosen)
        _fill(shown, shown.proposal, author)
    except (InvalidInput, RegistryError) as problem:
        shown.problem = problem
    return shown


def _fill(shown: Preview, proposal: Proposal, author: "User") -> None:
    shown.existing = PromoteRequest.objects.unfinished().visible_to(author.pk).asking_for(proposal).first()
    registry = get_registry(proposal.workspace)
    feasibility.check(registry, proposal)
    evidence = with_files(registry, observe(registry, proposal, recent=True), workspace=proposal.workspace, trees=False)
    shown.evidence = evidence
    shown.comparison = compare_evidence(evidence)
    leaving = standing(evidence.challenger.version, proposal.target)
    shown.sentence = sentences.parts(Story(proposal, author.get_username(), evidence.champion_version, leaves=leaving))
    shown.left_without = left_without(proposal, leaving)
    shown.consequence = sentences.consequence(proposal, sentences.present_holders(None, evidence))
    shown.requirement = sentences.needs(requirement_for_proposal(proposal, leaving=leaving))
