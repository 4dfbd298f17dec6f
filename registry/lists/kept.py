"""Answers that took MLflow long. Each serves for half a minute, in Django's cache, which all processes share.

Of a model with very many versions MLflow needs half a second to say what it is called. What people asked for lately is
noted too, so that a worker can ask again before somebody waits: see `warm`.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache

T = TypeVar("T")

SERVES_SECONDS = 30
AT_ONCE_SECONDS = 0.2
"""An answer that came sooner is asked for again each time."""
WARM_SECONDS = 600
"""What nobody asked for so long is not kept warm any longer."""
MOST_WARM = 12
"""Questions that are kept warm: those that were asked last. Each costs MLflow what made it slow."""
_NOTED_SECONDS = 60
"""A question that is asked often is noted this often."""
_MARK_SECONDS = 24 * 60 * 60
_FORMAT = 2
"""Raised with every change of what is kept: another release may read it."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that MLflow is asked.

    Attributes:
        workspace: Canonical.
        kind: What becomes out of date together.
        asked: The name of the question and its arguments.
    """

    workspace: str
    kind: str
    asked: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer.

    Attributes:
        mark: That of its kind when it was asked for; another one says that Checkpoint has changed something since.
        at: Seconds since 1970.
        answer: What MLflow said.
    """

    mark: int | None
    at: float
    answer: Any


def recent(question: Question, ask: Callable[[], T]) -> T:
    """Returns the answer as it is kept, or else asks; what `ask` raises is raised."""
    mark, kept, wanted = look(question)
    if kept is not None:
        note(question, wanted)
        known: T = kept.answer
        return known
    answer = timed(question, mark, ask)
    if answer.took >= AT_ONCE_SECONDS:
        note(question, wanted)
    return answer.value


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer, and the seconds that MLflow took for it."""

    value: Any
    took: float


def timed(question: Question, mark: int | None, ask: Callable[[], Any]) -> Timed:
    """Asks, and keeps the answer if it took long.

    Args:
        question: What is asked.
        mark: As `look` found it before.
        ask: Asks MLflow.
    """
    began = time.monotonic()
    answer = Timed(ask(), time.monotonic() - began)
    if answer.took >= AT_ONCE_SECONDS:
        keep(question, mark, answer.value)
    return answer


def keep(question: Question, mark: int | None, answer: Any) -> None:
    """Keeps an answer, with the mark that `look` found before it was asked for."""
    cache.set(_key_of(question), Kept(mark, time.time(), answer), timeout=SERVES_SECONDS)


def look(question: Question) -> tuple[int | None, Kept | None, dict[Question, float]]:
    """Returns the mark of a question's kind, the answer that still holds, and what people asked for lately."""
    key, mark_key = _key_of(question), _mark_of(question.workspace, question.kind)
    found = cache.get_many([key, mark_key, _WANTED])
    mark, kept = found.get(mark_key), found.get(key)
    return mark, kept if kept is not None and kept.mark == mark else None, found.get(_WANTED) or {}


def wanted() -> list[Question]:
    """Returns what people asked for lately and MLflow took long to answer; what another one needs comes before it."""
    since = time.time() - WARM_SECONDS
    noted: dict[Question, float] = cache.get(_WANTED) or {}
    return sorted((question for question, at in noted.items() if at > since), key=lambda question: question.kind)


def give_up(question: Question) -> None:
    """Keeps an answer warm no longer: MLflow gives it at once, or not at all."""
    noted: dict[Question, float] = cache.get(_WANTED) or {}
    if noted.pop(question, None) is not None:
        cache.set(_WANTED, noted, timeout=WARM_SECONDS)


def outdate(workspace: str, kind: str, *, seconds: float = _MARK_SECONDS) -> None:
    """Lets no answer of a kind serve that was asked for before now.

    Args:
        workspace: Canonical.
        kind: Of questions.
        seconds: For how long it stays known that something was changed.
    """
    cache.set(_mark_of(workspace, kind), time.time_ns(), timeout=seconds)


def note(question: Question, noted: dict[Question, float]) -> None:
    """Notes that somebody asks what MLflow takes long to answer.

    Args:
        question: What is asked.
        noted: What is noted already, as `look` found it.
    """
    now = time.time()
    if now - noted.get(question, 0) < _NOTED_SECONDS:
        return
    # What others noted while MLflow answered stays. Two that write at this moment lose a note, which the next one who
    # asks writes again.
    present: dict[Question, float] = cache.get(_WANTED) or {}
    latest = sorted((present | {question: now}).items(), key=lambda entry: -entry[1])[:MOST_WARM]
    cache.set(_WANTED, dict(latest), timeout=WARM_SECONDS)


def _key_of(question: Question) -> str:
    return _key(question.workspace, question.asked)


def _mark_of(workspace: str, kind: str) -> str:
    return _key("mark", workspace, kind)


def _key(*parts: object) -> str:
    # A cache's keys have no spaces and at most 250 characters.
    return f"registry.lists:{hashlib.sha256(repr((_FORMAT, *parts)).encode()).hexdigest()}"


_WANTED = _key("wanted")
