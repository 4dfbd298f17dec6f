"""Tests wait for what happens, never for a time in which it surely has happened."""

import time
from collections.abc import Callable

LONG = 100.0
"""Seconds until what is waited for counts as never coming: what takes one may take fifty on a busy machine."""


def wait_until(condition: Callable[[], object], what: str = "it", *, seconds: float = LONG) -> None:
    """Returns as soon as the condition holds; fails when `what` has not happened after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} seconds"
        time.sleep(0.02)
