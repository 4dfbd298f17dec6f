"""Counting no further than people read on, so that a large table is counted as fast as a small one."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from typing_extensions import override

MOST = 1_000
"""Rows that are counted; of more than that a page says that there are more."""


def count_up_to(rows: QuerySet[Any], most: int = MOST) -> int:
    """Returns how many rows there are, `most` + 1 for more than `most`.

    In the rows' own order: a database that may take any would begin where the table does, with none that match.
    """
    return rows.values("pk")[: most + 1].count()


def shown_count(count: int, most: int = MOST) -> str:
    """Returns what a page says of a count by `count_up_to`: `1,000+` where there are more than were counted."""
    return f"{count:,}" if count <= most else f"{most:,}+"


class BoundedPaginator(Paginator):
    """Pages of the first rows of a queryset."""

    object_list: QuerySet[Any]

    def __init__(
        self, object_list: QuerySet[Any], per_page: int, *, most: int = MOST, counted: int | None = None
    ) -> None:
        """Args: as in the parent, how many rows the pages have together at most, and their count by `count_up_to`."""
        super().__init__(object_list, per_page)
        self._most = most
        if counted is not None:
            self._counted = counted

    @cached_property
    def _counted(self) -> int:
        return count_up_to(self.object_list, self._most)

    @cached_property
    @override
    def count(self) -> int:
        """How many rows the pages have together."""
        return min(self._counted, self._most)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than the pages have."""
        return self._counted > self._most
