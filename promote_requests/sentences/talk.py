"""Sentences about threads: what they are about, what it said then and says now, and where they stand."""

from django.utils.text import Truncator

from evidence.texts import visible
from foundation.words import counted
from promote_requests.choices import AnchorKind
from promote_requests.models import Thread

_ROOM = 200


def shortened(value: str, most: int = _ROOM) -> str:
    """Returns a value, or a row's name, so far as a sentence has room for it; hidden characters are spelled out."""
    shown = visible(value)
    return shown if len(shown) <= most else Truncator(shown).chars(most)


def anchor(thread: Thread) -> str:
    """Returns what a thread is about: `metric auc`; "" for the request as a whole."""
    if not thread.anchor_kind:
        return ""
    return f"{AnchorKind(thread.anchor_kind).label} {shortened(thread.anchor_key)}"


def said_then(thread: Thread) -> str:
    """Returns what the row said when the thread was opened."""
    return shortened(thread.anchor_value)


def moved(now: str | None) -> str:
    """Says that the row of a thread is no longer what it was when the thread was opened."""
    if now is None:
        return "The comparison has no such row any more."
    return f"It has changed since: now {shortened(now)}."


def thread(found: Thread) -> str:
    """Returns which thread is meant, for the record."""
    about = f" on {anchor(found)}" if found.anchor_kind else ""
    blocking = "the blocking thread" if found.is_blocking else "the thread"
    return f"{blocking} {found.pk} of {found.opener.get_username()}{about}"


def follow_up(found: Thread) -> str:
    """Returns who is to see to a follow-up, and until when, for the record."""
    owner = found.owner.get_username() if found.owner else "nobody"
    return f"{thread(found)}: {owner} by {found.due_on:%d %B %Y}"


def row_threads(number: int, blocking: int) -> str:
    """Returns what a mark beside a row leads to: `2 threads, 1 of them blocks`."""
    if not blocking:
        return counted(number, "thread")
    if number == blocking:
        return counted(number, "blocking thread")
    return f"{counted(number, 'thread')}, {blocking} of them {'blocks' if blocking == 1 else 'block'}"
