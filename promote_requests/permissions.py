"""Who may do what. The pages, the admin, the API and the services all ask here."""

from typing import TYPE_CHECKING, cast

from audit.actors import Actor, ActorKind
from foundation.exceptions import NotAllowed, WrongState
from foundation.words import listed
from promote_requests import transitions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision
from protection.matching import Requirement
from protection.references import Reference, is_in_one_of_each
from registry.proposals import Change
from registry.targets import TargetKind

_AUTHORS_OWN = (Action.EDIT, Action.ANSWER, Action.SUBMIT)
_SPEAKING_FOR = frozenset({*_AUTHORS_OWN, Action.REOPEN})
"""What a service account says in the name of who answers for it: after a hand-over that would be another person."""
_PAST_THE_RULES = frozenset({Action.BREAK_GLASS, Action.CONSENT, Action.REVIEW_AFTERWARDS})
_PEOPLE_ONLY = frozenset(
    {Action.REVIEW, Action.DISMISS, Action.PROMOTE, Action.CLOSE, Action.RE_REVIEW, *_PAST_THE_RULES}
)
"""What a service account may not do, whatever groups it is in: it asks, comments and reports; people decide."""

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import Comment, PromoteRequest, Thread

GLASS = "promote_requests.break_glass"
"""The permission to promote past the rules, and to consent to it."""


def refusal(actor: Actor, action: Action, promote_request: "PromoteRequest") -> str:
    """Returns why `actor` may not take `action`, whatever the request's state, or "" if they may."""
    if actor.kind is ActorKind.CHECKPOINT and action is Action.PROMOTE:
        return ""
    if not actor.may_act:
        return "Sign in first."
    if actor.kind is ActorKind.SERVICE_ACCOUNT and action in _PEOPLE_ONLY:
        return "A service account asks, comments and reports checks. This is for a person to do."
    is_author = actor.user_id == promote_request.author_id
    # Who answers or answered for the service account that asks may hold its token, and would judge their own request.
    is_theirs = actor.user_id in promote_request.authors
    author = promote_request.author.get_username()
    if promote_request.is_private and actor.user_id not in promote_request.asked_by and action not in _AUTHORS_OWN:
        return f"This is a draft of {author}'s, which is not for others yet."
    if is_author and action in _SPEAKING_FOR and promote_request.author.owner_id != promote_request.answered_for_by_id:
        return f"{author} was handed over since it made this request: its new owner's programs ask anew."
    match action:
        case Action.EDIT | Action.ANSWER | Action.SUBMIT | Action.WITHDRAW:
            return "" if is_author else f"Only {author}, who made the request, can do this."
        case Action.REVIEW:
            if is_theirs and not is_author:
                return f"You answer or answered for {author}, which made this request: somebody else has to review it."
            return "You made this request: somebody else has to review it." if is_author else ""
        case Action.ASK:
            return "" if is_author else refusal(actor, Action.REVIEW, promote_request)
        case Action.DISMISS:
            if is_theirs:
                return "You made this request, or answer for who did: somebody else has to judge it."
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
            if actor.kind is ActorKind.SERVICE_ACCOUNT and not is_author:
                return f"A service account closes its own requests only. This one is {author}'s."
            return ""
        case Action.BREAK_GLASS | Action.CONSENT | Action.REVIEW_AFTERWARDS | Action.RE_REVIEW:
            return _refusal_of_exception(actor, action, promote_request, is_author=is_author, is_theirs=is_theirs)
        case Action.COMMENT | Action.CHECK | Action.PROMOTE | Action.ROLL_BACK:
            return ""


def _refusal_of_exception(
    actor: Actor, action: Action, promote_request: "PromoteRequest", *, is_author: bool, is_theirs: bool
) -> str:
    """Returns why `actor` may not take part in what goes past the rules, or look again at what is in use."""
    if (is_author or is_theirs) and action is not Action.BREAK_GLASS:
        return "You made this request, or answer for who did: somebody else has to judge it."
    if action is Action.REVIEW_AFTERWARDS:
        if actor.user_id == promote_request.promoted_by_id:
            return "You broke the glass: somebody else has to review it."
        if actor.user_id in promote_request.glass_hands:
            return "You had a hand in breaking the glass: somebody else has to review it."
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


def answering_for(actor: Actor) -> int | None:
    """Returns the key of the person who answers for the service account that acts; None where a person does."""
    return cast("User", actor.account).owner_id


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


