"""What a request's page shows of these moves."""

from collections.abc import Sequence
from typing import Any

from evidence.observe import Evidence
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.services.moves.around import Around, around
from promote_requests.services.moves.champions import champions
from promote_requests.services.moves.demotion import is_demotion, loses, loss_of
from promote_requests.services.moves.glass import consent_for
from promote_requests.services.moves.holders import holding
from protection.matching import Requirement, Rulebook
from registry import get_registry
from registry.exceptions import RegistryError
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind


def context_of(
    request: PageRequest,
    promote_request: PromoteRequest,
    rules: Rulebook,
    requirement: Requirement,
    *,
    evidence: Evidence | None,
    holders: Sequence[PromoteRequest],
    is_live: bool,
) -> dict[str, Any]:
    """Returns what a page about a request shows of these moves.

    Args:
        request: Of whoever asks.
        promote_request: The request.
        rules: The enforced ones.
        requirement: What they ask of the request.
        evidence: The facts that the page shows.
        holders: The promoted requests for the same target, the newest first.
        is_live: Whether MLflow has just been asked for them, and may be asked once more.
    """
    found = around([promote_request])[promote_request.pk]
    leaving = promote_request.challenger_stage
    context: dict[str, Any] = {
        "around": found,
        "successors": _successors(promote_request, found, holders),
        "is_demotion": is_demotion(promote_request.proposal, leaving),
        "leaves_role": sentences.leaves(leaving),
        "loses": loses(promote_request.proposal, leaving),
        "left_without": _left_without(promote_request.proposal, leaving) if evidence and is_live else "",
    }
    if promote_request.status == Status.OPEN and requirement.moves.needs_consent:
        context["needs_consent"] = True
        context["consents"] = promote_request.consents.filter(
            round=promote_request.round, evidence_fingerprint=promote_request.evidence_fingerprint
        ).select_related("consented_by")
        context["consent"] = consent_for(promote_request, breaker=None)
    if promote_request.is_bypassed:
        context["broken"] = promote_request.broken_glass.select_related("broken_by", "consent__consented_by").last()
        context["after_review"] = getattr(promote_request, "after_review", None)
    if promote_request.status == Status.PROMOTED:
        context |= _of_champion(promote_request, rules, found)
    return context


def left_without(proposal: Proposal, leaving: str) -> str:
    """Returns who is served what once the version has lost what it holds; "" where nothing is lost.

    Raises:
        RegistryError: MLflow cannot be asked.
    """
    loss = loss_of(get_registry(proposal.workspace), proposal, leaving)
    return "" if loss is None else sentences.left_without(proposal.model_name, loss.target, loss.others)


def _left_without(proposal: Proposal, leaving: str) -> str:
    try:
        return left_without(proposal, leaving)
    except RegistryError:
        return ""  # the page says already that MLflow does not answer


def _successors(
    promote_request: PromoteRequest, found: Around, holders: Sequence[PromoteRequest]
) -> list[PromoteRequest]:
    """Returns the newer requests in whose favour this one may be closed."""
    if promote_request.status != Status.OPEN:
        return []
    return [other for other in (*found.waiting, *holders) if other.number > promote_request.number]


def _of_champion(promote_request: PromoteRequest, rules: Rulebook, found: Around) -> dict[str, Any]:
    """Returns when a champion is to be reviewed again, and who looked at it last."""
    due = champions(rules, holding().filter(pk=promote_request.pk)) if found.holds else []
    return {
        "due": due[0] if due else None,
        "reviewed_again": promote_request.champion_reviews.select_related("reviewer").last(),
    }


def take_away(promote_request: PromoteRequest) -> Proposal | None:
    """Returns the demotion that takes the version of a promoted request out of use; None for a copy, which stays."""
    target, version = promote_request.target, promote_request.version
    name, workspace = promote_request.model_name, promote_request.workspace
    match target.kind:
        case TargetKind.ALIAS:
            return Proposal(name, version, target, Change.REMOVE, workspace=workspace)
        case TargetKind.STAGE:
            return Proposal(name, version, Target(TargetKind.STAGE, "Archived"), workspace=workspace)
        case TargetKind.STATUS:
            return Proposal(name, version, Target(TargetKind.STATUS, "deprecated"), workspace=workspace)
    return None
