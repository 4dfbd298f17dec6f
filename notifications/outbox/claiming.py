"""Claims rows of work for a while, and writes what came of them. Whoever dies leaves rows that are due again.

PostgreSQL lets several claim at once and skips what another one is claiming (SKIP LOCKED). SQLite has one writer at a
time; the update's own condition says there that the row was still due.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from notifications.choices import State
from notifications.models import Work
from notifications.outbox.retries import is_hopeless, pause_after

LEASE = timedelta(seconds=60)
"""How long a claim lasts: longer than any batch may take."""

W = TypeVar("W", bound=Work)


def due(rows: "QuerySet[W]") -> "QuerySet[W]":
    """Returns those of the rows that may be claimed now, the longest due first."""
    return rows.filter(state=State.WAITING, due_at__lte=timezone.now()).order_by("due_at", "pk")


def claim(rows: "QuerySet[W]", limit: int) -> list[W]:
    """Returns at most `limit` due rows, which nobody else is given before the lease ends."""
    if not due(rows).exists():
        return []  # without a transaction, which takes the only write lock of SQLite
    with transaction.atomic():
        wanted = due(rows)
        if connection.features.has_select_for_update_skip_locked:
            wanted = wanted.select_for_update(skip_locked=True, of=("self",))
        found = {row.pk: row for row in wanted[:limit]}
        token, until = uuid.uuid4(), timezone.now() + LEASE
        all_rows = rows.model._default_manager
        taken = due(all_rows.filter(pk__in=found)).order_by().update(claim=token, due_at=until)
        if taken != len(found):
            found = {pk: found[pk] for pk in all_rows.filter(claim=token).values_list("pk", flat=True)}
    for row in found.values():
        row.claim, row.due_at = token, until
    return list(found.values())


def finish(rows: Sequence[Work]) -> int:
    """Writes that rows of one claim are done, and returns of how many; not of those whose lease somebody else has."""
    return _claimed(rows).update(state=State.DONE, claim=None, error="", finished_at=timezone.now()) if rows else 0


def done(row: Work, **values: Any) -> bool:
    """Writes that one row is done, with what else is known of it; False if its lease is somebody else's."""
    return _write(row, state=State.DONE, error="", finished_at=timezone.now(), **values)


def fail(row: Work, error: str, *, asked_for: timedelta | None = None, **values: Any) -> bool:
    """Writes that an attempt failed: the row is due again after a pause, or given up. False as in `done`.

    Args:
        row: As it was claimed.
        error: Why, in words.
        asked_for: How long the receiver wants to be left alone.
        values: What else is known of the attempt.
    """
    row.attempts += 1
    now = timezone.now()
    if is_hopeless(row.attempts):
        values |= {"state": State.DEAD, "finished_at": now}
    else:
        values |= {"due_at": now + pause_after(row.attempts, asked_for)}
    return _write(row, error=error, attempts=row.attempts, **values)


def give_back(rows: Sequence[Work]) -> None:
    """Makes rows of one claim due at once that nobody has begun."""
    if rows:
        _claimed(rows).update(claim=None, due_at=timezone.now())


def send_again(rows: "QuerySet[W]") -> int:
    """Makes rows due at once, whatever became of them, with all their attempts before them; returns how many."""
    return rows.update(state=State.WAITING, claim=None, attempts=0, due_at=timezone.now(), finished_at=None)


def _write(row: Work, **values: Any) -> bool:
    written = _claimed([row]).update(claim=None, **values) == 1
    for name, value in values.items():
        setattr(row, name, value)
    return written


def _claimed(rows: Sequence[Work]) -> "QuerySet[Any]":
    keys: Collection[int] = [row.pk for row in rows]
    return type(rows[0])._default_manager.filter(pk__in=keys, claim=rows[0].claim)
