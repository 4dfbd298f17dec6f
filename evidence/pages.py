"""Which rows of a long table are shown at once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", covariant=True)

FIRST = 100
"""Rows that are shown unless somebody asks for more; the worst come first."""
PAGE = 1_000
"""Rows of a page that shows more. Of 10,000 the page would have 17 MB and take a browser half a minute."""
_LAST = 1_000_000


@dataclass(frozen=True, slots=True)
class Shown(Generic[T]):
    """Some rows of a table.

    Attributes:
        rows: Those that are shown.
        start: How many come before them.
        total: How many there are.
        page: Which page of all rows this is, from 1; 0 for the first few.
    """

    rows: Sequence[T]
    start: int
    total: int
    page: int

    @property
    def first(self) -> int:
        """The number of the first row that is shown, from 1."""
        return self.start + 1

    @property
    def last(self) -> int:
        """The number of the last row that is shown."""
        return self.start + len(self.rows)

    @property
    def is_cut(self) -> bool:
        """Whether there are rows that are not shown."""
        return len(self.rows) < self.total

    @property
    def before(self) -> int:
        """The page before this one; 0 for none."""
        return self.page - 1 if self.page > 1 else 0

    @property
    def next(self) -> int:
        """The page behind this one; 0 for none."""
        return self.page + 1 if self.last < self.total else 0


def number_of(said: str) -> int:
    """Returns which page an address asks for: 1 where it says something else."""
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 8 else 1
    return min(max(number, 1), _LAST)


def bounds(total: int, page: int, *, first: int = FIRST, most: int = PAGE) -> tuple[int, int]:
    """Returns where the rows of a page start and end; a page behind the last one is the last one.

    Args:
        total: How many rows there are.
        page: Which page of all rows, from 1; 0 for the first few.
        first: How many these are.
        most: Rows of a page.
    """
    if page == 0:
        return 0, min(first, total)
    start = min(page - 1, max(total - 1, 0) // most) * most
    return start, min(start + most, total)


def shown(rows: Sequence[T], page: int, *, first: int = FIRST) -> Shown[T]:
    """Returns the rows of a page; see `bounds`."""
    start, end = bounds(len(rows), page, first=first)
    return Shown(rows[start:end], start, len(rows), start // PAGE + 1 if page else 0)
