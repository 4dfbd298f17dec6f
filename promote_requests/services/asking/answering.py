"""What those who are asked answer, other than by a review: take a group's place, decline, hand over.

None of it counts for or against the request.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from promote_requests import permissions, transitions
from promote_requests.choices import Action
from promote_requests.models import Place, PromoteRequest
from promote_requests.services.asking.asking import reviewer_called
from promote_requests.services.asking.placing import place
from promote_requests.services.locking import lock

LONGEST = 1_000
"""Characters of a reason."""


@trail.records_refusals
def pick_up(*, actor: Actor, promote_request: PromoteRequest, group: str) -> PromoteRequest:
    """Takes the place of a group that is asked: its other members know that somebody looks.

    Raises:
        WrongState: the request is not open, the group is not asked, or somebody was faster.
        NotAllowed: the actor may not review.
    """
    with _taken(actor, promote_request) as locked:
        found = locked.places.filter(group__name=storable(group), state=Place.State.ASKED).first()
        if found is None or found.group_id not in actor.group_ids:
            raise WrongState("No group of yours with this name is asked for this review.")
        if found.reviewer is not None:
            raise WrongState(f"{found.reviewer.get_username()} has picked up this review already.")
        found.reviewer_id = actor.user_id
        found.save(update_fields=["reviewer"])
        trail.record(AuditAction.REVIEW_PICKED_UP, about=locked.about, reason=f"for {found.name}", actor=actor)
    return locked


@trail.records_refusals
def decline(*, actor: Actor, promote_request: PromoteRequest, reason: str) -> PromoteRequest:
    """Says that the actor does not review, and why. A place that they picked up goes back to its group.

    Raises:
        InvalidInput: the reason is missing or too long.
        WrongState: the request is not open, or nobody asks the actor.
        NotAllowed: the actor may not review.
    """
    _require(actor, promote_request)
    reason = _checked(reason)
    if not reason:
        raise InvalidInput("Write a few words.", field="reason")
    with _taken(actor, promote_request) as locked:
        for own in _own(locked, actor):
            if own.group_id is not None:
                own.reviewer = None
            else:
                own.state, own.reason = Place.State.DECLINED, reason
            own.save(update_fields=["reviewer", "state", "reason"])
        trail.record(AuditAction.REVIEW_DECLINED, about=locked.about, reason=reason, actor=actor)
    return locked


@trail.records_refusals
def hand_over(*, actor: Actor, promote_request: PromoteRequest, to: str, reason: str = "") -> PromoteRequest:
    """Gives the actor's place, and those of groups that they picked up, to somebody else, who is told.

    Raises:
        InvalidInput: there is no such person, they may not review, or the reason is too long.
        WrongState: the request is not open, or nobody asks the actor.
        NotAllowed: the actor may not review.
    """
    _require(actor, promote_request)
    reason = _checked(reason)
    with _taken(actor, promote_request) as locked:
        own = _own(locked, actor)
        heir = reviewer_called(to, locked, field="to")
        if heir.pk == actor.user_id:
            raise InvalidInput("You have this review already: name somebody else.", field="to")
        for one in own:
            if one.group_id is not None:
                one.reviewer, one.is_told = heir, False
            else:
                one.state, one.reason, one.handed_to = Place.State.HANDED_OVER, reason, heir
                place(locked, reviewer=heir, by=actor.user_id)
            one.save()
        words = f"to {heir.get_username()}{f': {reason}' if reason else ''}"
        trail.record(AuditAction.REVIEW_HANDED_OVER, about=locked.about, reason=words, actor=actor)
    return locked


def storable(name: str) -> str:
    """Returns a name that a database can be asked for; it finds nothing where it had a NUL."""
    return name.replace("\x00", "\ufffd")


@contextmanager
def _taken(actor: Actor, promote_request: PromoteRequest) -> Iterator[PromoteRequest]:
    _require(actor, promote_request)
    with transaction.atomic():
        locked = lock(promote_request)
        _require(actor, locked)
        yield locked


def _require(actor: Actor, promote_request: PromoteRequest) -> None:
    transitions.require(Action.REVIEW, promote_request.status)
    permissions.require(actor, Action.REVIEW, promote_request)


def _own(locked: PromoteRequest, actor: Actor) -> list[Place]:
    found = list(locked.places.filter(reviewer=actor.user_id, state=Place.State.ASKED))
    if not found:
        raise WrongState("Nobody asks you for this review, or not any more.")
    return found


def _checked(reason: str) -> str:
    return checked(reason.strip(), field="reason", longest=LONGEST)
