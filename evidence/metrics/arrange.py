"""Metrics as somebody wants to read them: searched, sorted, in groups. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from evidence.metrics.compare import MetricRow
from evidence.pages import FIRST, PAGE, Shown, bounds
from evidence.rows import Kind

_PARTS = frozenset(
    [
        "cv",
        "dev",
        "eval",
        "evaluation",
        "holdout",
        "oof",
        "test",
        "testing",
        "train",
        "training",
        "val",
        "valid",
        "validation",
    ]
)
"""What a name begins with that says on which part of the data it was measured: `val_auc`."""
_JOINT = re.compile(r"[_.\-]")
TEXT, SORT, BY = "metric", "metric_sort", "metric_by"
"""The names of the fields in an address."""


class Sort(StrEnum):
    """Which metrics come first."""

    WORST = "worst"
    CHANGE = "change"
    NAME = "name"


class By(StrEnum):
    """What metrics are put together by."""

    NOTHING = ""
    PREFIX = "prefix"
    DATASET = "dataset"


@dataclass(frozen=True, slots=True)
class View:
    """How somebody wants to read metrics.

    Attributes:
        text: Part of the names, in any case; every word of it.
        sort: Which come first.
        by: What they are put together by.
    """

    text: str = ""
    sort: Sort = Sort.WORST
    by: By = By.NOTHING

    @classmethod
    def of(cls, said: Mapping[str, str]) -> Self:
        """Returns what the fields of an address say; what is none of the choices is the first of them."""
        sort, by = said.get(SORT, ""), said.get(BY, "")
        return cls(
            said.get(TEXT, "").strip()[:250],
            Sort(sort) if sort in set(Sort) else Sort.WORST,
            By(by) if by in set(By) else By.NOTHING,
        )

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for another order than the usual one."""
        return self != View()

    @property
    def query(self) -> str:
        """The fields as part of an address; "" for the usual order."""
        said = {TEXT: self.text, SORT: "" if self.sort is Sort.WORST else str(self.sort), BY: str(self.by)}
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, slots=True)
class Section:
    """Metrics that belong together.

    Attributes:
        name: "" for what has no prefix, or for which nobody named a data set.
        rows: Those that are shown.
        total: How many there are.
        better: Of how many the challenger has the better value.
        worse: Of how many the worse.
    """

    name: str
    rows: tuple[MetricRow, ...]
    total: int
    better: int
    worse: int


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is shown of the metrics.

    Attributes:
        sections: By name, what has none last; those of which rows are shown.
        shown: All rows that are shown, and which page of all that match these are.
        total: How many metrics there are.
    """

    sections: tuple[Section, ...]
    shown: Shown[MetricRow]
    total: int


def arrange(rows: Sequence[MetricRow], view: View, *, page: int = 0, first: int = FIRST, most: int = PAGE) -> Arranged:
    """Returns the rows as somebody wants to read them: a page of all that match, or the first few.

    Of the first few each section shows some, so that none is hidden behind a large one.

    Args:
        rows: Of the comparison.
        view: How somebody wants to read them.
        page: Which page of all that match, from 1; 0 for the first few.
        first: How many these are.
        most: Rows of a page.
    """
    words = view.text.casefold().split()
    found = [row for row in rows if all(word in row.key.casefold() for word in words)]
    match view.sort:
        case Sort.CHANGE:
            found.sort(key=_size_of_change)
        case Sort.NAME:
            found.sort(key=lambda row: (row.key.casefold(), row.key))
    groups: dict[str, list[MetricRow]] = {}
    for row in found:
        groups.setdefault(_group(row, view.by), []).append(row)
    names = sorted(groups, key=lambda name: (not name, name.casefold(), name))
    sizes = [len(groups[name]) for name in names]
    start, end = bounds(len(found), page, first=first, most=most)
    cuts = _cuts(sizes, start, end) if page else [(0, share) for share in _shares(sizes, first)]
    sections = [
        _section(name, groups[name][begin:stop], groups[name])
        for name, (begin, stop) in zip(names, cuts, strict=True)
        if begin < stop
    ]
    shown = [row for section in sections for row in section.rows]
    return Arranged(tuple(sections), Shown(shown, start, len(found), start // most + 1 if page else 0), len(rows))


def prefix_of(key: str) -> str:
    """Returns what comes before the last slash, or the part of the data that a name begins with; "" for neither."""
    before, slash, _ = key.rpartition("/")
    if slash:
        return before
    first = _JOINT.split(key, maxsplit=1)[0]
    return first if first != key and first.casefold() in _PARTS else ""


def _cuts(sizes: list[int], start: int, end: int) -> list[tuple[int, int]]:
    """Returns from where to where each section is shown, if all of them stand one behind the other."""
    cuts, before = [], 0
    for size in sizes:
        cuts.append((min(max(start - before, 0), size), min(max(end - before, 0), size)))
        before += size
    return cuts


def _shares(sizes: list[int], most: int) -> list[int]:
    """Returns how many rows each section shows: an equal share, and what others do not need to the first ones."""
    equal, left, shares = max(most // max(len(sizes), 1), 1), most, []
    for size in sizes:
        shares.append(min(size, equal, left))
        left -= shares[-1]
    for at, size in enumerate(sizes):
        more = min(size - shares[at], left)
        shares[at] += more
        left -= more
    return shares


def _section(name: str, shown: list[MetricRow], rows: list[MetricRow]) -> Section:
    changed = [row.better for row in rows if row.kind is Kind.CHANGED]
    return Section(name, tuple(shown), len(rows), changed.count(True), changed.count(False))


def _group(row: MetricRow, by: By) -> str:
    measured = row.challenger_measured or row.champion_measured
    if by is By.NOTHING or measured is None:
        return ""
    return prefix_of(measured.key) if by is By.PREFIX else measured.dataset_name


def _size_of_change(row: MetricRow) -> tuple[int, float, str]:
    """Puts the largest change first, by per cent; then what has no number for it, is on one side only, is equal."""
    if row.kind is Kind.EQUAL:
        return 3, 0.0, row.key
    if row.kind is not Kind.CHANGED:
        return 2, 0.0, row.key
    delta, percent = row.change
    if delta is None:
        return 1, 0.0, row.key
    return 0, -abs(float(percent.exact)) if percent else -math.inf, row.key
