"""Rewording one's own comment, and taking it back. What somebody said in a review stays as it was said."""

from django.db import transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from promote_requests import permissions
from promote_requests.models import Comment, CommentDeletion, CommentEdit, PromoteRequest
from promote_requests.services.conversation import mentioning
from promote_requests.services.conversation.words import checked_words
from promote_requests.services.locking import lock, touch


@trail.records_refusals
def edit_comment(*, actor: Actor, promote_request: PromoteRequest, comment: int, body: str) -> Comment:
    """Gives one's own comment another wording; the same words change nothing.

    The former ones stay visible, but for those that only a draft had.

    Raises:
        InvalidInput: the text is missing or too long, or the request has no such comment.
        WrongState: the comment is deleted.
        NotAllowed: it is somebody else's.
    """
    with transaction.atomic():
        locked = lock(promote_request)
        found = _own(actor, locked, comment)
        body = checked_words(body, required=True)
        if found.text == body:
            return found
        CommentEdit.objects.create(comment=found, body=body, was_private=locked.is_private)
        touch(locked)
        names = mentioning.note(actor=actor, promote_request=locked, text=body, comment=found)
        trail.record(AuditAction.COMMENT_EDITED, about=locked.about, actor=actor, reason=_which(found))
        mentioning.tell(actor=actor, promote_request=locked, names=names)
    return _of(locked, comment)


@trail.records_refusals
def delete_comment(*, actor: Actor, promote_request: PromoteRequest, comment: int) -> Comment:
    """Takes one's own comment back: its place says who did that and when, and nobody is shown its words any more.

    It changes no decision: a thread that it opened blocks as before, until somebody resolves it.

    Raises:
        InvalidInput: the request has no such comment.
        WrongState: it is deleted already.
        NotAllowed: it is somebody else's.
    """
    with transaction.atomic():
        locked = lock(promote_request)
        found = _own(actor, locked, comment)
        CommentDeletion.objects.create(comment=found, by_id=actor.account.pk)
        touch(locked)
        trail.record(AuditAction.COMMENT_DELETED, about=locked.about, actor=actor, reason=_which(found))
    return _of(locked, comment)


def _own(actor: Actor, promote_request: PromoteRequest, comment: int) -> Comment:
    found = _of(promote_request, comment)
    permissions.require_writer(actor, found, promote_request)
    if found.is_deleted:
        raise WrongState("This comment is deleted.")
    return found


def _of(promote_request: PromoteRequest, comment: int) -> Comment:
    found: Comment | None = promote_request.comments.filter(pk=comment).first()
    if found is None:
        raise InvalidInput(f"Request #{promote_request.pk} has no comment {comment}.", field="comment")
    return found


def _which(comment: Comment) -> str:
    return f"comment {comment.pk}"
