"""How long tests wait, and what they take for slow, on a machine that may have much else to do.

A test waits for what happens, not for a time in which it surely has happened. Where a test is about a time, that time
is what a machine with nothing else to do would take: `Pace` says how much longer this one takes at the moment.
"""

import time
from collections.abc import Callable

LONG = 100.0
"""Seconds until what is waited for counts as never coming: what takes one may take fifty on a busy machine."""
_SAMPLE_SECONDS = 0.1


def wait_until(condition: Callable[[], object], what: str = "it", *, seconds: float = LONG) -> None:
    """Returns as soon as the condition holds; fails when `what` has not happened after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} seconds"
        time.sleep(0.02)


class Pace:
    """How fast this machine goes, from before what a test measures until after it."""

    def __init__(self) -> None:
        self._slowest = _slowness()

    def allows(self, seconds: float) -> float:
        """Returns how long something may take here that may take so many seconds where nothing else runs."""
        self._slowest = max(self._slowest, _slowness())
        return seconds * self._slowest


def _slowness() -> float:
    """Returns how many seconds pass while a thread that always wants to run is given one second; 1 or more."""
    began, had = time.monotonic(), time.thread_time()
    while (given := time.thread_time() - had) < _SAMPLE_SECONDS:
        pass
    return max(1.0, (time.monotonic() - began) / given)
