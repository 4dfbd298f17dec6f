"""The review of a promotion past the rules, after the fact, by somebody else."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action
from promote_requests.models import AfterReview, PromoteRequest
from promote_requests.services.conversation.words import MAX_BODY
from promote_requests.services.locking import lock

if TYPE_CHECKING:
    from accounts.models import User


@trail.records_refusals
def review_afterwards(*, actor: Actor, promote_request: PromoteRequest, body: str) -> PromoteRequest:
    """Records that somebody else has looked at a promotion past the rules; the request is no longer flagged.

    Args:
        actor: Neither who broke the glass, nor who consented to it, nor an author.
        promote_request: A request that was promoted past the rules.
        body: What came of it. Markdown.

    Raises:
        InvalidInput: the text is missing or too long.
        WrongState: it was not promoted past the rules, or is reviewed already.
        NotAllowed: the actor made the request, broke the glass or consented to it.
    """
    transitions.require(Action.REVIEW_AFTERWARDS, promote_request.status)
    permissions.require(actor, Action.REVIEW_AFTERWARDS, promote_request)
    body = checked(body, field="body", longest=MAX_BODY)
    if not body:
        raise InvalidInput("Write a few words.", field="body")
    with transaction.atomic():
        locked = lock(promote_request)
        transitions.require(Action.REVIEW_AFTERWARDS, locked.status)
        permissions.require(actor, Action.REVIEW_AFTERWARDS, locked)
        if not locked.is_bypassed:
            raise WrongState(sentences.NOT_BYPASSED)
        if locked.reviewed_afterwards_at is not None:
            raise WrongState(sentences.REVIEWED_ALREADY)
        assert locked.promoted_by_id is not None  # noqa: S101 - a promoted row has it, says the database
        AfterReview.objects.create(
            promote_request=locked,
            reviewer_id=actor.account.pk,
            request_author=locked.author,
            broken_by_id=locked.promoted_by_id,
            consented_by=_who_consented(locked),
            body=body,
        )
        now = timezone.now()
        PromoteRequest.objects.filter(pk=locked.pk).update(reviewed_afterwards_at=now, updated_at=now)
        trail.record(AuditAction.REVIEWED_AFTERWARDS, about=locked.about, reason=body, actor=actor)
    locked.refresh_from_db()
    return locked


def _who_consented(locked: PromoteRequest) -> "User | None":
    broken = locked.broken_glass.select_related("consent__consented_by").last()
    return None if broken is None or broken.consent is None else broken.consent.consented_by
