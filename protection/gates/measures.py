"""Gates on metrics: a bound, or the champion's value. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import override

from evidence.directions.names import Direction
from protection.gates.base import Gate, GateResult, Subject
from protection.gates.words import exact, number, quoted
from registry.measurements import Measurement
from registry.types import VersionFacts


class Op(StrEnum):
    """How a value is compared."""

    AT_MOST = "<="
    AT_LEAST = ">="
    LESS = "<"
    MORE = ">"
    EQUAL = "="
    UNEQUAL = "!="

    def holds(self, value: float, bound: float) -> bool:
        """Tells whether the value is on the right side of the bound; NaN never is."""
        match self:
            case Op.AT_MOST:
                return value <= bound
            case Op.AT_LEAST:
                return value >= bound
            case Op.LESS:
                return value < bound
            case Op.MORE:
                return value > bound
            case Op.EQUAL:
                return value == bound
            case Op.UNEQUAL:
                return not math.isnan(value) and value != bound


@dataclass(frozen=True, slots=True)
class MetricBound(Gate):
    """`metric auc on dataset holdout >= 0.9`.

    Attributes:
        dataset: The data set on which it was measured; empty for the metric as the comparison names it.
    """

    name: str
    dataset: str
    op: Op
    bound: float

    @override
    def judge(self, subject: Subject) -> GateResult:
        found = measured(subject.challenger, self.name, self.dataset)
        if isinstance(found, GateResult):
            return found
        passed = self.op.holds(found.value, self.bound)
        return GateResult(passed, f"it is {number(found.value)}{_margin(found.value, self.bound, self.op, passed)}")

    @override
    def __str__(self) -> str:
        return f"metric {quoted(self.name)}{_on(self.dataset)} {self.op} {exact(self.bound)}"


@dataclass(frozen=True, slots=True)
class BesideChampion(Gate):
    """`metric rmse no worse than champion by 2%`, `metric auc better than champion by 0.01`.

    Attributes:
        is_better: Whether it must be better; otherwise it may be as good, or worse by the tolerance.
        amount: How much better at least, or worse at most: not negative.
        is_percent: Whether the amount is in per cent of the champion's absolute value.
    """

    name: str
    dataset: str
    is_better: bool
    amount: float
    is_percent: bool

    @override
    def judge(self, subject: Subject) -> GateResult:
        if subject.champion is None:
            return GateResult(True, "nobody holds the target, so there is nothing to compare with")
        new = measured(subject.challenger, self.name, self.dataset)
        direction = subject.directions.of(self.name if isinstance(new, GateResult) else new.key).direction
        if direction is Direction.UNKNOWN:
            return GateResult(
                None, f"nobody knows whether a higher {self.name} is better: compare it with a number instead"
            )
        if isinstance(new, GateResult):
            return new
        old = measured(subject.champion, self.name, self.dataset)
        if isinstance(old, GateResult):
            return GateResult(None, f"of the champion, {old.words}")
        if new.dataset_name and old.dataset_name and new.dataset_name != old.dataset_name:
            # Easier data would make any model the better one.
            return GateResult(
                None,
                f"it was measured on {new.dataset_name}, the champion's on {old.dataset_name}: these do not compare",
            )
        if not math.isfinite(new.value) or not math.isfinite(old.value):
            words = f"it is {number(new.value)}, the champion's is {number(old.value)}"
            return GateResult(False if not math.isfinite(new.value) else None, words)
        return self._beside(new.value, old.value, direction)

    def _beside(self, new: float, old: float, direction: Direction) -> GateResult:
        gain = new - old if direction is Direction.HIGHER else old - new
        amount = abs(old) * self.amount / 100 if self.is_percent else self.amount
        passed = (gain > 0 and _reaches(gain, amount)) if self.is_better else _reaches(gain, -amount)
        how = "as good" if gain == 0 else f"{number(abs(gain))} {'better' if gain > 0 else 'worse'}"
        percent = f" ({abs(gain / old):.2%})" if gain and old else ""
        return GateResult(passed, f"it is {number(new)}, the champion's is {number(old)}: {how}{percent}")

    @override
    def __str__(self) -> str:
        how = "better than champion" if self.is_better else "no worse than champion"
        by = f" by {exact(self.amount)}{'%' if self.is_percent else ''}" if self.amount else ""
        return f"metric {quoted(self.name)}{_on(self.dataset)} {how}{by}"


def measured(facts: VersionFacts, name: str, dataset: str) -> Measurement | GateResult:
    """Returns the last measurement of a metric, or why there is none to judge."""
    if not dataset and name in facts.metrics:
        return facts.metrics[name]
    found = [one for one in facts.metrics.values() if one.key == name]
    of_data = [one for one in found if one.dataset_name == dataset] if dataset else found
    if len(of_data) == 1:
        return of_data[0]
    if of_data:
        sets = ", ".join(sorted(one.dataset_name for one in of_data))
        return GateResult(None, f"it was measured on several data sets ({sets}): name one with on dataset")
    if found:
        sets = ", ".join(sorted(one.dataset_name or "data without a name" for one in found))
        return GateResult(None, f"it was measured on {sets} only")
    return GateResult(None, "it was not measured")


def _reaches(gain: float, least: float) -> bool:
    # 0.9 - 0.8 is 0.09999999999999998: what a person reads as equal is equal.
    return gain >= least or math.isclose(gain, least, rel_tol=1e-9, abs_tol=1e-12)


def _margin(value: float, bound: float, op: Op, passed: bool) -> str:
    if not math.isfinite(value) or value == bound or op in (Op.EQUAL, Op.UNEQUAL):
        return ""
    difference = number(abs(value - bound))
    if passed:
        return f", {difference} to spare"
    return f", {difference} too {'much' if value > bound else 'little'}"


def _on(dataset: str) -> str:
    return f" on dataset {quoted(dataset)}" if dataset else ""
