"""Tells the owners of follow-ups when their day has come."""

import logging

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from promote_requests import sentences
from promote_requests.models import FollowUpReminder, Thread
from promote_requests.services.conversation.opening import thread_of
from promote_requests.services.locking import lock

_BATCH = 200

logger = logging.getLogger("checkpoint.worker")


def remind_all_due() -> None:
    """Reminds of every follow-up that is due today or before and not resolved, each once; for a worker.

    What is written and that it was written are one transaction; the reminder's key keeps two workers from doing both.
    """
    due = Thread.objects.unresolved().filter(due_on__lte=timezone.now().date(), reminder=None)
    due = due.exclude(promote_request__is_private=True).select_related("promote_request")
    for thread in due.order_by("due_on", "pk")[:_BATCH]:
        try:
            _remind(thread)
        except IntegrityError:
            logger.info("Somebody else has reminded of thread %s.", thread.pk)


def _remind(thread: Thread) -> None:
    with transaction.atomic():
        locked = lock(thread.promote_request)
        found = thread_of(locked, thread.pk)
        if found.is_resolved:
            return
        FollowUpReminder.objects.create(thread=found)
        trail.record(
            AuditAction.FOLLOW_UP_DUE,
            about=locked.about,
            actor=Actor.checkpoint(Door.WORKER),
            reason=sentences.follow_up(found),
        )
