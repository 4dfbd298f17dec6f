"""Opening a thread by a comment, and answering in one."""

import logging
from collections.abc import Iterator
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.directory import person_called
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from evidence.compare import compare_evidence
from evidence.freeze import UnreadableEvidence
from evidence.kept import load
from evidence.observe import Evidence
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from promote_requests import permissions, sentences, transitions
from promote_requests.choices import Action, AnchorKind, Status
from promote_requests.models import Comment, PromoteRequest, Thread
from promote_requests.services.conversation import anchoring, mentioning
from promote_requests.services.conversation.words import checked_words
from promote_requests.services.locking import lock, touch
from promote_requests.services.reading import evidence_of, with_files
from registry.exceptions import RegistryError

logger = logging.getLogger(__name__)

_LONGEST_KEY = 4_096
_FARTHEST = timedelta(days=3 * 366)


@trail.records_refusals
def comment(
    *,
    actor: Actor,
    promote_request: PromoteRequest,
    body: str,
    anchor_kind: str = "",
    anchor_key: str = "",
    is_blocking: bool = False,
    owner: str = "",
    due_on: date | None = None,
) -> Comment:
    """Opens a thread with a remark, whatever the request's state; by default one that stops nothing.

    Args:
        actor: Who writes.
        promote_request: The request.
        body: Markdown.
        anchor_kind: One of `AnchorKind` to say which row of the comparison it is about; what the row says now is kept
            with the thread.
        anchor_key: The row's name; of a prompt the line.
        is_blocking: Whether it stops the promotion under rules that ask for resolved threads.
        owner: Makes it a follow-up: the name of who is to see to it, until `due_on`. They are told.
        due_on: The last day of a follow-up, UTC.

    Raises:
        InvalidInput: the text is missing or too long, there is no such row, nobody is called so, or the day is past.
        WrongState: it is to block, and the request is decided.
        NotAllowed: the actor may not sign in.
    """
    permissions.require(actor, Action.COMMENT, promote_request)
    transitions.require(Action.COMMENT, promote_request.status)
    body = checked_words(body, required=True)
    value = _anchored(promote_request, anchor_kind, anchor_key)
    owner_id = _owner(owner, due_on, is_blocking=is_blocking)
    with transaction.atomic():
        locked = _locked(actor, promote_request)
        if is_blocking and locked.status not in (Status.DRAFT, Status.OPEN):
            raise WrongState(f"Nothing can block it any more: the request is {Status(locked.status).label.lower()}.")
        thread = Thread.objects.create(
            promote_request=locked,
            opener_id=actor.account.pk,
            anchor_kind=anchor_kind,
            anchor_key=anchor_key,
            anchor_value=value,
            is_blocking=is_blocking,
            owner_id=owner_id,
            due_on=due_on,
        )
        others = frozenset() if owner_id is None else frozenset({owner_id})
        return _write(actor, locked, thread, body, others=others)


@trail.records_refusals
def reply(*, actor: Actor, promote_request: PromoteRequest, thread: int, body: str) -> Comment:
    """Adds a remark to a thread, whatever the state of request and thread.

    Raises:
        InvalidInput: the text is missing or too long, or the request has no such thread.
        NotAllowed: the actor may not sign in.
    """
    permissions.require(actor, Action.COMMENT, promote_request)
    body = checked_words(body, required=True)
    with transaction.atomic():
        locked = _locked(actor, promote_request)
        return _write(actor, locked, thread_of(locked, thread), body)


def thread_of(promote_request: PromoteRequest, thread: int) -> Thread:
    """Returns a thread of a request.

    Raises:
        InvalidInput: it has no such thread.
    """
    found: Thread | None = promote_request.threads.filter(pk=thread).first()
    if found is None:
        raise InvalidInput(f"Request #{promote_request.pk} has no thread {thread}.", field="thread")
    return found


def _locked(actor: Actor, promote_request: PromoteRequest) -> PromoteRequest:
    locked = lock(promote_request)
    permissions.require(actor, Action.COMMENT, locked)
    return locked


def _write(
    actor: Actor, promote_request: PromoteRequest, thread: Thread, body: str, others: frozenset[int] = frozenset()
) -> Comment:
    written: Comment = Comment.objects.create(
        promote_request=promote_request, thread=thread, author_id=actor.account.pk, body=body
    )
    touch(promote_request)
    names = mentioning.note(actor=actor, promote_request=promote_request, text=body, comment=written, others=others)
    trail.record(AuditAction.COMMENTED, about=promote_request.about, actor=actor)
    mentioning.tell(actor=actor, promote_request=promote_request, names=names)
    return written


def _anchored(promote_request: PromoteRequest, kind: str, key: str) -> str:
    """Returns what the row says of which a thread is to be; "" for no row. Asks MLflow, so outside of a transaction."""
    if not kind and not key:
        return ""
    if kind not in AnchorKind.values:
        raise InvalidInput(f"{kind!r} is no kind of row: use {', '.join(AnchorKind.values)}.", field="anchor_kind")
    checked(key, field="anchor_key", longest=_LONGEST_KEY, called="The row's name")
    for evidence in _facts(promote_request, with_trees=kind == AnchorKind.FILE):
        value = anchoring.value_of(compare_evidence(evidence), kind, key)
        if value is not None:
            return value
    label, name = AnchorKind(kind).label, sentences.shortened(key)
    raise InvalidInput(f"The comparison has no {label} {name!r}.", field="anchor_key")


def _facts(promote_request: PromoteRequest, *, with_trees: bool) -> Iterator[Evidence]:
    """Yields the facts that somebody may have had before them: the present ones, then those that were recorded last."""
    try:
        present = evidence_of(promote_request)
        yield with_files(promote_request, present) if with_trees else present
    except (RegistryError, UnreadableEvidence):
        logger.info("A thread on #%s is about the facts that were kept: MLflow is away.", promote_request.pk)
    try:
        yield load(promote_request.evidence_digest)
    except UnreadableEvidence:
        return


def _owner(owner: str, due_on: date | None, *, is_blocking: bool) -> int | None:
    """Returns the key of who is to see to a follow-up; None for a thread that is none."""
    owner = checked(owner, field="owner", longest=150, called="The name")
    if not owner and due_on is None:
        return None
    if is_blocking:
        raise InvalidInput(
            "A follow-up is for afterwards and does not block: choose one of the two.", field="is_blocking"
        )
    if not owner:
        raise InvalidInput("Name who is to see to it.", field="owner")
    if due_on is None:
        raise InvalidInput("Name the day until which it is to be seen to.", field="due_on")
    today = timezone.now().date()
    if not today <= due_on <= today + _FARTHEST:
        raise InvalidInput("The day is today or later, and within three years.", field="due_on")
    person = person_called(owner)
    if person is None:
        raise InvalidInput(f"Nobody who may sign in is called {owner!r}.", field="owner")
    return person.pk
