"""What differs between the challenger and the champion, ready to be shown: pure, no registry and no database."""

import difflib
import math
from collections import Counter
from dataclasses import dataclass
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

from registry.measurements import Measurement, same
from registry.types import VersionFacts

_DIFFABLE_LINES = 2_000
"""difflib's time grows with the square of the lines, and an author chooses them: longer texts are shown whole."""
_EXACT = Context(prec=34)
"""Twice a double's 17 digits, so that the difference of two doubles of similar size is never rounded."""


class Kind(StrEnum):
    """How a row of the challenger stands to the champion's.

    Without a champion every row is NEW: there was nothing that it could differ from, so nothing is marked as a
    difference.
    """

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    EQUAL = "equal"
    NEW = "new"


_ORDER = {kind: position for position, kind in enumerate(Kind)}
DIFFERENCES = frozenset({Kind.CHANGED, Kind.ADDED, Kind.REMOVED})


@dataclass(frozen=True, slots=True)
class Value:
    """A value as people read it (`text`, about six digits for a number) and with everything it holds (`exact`)."""

    text: str
    exact: str


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter, metric or tag on both sides; a side that lacks it is None."""

    key: str
    kind: Kind
    champion: Value | None
    challenger: Value | None

    @property
    def is_difference(self) -> bool:
        """Whether the two sides differ; never without a champion."""
        return self.kind in DIFFERENCES

    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API; values are exact texts."""
        return {
            "key": self.key,
            "kind": str(self.kind),
            "champion": self.champion and self.champion.exact,
            "challenger": self.challenger and self.challenger.exact,
        }


