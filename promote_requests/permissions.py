"""Who may do what. The pages, the admin, the API and the services all ask here."""

from typing import TYPE_CHECKING, cast

from audit.actors import Actor, ActorKind
from foundation.exceptions import NotAllowed, WrongState
from foundation.words import listed
from promote_requests import transitions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision
from protection.matching import Requirement
from protection.references import is_in_one_of_each
from registry.proposals import Change
from registry.targets import TargetKind

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest

GLASS = "promote_requests.break_glass"
"""The permission to promote past the rules, and to consent to it."""


def refusal(actor: Actor, action: Action, promote_request: "PromoteRequest") -> str:
    """Returns why `actor` may not take `action`, whatever the request's state, or "" if they may."""
    if actor.kind is ActorKind.CHECKPOINT and action is Action.PROMOTE:
        return ""
    if not actor.may_act:
        return "Sign in first."
    is_author = actor.user_id == promote_request.author_id
    author = promote_request.author.get_username()
    if promote_request.status == Status.DRAFT and not is_author and action not in (Action.EDIT, Action.SUBMIT):
        return f"This is a draft of {author}'s, which is not for others yet."
    match action:
        case Action.EDIT | Action.SUBMIT | Action.WITHDRAW:
            return "" if is_author else f"Only {author}, who made the request, can do this."
        case Action.REVIEW:
            return "You made this request: somebody else has to review it." if is_author else ""
        case Action.DISMISS:
            if is_author:
                return "You made this request: somebody else has to judge it."
            if not actor.has_perm("promote_requests.dismiss_review"):
                return "Only people with the permission to dismiss reviews can do this."
            return ""
        case Action.CLOSE:
            return "You made this request: withdraw it instead." if is_author else ""
        case Action.REOPEN:
            closer = promote_request.closed_by
            if is_author or closer is None or actor.user_id == closer.pk:
                return ""
            return f"Only {author}, who made the request, or {closer.get_username()}, who closed it, can reopen it."
        case Action.SUPERSEDE:
            return ""
        case Action.BREAK_GLASS | Action.CONSENT | Action.REVIEW_AFTERWARDS | Action.RE_REVIEW:
            return _refusal_of_exception(actor, action, promote_request, is_author=is_author)
        case Action.COMMENT | Action.CHECK | Action.PROMOTE | Action.ROLL_BACK:
            return ""


def _refusal_of_exception(actor: Actor, action: Action, promote_request: "PromoteRequest", *, is_author: bool) -> str:
    """Returns why `actor` may not take part in what goes past the rules, or look again at what is in use."""
    if actor.kind is not ActorKind.PERSON:
        return "Only a person can do this, not a service account."
    if is_author and action is not Action.BREAK_GLASS:
        return "You made this request: somebody else has to judge it."
    if action is Action.REVIEW_AFTERWARDS and actor.user_id == promote_request.promoted_by_id:
        return "You broke the glass: somebody else has to review it."
    if action in (Action.BREAK_GLASS, Action.CONSENT) and not may_break_glass(actor):
        return "Only people who were given the permission to promote past the rules can do this."
    return ""


def may_break_glass(actor: Actor) -> bool:
    """Tells whether a person was given the permission to promote past the rules.

    Given, to them or to a group of theirs: no right of another kind implies it, a superuser's neither. Whoever may do
    everything else would otherwise be asked by everybody in a hurry.
    """
    if actor.kind is not ActorKind.PERSON or not actor.may_act:
        return False
    return GLASS in cast("User", actor.account).given_permissions


def require_active(actor: Actor) -> None:
    """Raises NotAllowed unless `actor` has an active account."""
    if not actor.may_act:
        raise NotAllowed("Sign in first.")


def require(actor: Actor, action: Action, promote_request: "PromoteRequest") -> None:
    """Raises NotAllowed unless `actor` may take `action`, and WrongState where the version is gone."""
    reason = refusal(actor, action, promote_request)
    if reason:
        raise NotAllowed(reason)
    if is_pointless_without_version(action, promote_request):
        raise WrongState(
            f"Version {promote_request.version} of {promote_request.model_name} is deleted in MLflow: this request can "
            "only be closed."
        )


def is_pointless_without_version(action: Action, promote_request: "PromoteRequest") -> bool:
    """Tells whether an unfinished request's version is gone and the action would lead nowhere."""
    is_unfinished = promote_request.status in (Status.DRAFT, Status.OPEN)
    return promote_request.gone_at is not None and is_unfinished and action not in _WITHOUT_VERSION


def require_promoter(actor: Actor, requirement: Requirement) -> None:
    """Raises NotAllowed where the rules name groups that press Promote and `actor` is in none of them."""
    if requirement.promoters and not is_in_one_of_each(requirement.promoters, actor.group_ids):
        groups = [" or ".join(group.name for group in groups) for groups in requirement.promoters]
        raise NotAllowed(f"Only people of {listed(groups)} can promote this.")


_WITHOUT_VERSION = (Action.CLOSE, Action.WITHDRAW, Action.COMMENT, Action.SUPERSEDE)
"""What can be done to an unfinished request whose version is deleted in MLflow."""


def available_actions(
    actor: Actor,
    promote_request: "PromoteRequest",
    decision: Decision,
    *,
    holds: bool = False,
    has_successor: bool = False,
) -> list[Action]:
    """Returns what `actor` could do to the request right now, in the order of `Action`.

    Args:
        actor: Who asks.
        promote_request: The request.
        decision: What its reviews amount to.
        holds: Whether the version of a promoted request has the target still.
        has_successor: Whether a newer request waits for the same target.
    """
    pointless = set()
    if not decision.is_approved or (decision.promoters and not is_in_one_of_each(decision.promoters, actor.group_ids)):
        pointless.add(Action.PROMOTE)
    if all(judgement.approves for judgement in decision.judgements):
        pointless.add(Action.DISMISS)
    if decision.is_approved:
        pointless |= {Action.BREAK_GLASS, Action.CONSENT}
    if not has_successor:
        pointless.add(Action.SUPERSEDE)
    if not holds:
        pointless.add(Action.RE_REVIEW)
        if promote_request.change == Change.SET and promote_request.target.has_champion:
            pointless.add(Action.ROLL_BACK)
    if promote_request.target_kind == TargetKind.MODEL:
        pointless.add(Action.ROLL_BACK)
    if not promote_request.is_bypassed or promote_request.reviewed_afterwards_at is not None:
        pointless.add(Action.REVIEW_AFTERWARDS)
    return [
        action
        for action in Action
        if action not in pointless
        and not is_pointless_without_version(action, promote_request)
        and transitions.is_allowed(action, promote_request.status)
        and not refusal(actor, action, promote_request)
    ]
