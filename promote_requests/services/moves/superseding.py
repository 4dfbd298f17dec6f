"""Closes a request in favour of a newer one for the same target."""

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput
from foundation.texts import checked_message
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, CloseReason, Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.locking import lock, move
from promote_requests.services.moves.holders import same_target
from promote_requests.services.reading import as_judged
from promote_requests.services.settling import settles_first


@trail.records_refusals
@settles_first
def supersede(*, actor: Actor, promote_request: PromoteRequest, by: int, message: str = "") -> PromoteRequest:
    """Closes the older request because a newer one asks for the same target, and links the two.

    Nothing does that by itself, not even the promotion of the newer one: the older may still be wanted afterwards.

    Args:
        actor: The author of the older one, or whoever may close it.
        promote_request: The older one.
        by: The number of the newer one, which is open, being promoted or promoted.
        message: Why, in words.

    Raises:
        InvalidInput: there is no such newer request for the same target, or the message is too long.
        WrongState: the older one has ended already, or is being promoted.
        NotAllowed: the actor may not close it.
    """
    transitions.require(Action.SUPERSEDE, promote_request.status)
    permissions.require(actor, Action.SUPERSEDE, promote_request)
    message = checked_message(message)
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.SUPERSEDE, locked.status)
        permissions.require(actor, Action.SUPERSEDE, locked)
        newer = newer_than(locked).filter(number=by).first()
        if newer is None:
            raise InvalidInput(sentences.no_successor(locked, by), field="by")
        before = locked.status
        move(
            locked,
            Status.CLOSED,
            close_reason=CloseReason.SUPERSEDED,
            closed_by_id=actor.account.pk,
            closed_at=timezone.now(),
            superseded_by=newer,
            judged_by=as_judged(locked),
        )
        trail.record(
            AuditAction.CLOSED,
            about=locked.about,
            from_status=before,
            to_status=locked.status,
            reason=sentences.superseded(newer, message),
            actor=actor,
        )
    return locked


def newer_than(promote_request: PromoteRequest) -> PromoteRequestQuerySet:
    """Returns the newer requests for the same target that may take this one's place."""
    return same_target(promote_request).filter(
        number__gt=promote_request.number, status__in=[Status.OPEN, Status.PROMOTING, Status.PROMOTED]
    )
