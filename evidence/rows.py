"""The rows of a comparison, whatever they compare. Pure."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from typing_extensions import override

from evidence.numbers import Value
from evidence.texts import Marks, Parts, visible
from foundation.words import counted


class Kind(StrEnum):
    """How the challenger's value relates to the champion's.

    Without a champion every row is NEW, and none is marked as a difference.
    """

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    EQUAL = "equal"
    NEW = "new"


_ORDER = {kind: position for position, kind in enumerate(Kind)}
_COUNTED = {
    "lineage": ("equal fact about the origin", "equal facts about the origin"),
    "run_tags": ("equal tag of the run", "equal tags of the run"),
    "system_tags": ("equal tag of MLflow's own", "equal tags of MLflow's own"),
}
_CAPTIONS = {"run_tags": "tags of the run", "system_tags": "MLflow's own tags"}
DIFFERENCES = frozenset({Kind.CHANGED, Kind.ADDED, Kind.REMOVED})


@dataclass(frozen=True, slots=True)
class Row(ABC):
    """One parameter, metric or tag on both sides.

    Of thousands a page shows a hundred: a row holds what it is made from, and makes what is shown when it is asked.
    """

    key: str
    kind: Kind

    @property
    def is_difference(self) -> bool:
        """Whether the two sides differ; never without a champion."""
        return self.kind in DIFFERENCES

    @property
    @abstractmethod
    def champion(self) -> Value | None:
        """The champion's value as it is shown; None where it has none."""

    @property
    @abstractmethod
    def challenger(self) -> Value | None:
        """The challenger's value as it is shown; None where it has none."""

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API."""


class Sortable(Protocol):
    """What putting rows in order needs of one."""

    @property
    def key(self) -> str:
        """Its name."""

    @property
    def kind(self) -> Kind:
        """How the sides differ."""


RowT = TypeVar("RowT", bound=Sortable)


@dataclass(frozen=True, slots=True)
class TextRow(Row):
    """A parameter, tag or setting; of a side that lacks it the text is None.

    Attributes:
        champion_text: As the champion has it.
        challenger_text: As the challenger has it.
        marks: Where the two values differ; None where they do not, or one side has none.
        champion_link: An address that the champion's value leads to; "" for none.
        challenger_link: The same of the challenger's.
        by_key: What differs within two values that are JSON or YAML, by path.
    """

    champion_text: str | None
    challenger_text: str | None
    marks: Marks | None = field(default=None, compare=False, repr=False)
    champion_link: str = ""
    challenger_link: str = ""
    by_key: "tuple[TextRow, ...]" = ()

    @property
    @override
    def champion(self) -> Value | None:
        return _plain(self.champion_text)

    @property
    @override
    def challenger(self) -> Value | None:
        return _plain(self.challenger_text)

    @property
    def champion_parts(self) -> Parts:
        """Where the champion's value differs; empty where both are better shown whole."""
        return self.marks.sides[0] if self.marks else ()

    @property
    def challenger_parts(self) -> Parts:
        """Where the challenger's value differs; empty where both are better shown whole."""
        return self.marks.sides[1] if self.marks else ()

    @override
    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API, with what differs within it; values are texts as they are."""
        inner = {"by_key": [row.as_dict() for row in self.by_key]} if self.by_key else {}
        sides = {"champion": self.champion_text, "challenger": self.challenger_text}
        return {"key": self.key, "kind": str(self.kind), **sides, **inner}


def _plain(text: str | None) -> Value | None:
    return None if text is None else Value(visible(text), text)


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one kind of fact: differences first, each kind by name."""

    name: str
    rows: tuple[Row, ...]

    @property
    def differences(self) -> tuple[Row, ...]:
        """The rows that differ."""
        return tuple(row for row in self.rows if row.is_difference)

    @property
    def others(self) -> tuple[Row, ...]:
        """The rows that do not differ: equal, or new because there is no champion."""
        return tuple(row for row in self.rows if not row.is_difference)

    @property
    def caption(self) -> str:
        """Returns what the table is called."""
        return _CAPTIONS.get(self.name, self.name)

    @property
    def others_counted(self) -> str:
        """Returns what is folded, in words: `2 equal parameters`."""
        singular, plural = _COUNTED.get(self.name, (f"equal {self.name.removesuffix('s')}", f"equal {self.name}"))
        return counted(len(self.others), singular, plural)

    @property
    def counts(self) -> dict[str, int]:
        """Returns {kind: number of rows}, every kind present."""
        found = Counter(row.kind for row in self.rows)
        return {str(kind): found[kind] for kind in Kind}

    def as_dict(self, *, only_differences: bool = False) -> dict[str, Any]:
        """Returns the group for the API; the counts are those of all rows."""
        rows = self.differences if only_differences else self.rows
        return {"counts": self.counts, "rows": [row.as_dict() for row in rows]}


def kind_of(old: object, new: object, *, has_champion: bool, equal: bool) -> Kind:
    """Returns the kind of a row from the values of the champion (`old`) and the challenger (`new`), None for none."""
    if not has_champion:
        return Kind.NEW
    if old is None:
        return Kind.ADDED
    if new is None:
        return Kind.REMOVED
    return Kind.EQUAL if equal else Kind.CHANGED


def in_order(rows: Iterable[RowT]) -> tuple[RowT, ...]:
    """Returns the rows with the differences first, each kind by name."""
    return tuple(sorted(rows, key=lambda row: (_ORDER[row.kind], row.key.casefold(), row.key)))
