"""What comparing texts may cost, whatever is in them: their author chooses it. Pure."""

import difflib
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from typing_extensions import override


class TooMany(Exception):
    """Comparing would take too long."""


class Budget:
    """How much comparing one page affords, however many values differ: about half a second for words.

    Args:
        squares: Of numbers of words.
        looks: Lines, and pairs of equal lines, that comparing looks at: its time grows with them. One to two seconds.
    """

    def __init__(self, squares: int = 4_000_000, looks: int = 4_000_000) -> None:
        self._left, self._looks = squares, looks

    def affords(self, tokens: int) -> bool:
        """Takes what comparing so many words costs; False where that is more than is left."""
        self._left -= tokens * tokens
        return self._left >= 0

    def look(self, looks: int) -> None:
        """Takes what looking at so many lines costs.

        Raises:
            TooMany: that is more than is left.
        """
        if looks > self._looks:
            raise TooMany
        self._looks -= looks


class BoundedMatcher(difflib.SequenceMatcher[str]):
    """Finds which lines differ, and raises TooMany when it has looked at too many of them.

    difflib looks for the longest stretch in common, then left and right of it. Where every other line differs, the
    stretches are all of one length: it takes the first and looks at the whole rest again, as often as there are lines.
    """

    def __init__(self, before: Sequence[str], after: Sequence[str], budget: Budget) -> None:
        super().__init__(None, before, after)
        # difflib itself leaves out what is more than a hundredth of many lines.
        popular = len(after) // 100 + 1 if len(after) >= 200 else len(after)
        found = Counter({line: times for line, times in Counter(after).items() if times <= popular})
        # How many looks the lines of `before` take up to each place.
        self._looks = [0, *accumulate(1 + found[line] for line in before)]
        self._budget = budget

    @override
    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        self._budget.look(self._looks[-1 if ahi is None else ahi] - self._looks[alo])
        return super().find_longest_match(alo, ahi, blo, bhi)