def labelling_refusal(actor: Actor, promote_request: "PromoteRequest") -> str:
    """Returns why `actor` may not label the request, or "": its author may, and whoever may review it."""
    if actor.may_act and actor.user_id == promote_request.author_id:
        return ""
    return refusal(actor, Action.REVIEW, promote_request)


def require_approver(actor: Actor, decision: Decision) -> None:
    """Raises NotAllowed where the rules let `actor` judge and not approve: they made the version, for example."""
    reason = approval_refusal(actor, decision)
    if reason:
        raise NotAllowed(reason)


def approval_refusal(actor: Actor, decision: Decision) -> str:
    """Returns why an approval by `actor` would be refused though they may judge, or "" if it would not."""
    return "" if actor.user_id is None else decision.barred.get(actor.user_id, "")


def may_press(actor: Actor, promoters: tuple[tuple[Reference, ...], ...]) -> bool:
    """Tells whether `actor` is among those who press Promote, by the groups that the rules name; all are, of none."""
    return not promoters or is_in_one_of_each(promoters, actor.group_ids)


def would_skip_anything(actor: Actor, decision: Decision) -> bool:
    """Tells whether `actor` would go past anything by promoting: what is not met, or that others press Promote.

    Whether there is a glass to break and to consent to. Whoever would skip nothing promotes as always.
    """
    return not decision.is_approved or not may_press(actor, decision.promoters)


def require_promoter(actor: Actor, requirement: Requirement) -> None:
    """Raises NotAllowed where the rules name groups that press Promote and `actor` is in none of them."""
    if not may_press(actor, requirement.promoters):
        groups = [" or ".join(group.name for group in groups) for groups in requirement.promoters]
        raise NotAllowed(f"Only people of {listed(groups)} can promote this.")


def resolving_refusal(actor: Actor, thread: "Thread", promote_request: "PromoteRequest") -> str:
    """Returns why `actor` may not say that a thread is settled, or not any more; "" if they may.

    Who opened it may, and the owner of a follow-up; the request's author only where it does not block, so that nobody
    lifts what stops their own request; and whoever may review.
    """
    if reason := refusal(actor, Action.COMMENT, promote_request):
        return reason
    if actor.user_id in (thread.opener_id, thread.owner_id):
        return ""
    if actor.user_id != promote_request.author_id:
        return refusal(actor, Action.REVIEW, promote_request)
    if not thread.is_blocking:
        return ""
    return f"It blocks your own request: {thread.opener.get_username()}, or somebody who may review, has to resolve it."


def require_resolver(actor: Actor, thread: "Thread", promote_request: "PromoteRequest") -> None:
    """Raises NotAllowed unless `actor` may resolve this thread and open it again."""
    if reason := resolving_refusal(actor, thread, promote_request):
        raise NotAllowed(reason)


def require_writer(actor: Actor, comment: "Comment", promote_request: "PromoteRequest") -> None:
    """Raises NotAllowed unless `actor` wrote this comment and may still sign in."""
    require(actor, Action.COMMENT, promote_request)
    if actor.user_id != comment.author_id:
        raise NotAllowed(f"{comment.author.get_username()} wrote this: nobody else changes it.")


_WITHOUT_VERSION = (Action.CLOSE, Action.WITHDRAW, Action.COMMENT, Action.SUPERSEDE)
"""What can be done to an unfinished request whose version is deleted in MLflow."""


def available_actions(
    actor: Actor,
    promote_request: "PromoteRequest",
    decision: Decision,
    *,
    holds: bool = False,
    ended_last: bool = False,
    has_successor: bool = False,
) -> list[Action]:
    """Returns what `actor` could do to the request right now, in the order of `Action`.

    Args:
        actor: Who asks.
        promote_request: The request.
        decision: What its reviews amount to.
        holds: Whether the version of a promoted request has the target still.
        ended_last: Whether an objection to a closed request is in the way of asking anew, if there is one.
        has_successor: Whether a newer request waits for the same target.
    """
    pointless = {Action.PROMOTE} if would_skip_anything(actor, decision) else {Action.BREAK_GLASS, Action.CONSENT}
    if not any(not question.groups for question in decision.questions):
        pointless.add(Action.ANSWER)
    is_past = promote_request.status == Status.CLOSED and not ended_last
    if is_past or all(judgement.approves for judgement in decision.judgements):
        pointless.add(Action.DISMISS)
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
