"""Sentences about lists that do not show all there is."""

from foundation.database.bounded import MOST
from foundation.words import inflected


def left_out(count: int, shown: int) -> str:
    """Says how many a list does not show; "" where it shows all.

    Args:
        count: How many there are, by `count_up_to`.
        shown: How many of them the list shows.
    """
    rest = count - shown
    if rest <= 0:
        return ""
    if shown >= MOST:
        return "There are others, which are not shown here."
    if count > MOST:
        return f"More than {MOST - shown:,} others are not shown here."
    return f"{rest:,} {inflected(rest, 'other is', 'others are')} not shown here."
