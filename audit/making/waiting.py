"""Runs and logged models that wait in memory to be written, so that creating one does not wait for the database.

A thread of the process writes them in batches, a moment later. What waits is also written when the process ends, and
before anything is judged by it here. A process that is killed loses what waited in it: its makers are unknown.
"""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, IntegrityError, connections, transaction

from audit.making.answers import Thing
from audit.making.models import MadeThing
from foundation.texts import storable_text

MOST = 20_000
"""Of those that wait in a process; more are not kept. Each takes some hundred bytes."""
BATCH = 500
MOMENT_SECONDS = 0.5
"""How long the thread lets more come before it writes."""
_AFTER_A_FAILURE_SECONDS = 5.0
_SAY_AGAIN_SECONDS = 60.0

logger = logging.getLogger(__name__)

_waiting: deque["Created"] = deque()
_lock = threading.Lock()
_writing = threading.RLock()
_something_waits = threading.Event()
_thread: threading.Thread | None = None
_said_at = -_SAY_AGAIN_SECONDS


@dataclass(frozen=True, slots=True)
class Created:
    """A run or logged model, who created it, and when Checkpoint saw that.

    Attributes:
        owner_id: Of who answers for the account then, if it is a service account.
    """

    thing: Thing
    user_id: int
    name: str
    at: datetime
    owner_id: int | None = None


def note(created: Created) -> None:
    """Lets it be written soon. Never waits, never fails; where too many wait, its maker stays unknown."""
    global _said_at
    if len(_waiting) >= MOST:
        if time.monotonic() - _said_at > _SAY_AGAIN_SECONDS:
            _said_at = time.monotonic()
            logger.warning("More than %s runs wait to be recorded: who created further ones stays unknown.", MOST)
        return
    _waiting.append(created)
    if not _something_waits.is_set():
        _something_waits.set()
        want_thread()


def want_thread() -> None:
    """Starts the thread unless it runs."""
    global _thread
    with _lock:
        if _thread is not None and _thread.is_alive():
            return
        if _thread is None:
            atexit.register(_at_the_end)
        _thread = threading.Thread(target=_run, name="makers", daemon=True)
        try:
            _thread.start()
        except RuntimeError as error:  # the machine has no thread left; the next call tries again
            _something_waits.clear()
            logger.warning("Who creates runs cannot be recorded in the background: %s", error)


def flush() -> None:
    """Writes all that waits in this process, before it returns.

    Raises:
        DatabaseError: the database did not take it; it goes on waiting.
    """
    if not _waiting:
        return
    with _writing:
        while _waiting:
            batch = [_waiting.popleft() for _ in range(min(BATCH, len(_waiting)))]
            try:
                _write(batch)
            except DatabaseError:
                _waiting.extendleft(reversed(batch))
                raise


def _write(batch: Sequence[Created]) -> None:
    rows = [
        MadeThing(
            kind=created.thing.kind,
            thing_id=storable_text(created.thing.thing_id),
            maker_id=created.user_id,
            maker_name=created.name[:150],
            owner_id=created.owner_id,
            at=created.at,
            source_run=storable_text(created.thing.source_run),
        )
        for created in batch
    ]
    try:
        with transaction.atomic():
            # Whoever is said first to have created something has; MLflow gives no id twice.
            MadeThing.objects.bulk_create(rows, ignore_conflicts=True)
    except IntegrityError:
        if len(batch) == 1:
            logger.warning("%s created a run and has no account any more: who did stays unknown.", batch[0].name)
            return
        for created in batch:
            _write([created])


def _run() -> None:
    while True:
        _something_waits.wait()
        time.sleep(MOMENT_SECONDS)
        _something_waits.clear()
        try:
            flush()
        except DatabaseError as error:
            logger.warning("Who created runs could not be recorded yet: %s", error)
            time.sleep(_AFTER_A_FAILURE_SECONDS)
            _something_waits.set()
        except Exception:
            # Whatever it is, it must not end the thread.
            logger.exception("Who created runs could not be recorded yet")
            time.sleep(_AFTER_A_FAILURE_SECONDS)
            _something_waits.set()
        finally:
            connections.close_all()


def _at_the_end() -> None:
    try:
        flush()
    except DatabaseError as error:
        logger.warning("Who created %s runs could not be recorded: %s", len(_waiting), error)


def forget() -> None:
    """Drops what waits; for tests."""
    _waiting.clear()
