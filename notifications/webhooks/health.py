"""When a webhook whose attempts fail is left alone, and when it is switched off. Pure.

GitLab's ladder: 4 failures one after the other pause it for a minute, each further one for twice as long, to a day; 40
switch it off.
"""

from datetime import timedelta

PAUSES_AFTER = 4
OFF_AFTER = 40
_FIRST = timedelta(minutes=1)
_LONGEST = timedelta(days=1)


def pause_after(failures: int) -> timedelta | None:
    """Returns how long a webhook is left alone after so many failures one after the other; None for not at all."""
    if failures < PAUSES_AFTER:
        return None
    # Bounded before it is raised: two to the power of many would leave the range of durations.
    return min(_FIRST * 2 ** min(failures - PAUSES_AFTER, 20), _LONGEST)


def is_off_after(failures: int) -> bool:
    """Tells whether so many failures one after the other switch a webhook off."""
    return failures >= OFF_AFTER