@dataclass(frozen=True, slots=True)
class MetricRow(Row):
    """A metric on both sides.

    Attributes:
        delta: Challenger minus champion, in decimal digits; None unless both are finite numbers.
        percent: The delta in per cent of the champion's absolute value; None as well when the champion's is 0.
        direction: `up`, `down`, or empty where neither is greater. It does not say which is better.
        champion_measured: Step, data set and origin of the champion's value.
        challenger_measured: The same of the challenger's.
    """

    delta: Value | None = None
    percent: Value | None = None
    direction: str = ""
    champion_measured: Measurement | None = None
    challenger_measured: Measurement | None = None

    @property
    def is_measured_alike(self) -> bool:
        """Whether both sides were measured at the same step, on the same data and are in the same place in MLflow.

        So they can be told once. A side that lacks the metric, and one of which MLflow says two things, is never alike.
        """
        one, other = self.champion_measured, self.challenger_measured
        return one is not None and other is not None and not (one.other or other.other) and _how(one) == _how(other)

    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API; numbers are JSON numbers, but NaN and infinities are texts."""
        numbers = {
            "champion": self.champion,
            "challenger": self.challenger,
            "delta": self.delta,
            "percent": self.percent,
        }
        return {
            "key": self.key,
            "kind": str(self.kind),
            **{name: value and _json_number(float(value.exact)) for name, value in numbers.items()},
            "direction": self.direction,
            "measured": {
                "champion": self.champion_measured and _measured(self.champion_measured),
                "challenger": self.challenger_measured and _measured(self.challenger_measured),
            },
        }


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
    def counts(self) -> dict[str, int]:
        """Returns {kind: number of rows}, every kind present."""
        counted = Counter(row.kind for row in self.rows)
        return {str(kind): counted[kind] for kind in Kind}

    def as_dict(self, *, only_differences: bool = False) -> dict[str, Any]:
        """Returns the group for the API; the counts are those of all rows."""
        rows = self.differences if only_differences else self.rows
        return {"counts": self.counts, "rows": [row.as_dict() for row in rows]}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a unified diff: `kind` is hunk, context, added or removed; `text` is without its sign."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """The prompt's text on both sides, None where there is none; `lines` only when both have text and differ."""

    kind: Kind
    champion: str | None
    challenger: str | None
    lines: tuple[DiffLine, ...]

    def as_dict(self) -> dict[str, Any]:
        """Returns both texts for the API."""
        return {"kind": str(self.kind), "champion": self.champion, "challenger": self.challenger}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that is shown of two versions side by side; `prompt` is None unless one of them is a prompt's."""

    has_champion: bool
    metrics: Group
    parameters: Group
    tags: Group
    prompt: PromptComparison | None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups in the order in which they are shown."""
        return (self.metrics, self.parameters, self.tags)

    @property
    def differs(self) -> bool:
        """Whether anything at all differs; false without a champion."""
        return any(group.differences for group in self.groups) or (
            self.prompt is not None and self.prompt.kind in DIFFERENCES
        )

    def as_dict(self, *, only_differences: bool = False) -> dict[str, Any]:
        """Returns the comparison for the API, without equal rows when asked."""
        return {
            "has_champion": self.has_champion,
            **{group.name: group.as_dict(only_differences=only_differences) for group in self.groups},
            "prompt": self.prompt and self.prompt.as_dict(),
        }


def compare(challenger: VersionFacts, champion: VersionFacts | None) -> Comparison:
    """Returns what differs between two versions; every parameter, metric and tag of either is one row."""
    return Comparison(
        has_champion=champion is not None,
        metrics=_metrics(challenger.metrics, champion.metrics if champion else None),
        parameters=_texts("parameters", challenger.params, champion.params if champion else None),
        tags=_texts("tags", challenger.tags, champion.tags if champion else None),
        prompt=_prompt(challenger, champion),
    )


def _texts(name: str, challenger: dict[str, str], champion: dict[str, str] | None) -> Group:
    # Parameters are texts even where they look like numbers: "1e-3" and "0.001" are two ways of writing a run down.
    rows = []
    for key in {**challenger, **(champion or {})}:
        new, old = challenger.get(key), (champion or {}).get(key)
        kind = _kind(old, new, has_champion=champion is not None, equal=old == new)
        rows.append(Row(key, kind, _plain(old), _plain(new)))
    return Group(name, _sorted(rows))


def _metrics(challenger: dict[str, Measurement], champion: dict[str, Measurement] | None) -> Group:
    new_side, old_side = _by_common_name(challenger, champion or {})
    rows = [
        _metric(name, new_side.get(name), old_side.get(name), has_champion=champion is not None)
        for name in {**new_side, **old_side}
    ]
    return Group("metrics", _sorted(rows))


def _by_common_name(*sides: dict[str, Measurement]) -> list[dict[str, Measurement]]:
    """Returns the sides under names that pair them: with the data set where one side has the key for several."""
    several = {
        key for side in sides for key, count in Counter(found.key for found in side.values()).items() if count > 1
    }
    return [
        {
            f"{found.key} ({found.dataset_name})" if found.key in several and found.dataset_name else found.key: found
            for found in side.values()
        }
        for side in sides
    ]


def _metric(key: str, challenger: Measurement | None, champion: Measurement | None, *, has_champion: bool) -> MetricRow:
    if challenger is None or champion is None:
        return MetricRow(
            key,
            _kind(champion, challenger, has_champion=has_champion, equal=False),
            None if champion is None else shown(champion.value),
            None if challenger is None else shown(challenger.value),
            champion_measured=champion,
            challenger_measured=challenger,
        )
    old, new = champion.value, challenger.value
    equal = same(new, old)
    old_shown, new_shown = shown(old), shown(new)
    if not equal and old_shown.text == new_shown.text:
        # Two numbers that differ must not read alike.
        old_shown, new_shown = Value(old_shown.exact, old_shown.exact), Value(new_shown.exact, new_shown.exact)
    delta, percent = _change(old, new)
    direction = "up" if new > old else "down" if new < old else ""
    kind = Kind.EQUAL if equal else Kind.CHANGED
    return MetricRow(key, kind, old_shown, new_shown, delta, percent, direction, champion, challenger)


def _change(old: float, new: float) -> tuple[Value | None, Value | None]:
    """Returns the difference, and the same in per cent of the old value; None where there is no such number."""
    if not (math.isfinite(new) and math.isfinite(old)):
        return None, None
    change = _EXACT.subtract(_decimal(new), _decimal(old))
    delta = Value(_signed(change, 6), str(change))
    if old == 0:
        return delta, None
    ratio = _EXACT.multiply(_EXACT.divide(change, abs(_decimal(old))), Decimal(100))
    return delta, Value(f"{_signed(ratio, 3)} %", str(ratio))


def _how(measurement: Measurement) -> tuple[object, ...]:
    return (measurement.step, measurement.dataset_name, measurement.dataset_digest, measurement.origin)


def _measured(measurement: Measurement) -> dict[str, Any]:
    other = measurement.other
    return {**_origin(measurement), "other": other and {"value": _json_number(other.value), **_origin(other)}}


def _origin(measurement: Measurement) -> dict[str, Any]:
    has_dataset = bool(measurement.dataset_name or measurement.dataset_digest)
    return {
        "step": measurement.step,
        "timestamp": measurement.timestamp,
        "dataset": {"name": measurement.dataset_name, "digest": measurement.dataset_digest} if has_dataset else None,
        "origin": str(measurement.origin),
        "run_id": measurement.run_id,
    }


def _kind(old: object, new: object, *, has_champion: bool, equal: bool) -> Kind:
    if not has_champion:
        return Kind.NEW
    if old is None:
        return Kind.ADDED
    if new is None:
        return Kind.REMOVED
    return Kind.EQUAL if equal else Kind.CHANGED


def _sorted(rows: list[Any]) -> tuple[Any, ...]:
    return tuple(sorted(rows, key=lambda row: (_ORDER[row.kind], row.key.casefold(), row.key)))


def _plain(text: str | None) -> Value | None:
    return None if text is None else Value(text, text)


def shown(number: float) -> Value:
    """Returns a number as it is shown."""
    return Value(_human(_decimal(number), 6), str(_json_number(number)))


def _decimal(number: float) -> Decimal:
    # By way of the shortest digits that mean this double, so that 0.3 - 0.2 is 0.1 and not 0.09999999999999998.
    return Decimal(repr(float(number)))


def _human(number: Decimal, digits: int) -> str:
    """Writes a number with about `digits` significant digits, without an exponent where it has a common size."""
    if not number.is_finite():
        return str(number)
    if not number:
        return "0"
    magnitude = number.adjusted()
    if not -5 <= magnitude < 15:
        mantissa, _, exponent = f"{number:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{exponent}"
    text = f"{number:.{max(0, digits - 1 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signed(number: Decimal, digits: int) -> str:
    return f"+{_human(number, digits)}" if number > 0 else _human(number, digits)


def _json_number(number: float) -> float | str:
    if math.isfinite(number):
        return float(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _prompt(challenger: VersionFacts, champion: VersionFacts | None) -> PromptComparison | None:
    new, old = challenger.prompt_text, champion.prompt_text if champion else None
    if new is None and old is None:
        return None
    kind = _kind(old, new, has_champion=champion is not None, equal=old == new)
    lines = _diff(old, new) if old is not None and new is not None and old != new else ()
    return PromptComparison(kind, old, new, lines)


def _diff(old: str, new: str) -> tuple[DiffLine, ...]:
    # Not splitlines(): a final line break that was added or lost is a difference too.
    before, after = old.split("\n"), new.split("\n")
    if max(len(before), len(after)) > _DIFFABLE_LINES:
        return (*(DiffLine("removed", line) for line in before), *(DiffLine("added", line) for line in after))
    kinds = {"@": "hunk", "+": "added", "-": "removed", " ": "context"}
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    return tuple(DiffLine(kinds[line[0]], line if line[0] == "@" else line[1:]) for line in lines)
