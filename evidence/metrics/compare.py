"""Compares metrics, each with how it was measured. Pure."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from evidence.directions.names import Direction
from evidence.directions.wanted import BY_NAME, Directions, Wanted
from evidence.numbers import Value, change, json_number, shown
from evidence.rows import Group, Kind, Row, in_order, kind_of
from registry.measurements import Measurement, same

_NOT_KNOWN = Wanted()


@dataclass(frozen=True, slots=True)
class MetricRow(Row):
    """A metric on both sides.

    Attributes:
        champion_measured: The champion's value with its step, data set and origin; None where it has none.
        challenger_measured: The same of the challenger's.
        wanted: Which way is better, and where that comes from.
    """

    champion_measured: Measurement | None = None
    challenger_measured: Measurement | None = None
    wanted: Wanted = _NOT_KNOWN

    @property
    @override
    def champion(self) -> Value | None:
        return self._shown[0]

    @property
    @override
    def challenger(self) -> Value | None:
        return self._shown[1]

    @property
    def delta(self) -> Value | None:
        """Challenger minus champion, in decimal digits; None unless both are finite numbers."""
        return self.change[0]

    @property
    def percent(self) -> Value | None:
        """The delta in per cent of the champion's absolute value; None as well when the champion's is 0."""
        return self.change[1]

    @property
    def change(self) -> tuple[Value | None, Value | None]:
        """The delta, absolute and in per cent."""
        old, new = self.champion_measured, self.challenger_measured
        return (None, None) if old is None or new is None else change(old.value, new.value)

    @property
    def direction(self) -> str:
        """`up`, `down`, or empty where neither is greater. It does not say which is better."""
        old, new = self.champion_measured, self.challenger_measured
        if old is None or new is None:
            return ""
        return "up" if new.value > old.value else "down" if new.value < old.value else ""

    @property
    def better(self) -> bool | None:
        """Whether the challenger has the better value; None where neither has, or nobody knows which is better.

        A number is better than none: who measured NaN has lost what the other side has.
        """
        old, new = self.champion_measured, self.challenger_measured
        if old is None or new is None or not self.wanted.direction:
            return None
        if math.isnan(old.value) != math.isnan(new.value):
            return math.isnan(old.value)
        direction = self.direction
        return (direction == "up") == (self.wanted.direction is Direction.HIGHER) if direction else None

    @property
    def is_within_spread(self) -> bool:
        """Whether repeated measurements of both sides differ by no more than twice their standard error."""
        if self.challenger_measured is None or self.champion_measured is None:
            return False
        one, other = self.challenger_measured.repeats, self.champion_measured.repeats
        if one is None or other is None or self.kind is not Kind.CHANGED:
            return False
        return abs(one.mean - other.mean) <= 2 * math.hypot(one.error, other.error)

    @property
    def is_measured_alike(self) -> bool:
        """Whether both sides have the same step, data set and origin, so that these are shown once.

        False if a side lacks the metric or MLflow gives two values for it.
        """
        one, other = self.champion_measured, self.challenger_measured
        return one is not None and other is not None and not (one.other or other.other) and _how(one) == _how(other)

    @override
    def as_dict(self) -> dict[str, Any]:
        """Returns the row for the API; numbers are JSON numbers, but NaN and infinities are texts."""
        shown_one = self.challenger_measured or self.champion_measured
        numbers = dict(zip(("champion", "challenger", "delta", "percent"), (*self._shown, *self.change), strict=True))
        return {
            "key": self.key,
            "kind": str(self.kind),
            **{name: value and json_number(float(value.exact)) for name, value in numbers.items()},
            "direction": self.direction,
            "better": self.better,
            "wanted": self.wanted.as_dict(),
            "step": shown_one.step if shown_one else None,
            "dataset": (shown_one.dataset_name or None) if shown_one else None,
            "origin": str(shown_one.origin) if shown_one else None,
            "measured": {
                "champion": self.champion_measured and _measured(self.champion_measured),
                "challenger": self.challenger_measured and _measured(self.challenger_measured),
            },
        }

    @property
    def _shown(self) -> tuple[Value | None, Value | None]:
        """The values of both sides: two numbers that differ do not look the same."""
        old, new = self.champion_measured, self.challenger_measured
        one = None if old is None else shown(old.value)
        other = None if new is None else shown(new.value)
        if self.kind is Kind.CHANGED and one and other and one.text == other.text:
            return Value(one.exact, one.exact), Value(other.exact, other.exact)
        return one, other


def compare_metrics(
    challenger: dict[str, Measurement], champion: dict[str, Measurement] | None, directions: Directions = BY_NAME
) -> Group:
    """Returns one row for each metric of either side, those first of which the challenger has the worse value."""
    new_side, old_side = _by_common_name(challenger, champion or {})
    rows = [
        _metric(name, new_side.get(name), old_side.get(name), directions, has_champion=champion is not None)
        for name in {**new_side, **old_side}
    ]
    worst_first = sorted(in_order(rows), key=lambda row: row.better is not False)
    return Group("metrics", tuple(worst_first))


def _by_common_name(*sides: dict[str, Measurement]) -> list[dict[str, Measurement]]:
    """Returns the sides by the names that pair them: with the data set where one side has the key for several."""
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


def _metric(
    key: str,
    challenger: Measurement | None,
    champion: Measurement | None,
    directions: Directions,
    *,
    has_champion: bool,
) -> MetricRow:
    is_equal = challenger is not None and champion is not None and same(challenger.value, champion.value)
    kind = kind_of(champion, challenger, has_champion=has_champion, equal=is_equal)
    wanted = directions.of(measured.key) if (measured := challenger or champion) else _NOT_KNOWN
    return MetricRow(key, kind, champion, challenger, wanted)


def _how(measurement: Measurement) -> tuple[object, ...]:
    return (
        measurement.step,
        measurement.dataset_name,
        measurement.dataset_digest,
        measurement.origin,
        measurement.repeats,
    )


def _measured(measurement: Measurement) -> dict[str, Any]:
    other = measurement.other
    return {**_origin(measurement), "other": other and {"value": json_number(other.value), **_origin(other)}}


def _origin(measurement: Measurement) -> dict[str, Any]:
    repeats = measurement.repeats
    has_dataset = bool(measurement.dataset_name or measurement.dataset_digest)
    return {
        "step": measurement.step,
        "timestamp": measurement.timestamp,
        "dataset": {"name": measurement.dataset_name, "digest": measurement.dataset_digest} if has_dataset else None,
        "origin": str(measurement.origin),
        "run_id": measurement.run_id,
        "repeats": repeats
        and {"count": repeats.count, "mean": repeats.mean, "standard_error": json_number(repeats.error)},
    }
