"""Compares metrics, each with how it was measured. Pure."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from evidence.directions.names import Direction
from evidence.directions.wanted import BY_NAME, Directions, Wanted
from evidence.numbers import Value, change, json_number, shown
from evidence.rows import Group, Kind, Row, in_order, kind_of
from registry.measurements import Measurement, same


@dataclass(frozen=True, slots=True)
class MetricRow(Row):
    """A metric on both sides.

    Attributes:
        delta: Challenger minus champion, in decimal digits; None unless both are finite numbers.
        percent: The delta in per cent of the champion's absolute value; None as well when the champion's is 0.
        direction: `up`, `down`, or empty where neither is greater. It does not say which is better.
        wanted: Which way is better, and where that comes from.
        champion_measured: Step, data set and origin of the champion's value.
        challenger_measured: Step, data set and origin of the challenger's value.
    """

    delta: Value | None = None
    percent: Value | None = None
    direction: str = ""
    champion_measured: Measurement | None = None
    challenger_measured: Measurement | None = None
    wanted: Wanted = field(default_factory=Wanted)

    @property
    def better(self) -> bool | None:
        """Whether the challenger has the better value; None where neither has, or nobody knows which is better."""
        if not self.direction or not self.wanted.direction:
            return None
        return (self.direction == "up") == (self.wanted.direction is Direction.HIGHER)

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
        numbers = {
            "champion": self.champion,
            "challenger": self.challenger,
            "delta": self.delta,
            "percent": self.percent,
        }
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
    if challenger is None or champion is None:
        return MetricRow(
            key,
            kind_of(champion, challenger, has_champion=has_champion, equal=False),
            None if champion is None else shown(champion.value),
            None if challenger is None else shown(challenger.value),
            champion_measured=champion,
            challenger_measured=challenger,
            wanted=directions.of(measured.key) if (measured := challenger or champion) else Wanted(),
        )
    old, new = champion.value, challenger.value
    equal = same(new, old)
    old_shown, new_shown = shown(old), shown(new)
    if not equal and old_shown.text == new_shown.text:
        # Two numbers that differ must not look the same.
        old_shown, new_shown = Value(old_shown.exact, old_shown.exact), Value(new_shown.exact, new_shown.exact)
    delta, percent = change(old, new)
    direction = "up" if new > old else "down" if new < old else ""
    kind = Kind.EQUAL if equal else Kind.CHANGED
    return MetricRow(
        key, kind, old_shown, new_shown, delta, percent, direction, champion, challenger, directions.of(challenger.key)
    )


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
