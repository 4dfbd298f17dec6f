"""Threads as a page shows them, and which rows of the comparison have some."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from audit.actors import Actor
from evidence.compare import Comparison
from promote_requests import permissions, sentences
from promote_requests.choices import Action
from promote_requests.models import Comment, PromoteRequest, Thread
from promote_requests.services.conversation import anchoring


@dataclass(frozen=True, slots=True)
class Said:
    """A remark in a thread.

    Attributes:
        text: Markdown, as it says now; "" once it is deleted.
        earlier: (text, when) of its former wordings that others may have read, oldest first.
        deleted_by: Who took it back; "" while it stands.
        is_own: Whether the reader wrote it and may still change it.
    """

    pk: int
    who: str
    at: datetime
    text: str
    earlier: tuple[tuple[str, datetime], ...]
    deleted_by: str
    deleted_at: datetime | None
    is_own: bool

    @property
    def edit_id(self) -> str:
        """The id of the form that changes it."""
        return f"edit-{self.pk}"


@dataclass(frozen=True, slots=True)
class Settled:
    """That somebody resolved a thread, or opened it again."""

    who: str
    at: datetime
    is_resolved: bool


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread for one reader.

    Attributes:
        about: What it is about: `metric auc`; "" for the request as a whole.
        then: What that row said when the thread was opened.
        moved: A sentence about what it says now, if that is something else.
        row: The id of the row's mark in the comparison.
        answers: What followed its first remark, oldest first.
        refusal: Why the reader may not resolve it; "" if they may.
    """

    pk: int
    about: str
    then: str
    moved: str
    row: str
    first: Said
    answers: tuple[Said | Settled, ...]
    is_blocking: bool
    is_resolved: bool
    owner: str
    due_on: date | None
    is_overdue: bool
    refusal: str

    @property
    def reply_id(self) -> str:
        """The id of the form that answers it."""
        return f"reply-{self.pk}"

    @property
    def texts(self) -> list[str]:
        """All that is shown of it, as Markdown."""
        said = [one for one in (self.first, *self.answers) if isinstance(one, Said)]
        return [text for one in said for text in (one.text, *(earlier for earlier, _ in one.earlier))]


@dataclass(frozen=True, slots=True)
class Talk:
    """The conversation about a request for one reader.

    Attributes:
        number: The request's.
        threads: Oldest first.
        by_row: {(kind of row, its name): threads about it}.
        may_open: Whether the reader may open one here.
    """

    number: int
    threads: tuple[ThreadView, ...]
    by_row: Mapping[tuple[str, str], Sequence[ThreadView]]
    may_open: bool

    @property
    def texts(self) -> list[str]:
        """All that is shown of it, as Markdown."""
        return [text for thread in self.threads for text in thread.texts]

    def on(self, kind: str, key: str) -> Sequence[ThreadView]:
        """Returns the threads about a row."""
        return self.by_row.get((kind, key), ())


def row_id(kind: str, key: str) -> str:
    """Returns the id of a row's mark: names hold anything, ids do not."""
    return f"row-{kind}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def talk_of(
    promote_request: PromoteRequest,
    reader: Actor,
    *,
    comparison: Comparison | None = None,
    as_of: datetime | None = None,
    may_open: bool = True,
) -> Talk:
    """Returns the conversation about a request, in as many queries however long it is.

    Args:
        promote_request: The request.
        reader: Who looks.
        comparison: What the page shows; None where it shows no facts anew.
        as_of: When these facts were observed, where they are not the present ones.
        may_open: Whether threads are opened where this is shown.
    """
    threads = list(promote_request.threads.prefetch_related("comments"))
    views = tuple(
        # Facts that were observed before somebody spoke of newer ones say nothing about these.
        _view(thread, promote_request, reader, comparison if as_of is None or thread.created_at <= as_of else None)
        for thread in threads
    )
    by_row: defaultdict[tuple[str, str], list[ThreadView]] = defaultdict(list)
    for thread, view in zip(threads, views, strict=True):
        if thread.anchor_kind:
            by_row[thread.anchor_kind, thread.anchor_key].append(view)
    may_write = not permissions.refusal(reader, Action.COMMENT, promote_request)
    return Talk(promote_request.pk, views, dict(by_row), may_open and may_write)


def _view(thread: Thread, promote_request: PromoteRequest, reader: Actor, comparison: Comparison | None) -> ThreadView:
    said = [_said(comment, reader) for comment in thread.comments.all()]
    settled = [
        Settled(change.by.get_username(), change.created_at, change.is_resolved) for change in thread.resolutions.all()
    ]
    return ThreadView(
        pk=thread.pk,
        about=sentences.anchor(thread),
        then=sentences.said_then(thread),
        moved=_moved(thread, comparison),
        row=row_id(thread.anchor_kind, thread.anchor_key) if thread.anchor_kind else "",
        first=said[0],
        answers=tuple(sorted([*said[1:], *settled], key=lambda one: one.at)),
        is_blocking=thread.is_blocking,
        is_resolved=thread.is_resolved,
        owner=thread.owner.get_username() if thread.owner else "",
        due_on=thread.due_on,
        is_overdue=thread.is_overdue,
        refusal=permissions.resolving_refusal(reader, thread, promote_request),
    )


def _moved(thread: Thread, comparison: Comparison | None) -> str:
    if comparison is None or not thread.anchor_kind:
        return ""
    now = anchoring.value_of(comparison, thread.anchor_kind, thread.anchor_key)
    return sentences.moved(now) if anchoring.has_moved(thread.anchor_kind, thread.anchor_value, now) else ""


def _said(comment: Comment, reader: Actor) -> Said:
    return Said(
        pk=comment.pk,
        who=comment.author.get_username(),
        at=comment.created_at,
        text=comment.text,
        earlier=tuple(comment.earlier),
        deleted_by=comment.deletion.by.get_username() if comment.is_deleted else "",
        deleted_at=comment.deletion.created_at if comment.is_deleted else None,
        is_own=comment.author_id == reader.user_id and not comment.is_deleted,
    )
