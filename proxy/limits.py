"""Limits the calls that one caller has under way, so that one runaway job does not take every thread."""

import threading

from django.conf import settings

from proxy.exceptions import TooManyCalls

_lock = threading.Lock()
_under_way: dict[str, int] = {}


def enter(key: str) -> None:
    """Counts the beginning of a call; `leave` must follow once.

    Counts in this process only: with N workers a caller may have N times as many.

    Raises:
        TooManyCalls: this caller has CHECKPOINT_STREAMS_PER_CALLER under way already.
    """
    with _lock:
        count = _under_way.get(key, 0)
        if count >= settings.CHECKPOINT_STREAMS_PER_CALLER:
            raise TooManyCalls(f"You have {count} calls under way at once; wait until one has ended.", retry_after=1)
        _under_way[key] = count + 1


def leave(key: str) -> None:
    """Counts the end of a call."""
    with _lock:
        count = _under_way[key] - 1
        if count:
            _under_way[key] = count
        else:
            del _under_way[key]
