"""Makes curves of a metric small enough for a screen, without losing what makes them curves. Pure.

Largest-Triangle-Three-Buckets (Sveinn Steinarsson, "Downsampling Time Series for Visual Representation", 2013): of each
bucket the point stays that spans the largest triangle with the one kept before and the mean of the next bucket.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.measurements import Logged

SHOWN = 500
"""Points of a curve on a screen."""
_MANY = 4
"""Of so many times the points that stay, those that are no peak are left out first: the rest takes too long."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric over the steps of one run.

    Attributes:
        points: At most about `SHOWN`, along the axis that was asked for.
        logged: How many there are.
        gaps: How many of these are no finite numbers; a curve has a gap there.
    """

    points: tuple[Logged, ...]
    logged: int
    gaps: int

    def as_dict(self) -> dict[str, Any]:
        """Returns the curve as three columns, which a chart takes as they are; a gap is null."""
        return {
            "steps": [point.step for point in self.points],
            "times": [point.timestamp / 1000 for point in self.points],
            "values": [point.value if math.isfinite(point.value) else None for point in self.points],
            "logged": self.logged,
            "gaps": self.gaps,
        }


class Along(StrEnum):
    """What a curve runs along. Both are not the same: a run that goes on logs earlier steps again, later."""

    STEP = "step"
    TIME = "time"

    def x(self, point: Logged) -> int:
        """Returns where a point is."""
        return point.step if self is Along.STEP else point.timestamp

    def order(self, point: Logged) -> tuple[int, int]:
        """Returns by what points are sorted: of one step by time, of one time by step."""
        return (point.step, point.timestamp) if self is Along.STEP else (point.timestamp, point.step)


def curve_of(points: Sequence[Logged], *, most: int = SHOWN, along: Along = Along.STEP) -> Curve:
    """Returns the curve of everything that was logged of a metric, in any order."""
    # By step the tuples are in their own order, which is sorted in C.
    ordered = sorted(points) if along is Along.STEP else sorted(points, key=along.order)
    # A sum is finite only if every part is: one look in C at what is nearly always so.
    values = [point.value for point in ordered]
    is_whole = math.isfinite(sum(values))
    finite = ordered if is_whole else [point for point in ordered if math.isfinite(point.value)]
    missing = len(ordered) - len(finite)
    if len(finite) > _MANY * most:
        values = values if is_whole else [point.value for point in finite]
        finite = [finite[at] for at in _peaks(values, most * 2)]
    kept = [finite[at] for at in downsampled([(along.x(point), point.value) for point in finite], most)]
    gaps = [] if is_whole else _gaps(ordered)
    # Of very many gaps some: a chart that is nothing but gaps says what there is to say.
    shown = sorted([*kept, *gaps[: max(most // 5, 1)]], key=along.order)
    return Curve(tuple(shown), len(ordered), missing)


def downsampled(points: Sequence[tuple[float, float]], most: int) -> list[int]:
    """Returns the positions of the points that stay, in order: at most `most`, 3 or more; all where there are fewer.

    Args:
        points: (x, y), by x; finite.
        most: How many stay.
    """
    count = len(points)
    if count <= most:
        return list(range(count))
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    kept, size = [0], (count - 2) / (most - 2)
    for bucket in range(most - 2):
        start, end = int(bucket * size) + 1, int((bucket + 1) * size) + 1
        behind = max(int((bucket + 2) * size) + 1, end + 1)
        mean_x, mean_y = _mean(xs[end:behind] or xs[-1:]), _mean(ys[end:behind] or ys[-1:])
        kept.append(_farthest(xs, ys, range(start, end), kept[-1], (mean_x, mean_y)))
    return [*kept, count - 1]


def _mean(numbers: Sequence[float]) -> float:
    # Where the sum of large numbers is infinite they are divided before they are added.
    found = sum(numbers) / len(numbers)
    return found if math.isfinite(found) else sum(number / len(numbers) for number in numbers)


def _farthest(xs: Sequence[float], ys: Sequence[float], bucket: range, last: int, mean: tuple[float, float]) -> int:
    """Returns the first position of those that span the largest triangle with the point kept last and the mean."""
    x, half_y = xs[last], ys[last] / 2
    width, half_height = x - mean[0], mean[1] / 2 - half_y
    found, largest = bucket[0], -1.0
    for at in bucket:
        area = abs(width * (ys[at] / 2 - half_y) - (x - xs[at]) * half_height)
        if area != area:  # NaN: infinite less infinite
            area = math.inf
        if area > largest:
            found, largest = at, area
    return found


def _peaks(values: Sequence[float], bins: int) -> list[int]:
    """Returns the positions of the lowest and the highest value of each bin, and of both ends: no peak is lost.

    As MinMaxLTTB does (Donckers et al., 2023).
    """
    found = {0, len(values) - 1}
    size = len(values) / bins
    for number in range(bins):
        start = int(number * size)
        part = values[start : int((number + 1) * size)]
        if part:
            found |= {start + part.index(min(part)), start + part.index(max(part))}
    return sorted(found)


def _gaps(ordered: Sequence[Logged]) -> list[Logged]:
    """Returns one point of each stretch that is not finite."""
    return [
        point
        for at, point in enumerate(ordered)
        if not math.isfinite(point.value) and (at == 0 or math.isfinite(ordered[at - 1].value))
    ]
