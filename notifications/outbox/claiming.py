"""Claims rows of work for a while, and writes what came of them. Whoever dies leaves rows that are due again.

PostgreSQL lets several claim at once and skips what another one is claiming (SKIP LOCKED). SQLite has one writer at a
time; the update's own condition says there that the row was still due.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from foundation.database.updating import update_each
from notifications.choices import State
from notifications.models import Work
from notifications.outbox.retries import is_hopeless, pause_after

LEASE = timedelta(seconds=60)
"""How long a claim lasts: longer than any batch may take."""

_FOR_CLAIMS = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL synchronous_commit = off"
"""What PostgreSQL is told for the transaction of a claim.

What it knows of the tables is from when little waited, mostly: it would sort all that waits now for each batch, and not
read the beginning of the index. And a claim need not be on the disk before it counts: where a power cut takes it away,
its rows are due again.
"""

W = TypeVar("W", bound=Work)


def due(rows: "QuerySet[W]") -> "QuerySet[W]":
    """Returns those of the rows that may be claimed now, the longest due first."""
    return rows.filter(state=State.WAITING, due_at__lte=timezone.now()).order_by("due_at", "pk")


def claim(rows: "QuerySet[W]", limit: int) -> list[W]:
    """Returns at most `limit` due rows, which nobody else is given before the lease ends."""
    if not due(rows).exists():
        return []  # without a transaction, which takes the only write lock of SQLite
    token = uuid.uuid4()
    with transaction.atomic():
        keys = _lock(due(rows), limit)
        all_rows = rows.model._default_manager
        due(all_rows.filter(pk__in=keys)).order_by().update(claim=token, due_at=timezone.now() + LEASE)
        found = {row.pk: row for row in rows.filter(pk__in=keys, claim=token)}
    return [found[key] for key in keys if key in found]


def _lock(wanted: "QuerySet[Any]", limit: int) -> list[int]:
    """Returns the keys of the first rows; where the database can, locked, without those that others have locked."""
    if connection.features.has_select_for_update_skip_locked:
        with connection.cursor() as cursor:
            cursor.execute(_FOR_CLAIMS)
        wanted = wanted.select_for_update(skip_locked=True)
    return list(wanted.values_list("pk", flat=True)[:limit])


def finish(rows: Sequence[Work]) -> int:
    """Writes that rows of one claim are done, and returns of how many; not of those whose lease somebody else has."""
    return _claimed(rows).update(state=State.DONE, claim=None, error="", finished_at=timezone.now()) if rows else 0


def done_each(rows: Sequence[Work], values: Sequence[Mapping[str, Any]]) -> int:
    """Writes that rows of one claim are done, with what else is known of each; returns of how many, as `finish`."""
    if not rows:
        return 0
    each = {row.pk: known for row, known in zip(rows, values, strict=True)}
    same = {"state": State.DONE, "claim": None, "error": "", "finished_at": timezone.now()}
    return update_each(type(rows[0]), each, same=same, where={"claim": rows[0].claim})


def fail(row: Work, error: str, *, asked_for: timedelta | None = None, **values: Any) -> bool:
    """Writes that an attempt failed: the row is due again after a pause, or given up.

    Returns False if its lease is somebody else's.

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
