"""Saying that a thread is settled, or not any more."""

from django.db import transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import WrongState
from promote_requests import permissions, sentences
from promote_requests.models import PromoteRequest, Resolution, Thread
from promote_requests.services.conversation.opening import thread_of
from promote_requests.services.locking import lock, touch


@trail.records_refusals
def resolve(*, actor: Actor, promote_request: PromoteRequest, thread: int) -> Thread:
    """Says that a thread is settled. It promotes nothing by itself, even where it was the last that was missing.

    Raises:
        InvalidInput: the request has no such thread.
        WrongState: it is resolved already.
        NotAllowed: the actor may not; see `permissions.resolving_refusal`.
    """
    return _settle(actor, promote_request, thread, is_resolved=True)


@trail.records_refusals
def unresolve(*, actor: Actor, promote_request: PromoteRequest, thread: int) -> Thread:
    """Says that a thread is not settled any more; one that blocks does so again while the request is open.

    Raises:
        InvalidInput: the request has no such thread.
        WrongState: it is not resolved.
        NotAllowed: the actor may not; see `permissions.resolving_refusal`.
    """
    return _settle(actor, promote_request, thread, is_resolved=False)


def _settle(actor: Actor, promote_request: PromoteRequest, thread: int, *, is_resolved: bool) -> Thread:
    with transaction.atomic():
        locked = lock(promote_request)
        found = thread_of(locked, thread)
        permissions.require_resolver(actor, found, locked)
        if found.is_resolved == is_resolved:
            raise WrongState("This thread is resolved already." if is_resolved else "This thread is not resolved.")
        Resolution.objects.create(thread=found, by_id=actor.account.pk, is_resolved=is_resolved)
        touch(locked)
        trail.record(
            AuditAction.THREAD_RESOLVED if is_resolved else AuditAction.THREAD_UNRESOLVED,
            about=locked.about,
            actor=actor,
            reason=sentences.thread(found),
        )
    return thread_of(locked, thread)
