"""Metrics as somebody wants to read them: searched, sorted, in groups. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from urllib.parse import urlencode

from evidence.metrics.compare import MetricRow
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
        sections: By name, what has none last.
        found: How many metrics match.
        total: How many there are.
    """

    sections: tuple[Section, ...]
    found: int
    total: int

    @property
    def shown(self) -> int:
        """How many rows are shown."""
        return sum(len(section.rows) for section in self.sections)


def arrange(rows: Sequence[MetricRow], view: View, *, most: int | None) -> Arranged:
    """Returns the rows as somebody wants to read them: every one that matches, or at most `most` of them.

    Of many sections each shows its first rows, so that none is hidden behind a large one.
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
    shares = _shares([len(groups[name]) for name in names], len(found) if most is None else most)
    sections = [
        _section(name, groups[name][:share], groups[name]) for name, share in zip(names, shares, strict=True) if share
    ]
    return Arranged(tuple(sections), len(found), len(rows))


def prefix_of(key: str) -> str:
    """Returns what comes before the last slash, or the part of the data that a name begins with; "" for neither."""
    before, slash, _ = key.rpartition("/")
    if slash:
        return before
    first = _JOINT.split(key, maxsplit=1)[0]
    return first if first != key and first.casefold() in _PARTS else ""


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
    if row.delta is None:
        return 1, 0.0, row.key
    return 0, -abs(float(row.percent.exact)) if row.percent else -math.inf, row.key
