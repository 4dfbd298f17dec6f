"""What services and doors ask of a request without changing it."""

from functools import reduce
from typing import TYPE_CHECKING

from audit.actors import Actor
from evidence.freeze import Observation, thaw
from evidence.observe import Evidence, observe
from promote_requests import permissions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision, countable, decide
from promote_requests.models import PromoteRequest
from protection.matching import Requirement, Rule, requirement_for, strictest
from protection.rules import enabled_rules
from registry import get_registry
from registry.proposals import Change, Proposal
from registry.targets import ACTIVE_STAGES, Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterable


def requirement_of(
    promote_request: PromoteRequest,
    rules: "Iterable[Rule] | None" = None,
    observation: Observation | None = None,
) -> Requirement:
    """Returns what the rules ask for before this request may be promoted; see `decision_of` for the arguments."""
    seen = observation or promote_request.observation
    return requirement_for_proposal(promote_request.proposal, leaving=seen.challenger_stage, rules=rules)


def requirement_for_proposal(
    proposal: Proposal, *, leaving: str = "", rules: "Iterable[Rule] | None" = None
) -> Requirement:
    """Returns what the rules ask for before a proposal may be carried out.

    Args:
        proposal: What is asked for.
        leaving: The stage that the version is in and would leave: whoever protects Production decides on that, too.
        rules: The enabled ones, where the caller has them already.
    """
    rules = enabled_rules() if rules is None else list(rules)
    places = [proposal.target]
    if leaving in ACTIVE_STAGES:
        places.append(Target(TargetKind.STAGE, leaving))
    requirements = (
        requirement_for(rules, workspace=proposal.workspace, model_name=proposal.model_name, target=place)
        for place in places
    )
    return reduce(strictest, requirements)


def decision_of(
    promote_request: PromoteRequest,
    rules: "Iterable[Rule] | None" = None,
    observation: Observation | None = None,
) -> Decision:
    """Returns what the reviews since the request was last opened amount to.

    Uses prefetched `reviews` with their reviewers where the caller has them (`with_people`).

    Args:
        promote_request: The request.
        rules: The enabled ones, where the caller has them already.
        observation: The facts to judge by where they are newer than those that the request recorded last.
    """
    seen = observation or promote_request.observation
    return decide(
        countable(promote_request),
        author_id=promote_request.author_id,
        evidence_fingerprint=seen.evidence_fingerprint,
        requirement=requirement_of(promote_request, rules, seen),
    )


def evidence_of(promote_request: PromoteRequest) -> Evidence:
    """Returns the facts that the request is judged on: from MLflow now, or frozen once it is being promoted.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
    """
    if promote_request.challenger_evidence is not None and promote_request.status in (
        Status.PROMOTING,
        Status.PROMOTED,
    ):
        champion = promote_request.champion_evidence
        return Evidence(
            challenger=thaw(promote_request.challenger_evidence),
            champion=None if champion is None else thaw(champion),
            other_holders=(),
            removing=promote_request.change == Change.REMOVE,
        )
    return live_evidence_of(promote_request)


def live_evidence_of(promote_request: PromoteRequest) -> Evidence:
    """Returns the facts as MLflow has them now, whatever the request's state.

    Raises:
        RegistryError: MLflow cannot be asked, or no longer knows the version.
    """
    return observe(get_registry(promote_request.workspace), promote_request.proposal)


def actions_for(actor: Actor, promote_request: PromoteRequest, decision: Decision | None = None) -> list[Action]:
    """Returns what `actor` could do to the request right now."""
    return permissions.available_actions(actor, promote_request, decision or decision_of(promote_request))
