"""The way back: opens the request that takes a promoted request's change back, by Checkpoint's own record."""

from django.utils import timezone

from audit import trail
from audit.actors import Actor
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked_message
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, Status
from promote_requests.models import PromoteRequest
from promote_requests.services.lifecycle import open_request
from promote_requests.services.moves.former import require_latest
from promote_requests.services.moves.holders import same_target
from registry import get_registry
from registry.exceptions import RegistryNotFound
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind


@trail.records_refusals
def roll_back(*, actor: Actor, promote_request: PromoteRequest, message: str = "") -> PromoteRequest:
    """Opens the request that puts back what a promoted request replaced, and returns it.

    It has the rules' fast track if the version had met the rules before. Asked for again it leads to the one there.

    Args:
        actor: Its author.
        promote_request: The promoted request whose change is taken back.
        message: Why, in words; it becomes the new request's description.

    Raises:
        WrongState: it is not promoted, was replaced since, or there is nothing to put back.
        DuplicateRequest: somebody asks for that already; its number is the one to look at.
        RegistryError: MLflow cannot be asked.
    """
    transitions.require(Action.ROLL_BACK, promote_request.status)
    permissions.require(actor, Action.ROLL_BACK, promote_request)
    message = checked_message(message)
    back = way_back(promote_request)
    registry = get_registry(back.workspace)
    try:
        registry.get_version(back.model_name, back.version)
    except RegistryNotFound:
        raise WrongState(sentences.former_is_gone(promote_request, back)) from None
    try:
        return open_request(
            actor=actor,
            proposal=back,
            title=sentences.way_back_title(back),
            description="\n\n".join(filter(None, [message, sentences.way_back_words(promote_request, back)])),
            undoes=promote_request,
        )
    except InvalidInput as wrong:
        # Nobody typed any of it: that it cannot be done is the state of things.
        raise WrongState(wrong.message) from None


def way_back(promote_request: PromoteRequest) -> Proposal:
    """Returns what would take the change of a promoted request back, by the record of promotions.

    Raises:
        WrongState: another request has the target since, or nobody is known who had it before.
    """
    require_latest(promote_request)
    if promote_request.target_kind == TargetKind.MODEL:
        raise WrongState(sentences.copies_stay(promote_request))
    name, workspace, target = promote_request.model_name, promote_request.workspace, promote_request.target
    if promote_request.change == Change.REMOVE:
        return Proposal(name, promote_request.version, target, workspace=workspace)
    replaces = target.kind == TargetKind.ALIAS or promote_request.proposal.archives
    former = _origin(promote_request).champion_version if replaces else None
    if former is not None:
        return Proposal(name, former, target, workspace=workspace)
    if target.kind == TargetKind.ALIAS:
        return Proposal(name, promote_request.version, target, Change.REMOVE, workspace=workspace)
    # Nobody was replaced: what is taken back is that this version came.
    if not promote_request.challenger_stage:
        raise WrongState(sentences.nobody_before(promote_request))
    was = Target(target.kind, promote_request.challenger_stage)
    return Proposal(name, promote_request.version, was, workspace=workspace)


def _origin(promote_request: PromoteRequest) -> PromoteRequest:
    """Returns the promotion by which the version got the target first, before it was put back.

    What was rolled back is not put back by the next step: behind `1, 2, back to 1` lies whoever was before 1.
    """
    found = promote_request
    while found.undoes is not None and found.undoes.target == found.target:
        undone = found.undoes
        earlier = (
            same_target(undone)
            .filter(
                status=Status.PROMOTED,
                change=Change.SET,
                version=promote_request.version,
                promoted_at__lt=undone.promoted_at or timezone.now(),
            )
            .order_by("-promoted_at")
            .first()
        )
        if earlier is None:
            raise WrongState(sentences.nobody_before(promote_request))
        found = earlier
    return found
