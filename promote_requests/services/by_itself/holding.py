"""Turns a direct change that was refused into a promote request, where the rules say so."""

import logging
from collections.abc import Iterable

from audit.actors import Actor, ActorKind
from evidence.observe import standing
from foundation.exceptions import CheckpointError
from promote_requests import sentences
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import PromoteRequest
from promote_requests.services.lifecycle import create
from promote_requests.services.reading import requirement_for_proposal
from protection.matching import Rule
from registry import get_registry
from registry.proposals import Proposal
from registry.targets import TargetKind

logger = logging.getLogger(__name__)

_DESCRIPTION = "A direct change in MLflow that a rule held back: the call asked for this, without further words."


def hold(*, actor: Actor, proposal: Proposal, rules: Iterable[Rule] | None = None) -> int | None:
    """Opens a request for what a refused call asked for, in its caller's name; the same call again finds the same one.

    Only where every rule that covers what the call touches holds direct changes; of an anonymous caller there is no
    author.

    Args:
        actor: Who called.
        proposal: What the call asked for.
        rules: The enforced ones, where the caller has them: where none holds anything, no more is read.

    Returns:
        The number of the request that asks for this; None where none could be opened, and the call is only refused.
    """
    if not actor.may_act:
        return None
    try:
        if not _is_held(proposal, rules, by_service_account=actor.kind is ActorKind.SERVICE_ACCOUNT):
            return None
        return create(
            actor=actor,
            proposal=proposal,
            title=sentences.suggested_title(proposal),
            description=_DESCRIPTION,
        ).number
    except DuplicateRequest as there:
        return _number_of(there.number, proposal, actor)
    except CheckpointError as failure:
        # The refusal stands and says where to ask; why this could not be done for the caller is for the log.
        logger.info("A direct change could not be held as a request: %s", failure.message)
        return None


def _is_held(proposal: Proposal, rules: Iterable[Rule] | None, *, by_service_account: bool) -> bool:
    """Tells whether the rules hold a call: those of the target, of what the version leaves, of archiving in passing."""
    if rules is not None and not any(rule.holds_direct_writes(by_service_account=by_service_account) for rule in rules):
        return False
    leaving = ""
    if proposal.target.kind in (TargetKind.STAGE, TargetKind.STATUS):
        version = get_registry(proposal.workspace).get_version(proposal.model_name, proposal.version)
        leaving = standing(version, proposal.target)
    requirement = requirement_for_proposal(proposal, leaving=leaving)
    return requirement.holds_service_accounts if by_service_account else requirement.holds_direct_writes


def _number_of(number: int, proposal: Proposal, actor: Actor) -> int | None:
    """Returns the number of a request that may still do it; of somebody else's draft nobody else is told.

    Not of one that spells the alias otherwise: in most databases of MLflow's it would set another one.
    """
    waiting = PromoteRequest.objects.unfinished().visible_to(actor.user_id).filter(target_name=proposal.target.name)
    return number if waiting.filter(number=number).exists() else None
