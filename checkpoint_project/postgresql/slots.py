"""How many connections a process has, and how long a thread waits for one to become free."""

import weakref
from threading import BoundedSemaphore, Lock
from typing import Any

from django.conf import settings
from django.db.utils import OperationalError

WAIT_SECONDS = 5.0

_lock = Lock()
_slots: BoundedSemaphore | None = None


def take() -> None:
    """Waits until the process may open another connection.

    Raises:
        OperationalError: none was given back in time; the caller is told to try again (503).
    """
    if not _all().acquire(timeout=WAIT_SECONDS):
        raise OperationalError(
            f"all {settings.CHECKPOINT_DATABASE_CONNECTIONS} connections of this process are in use "
            "(CHECKPOINT_DATABASE_CONNECTIONS)"
        )


def give_back() -> None:
    """Lets another thread open a connection."""
    _all().release()


def until_gone(connection: Any) -> weakref.finalize:
    """Returns what gives a connection's slot back, once: when it is called, or when nobody has the connection."""
    finalizer = weakref.finalize(connection, give_back)
    finalizer.atexit = False
    return finalizer


def _all() -> BoundedSemaphore:
    global _slots
    with _lock:
        if _slots is None:
            _slots = BoundedSemaphore(settings.CHECKPOINT_DATABASE_CONNECTIONS)
        return _slots
