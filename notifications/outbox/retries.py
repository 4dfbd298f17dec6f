"""How long is waited after a failure, and when something is given up. Pure."""

import random
from datetime import timedelta

MOST_ATTEMPTS = 8
_FIRST = timedelta(seconds=10)
_JITTER = 0.2
"""How much of a pause chance adds or takes: what failed together is not tried together."""


def pause_after(failures: int, asked_for: timedelta | None = None) -> timedelta:
    """Returns how long to wait after so many failures: 10 s, 20 s, 40 s, ..., a fifth more or less.

    Args:
        failures: At least 1.
        asked_for: How long the receiver wants to be left alone (`Retry-After`), which is kept if it is longer.
    """
    pause = _FIRST * 2 ** (failures - 1) * random.uniform(1 - _JITTER, 1 + _JITTER)
    return max(pause, asked_for or pause)


def is_hopeless(failures: int) -> bool:
    """Tells whether something that failed so often is given up."""
    return failures >= MOST_ATTEMPTS
