"""What the author's own evaluation asked of the metrics, held against what was measured. Pure.

`mlflow.genai.evaluate(quality_criteria=...)` of MLflow 3.18 leaves it on the evaluation's run, in the tag
`mlflow.genaiEvaluate.qualityCriteria`: JSON with `schemaVersion` 1 and `rules` of `metricKey`, `comparator` (`GTE`,
`LTE`) and `threshold` (`mlflow/genai/evaluation/quality_criteria.py`). Anybody who may write to the run may change it.
"""

import json
import math
from dataclasses import dataclass
from typing import Any

from evidence.numbers import Value, json_number, shown
from registry.measurements import Measurement
from registry.types import VersionFacts

_SIGNS = {"GTE": "≥", "LTE": "≤"}
_SCHEMA = 1
_LONGEST = 100_000
"""Characters; MLflow takes 8,000."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that the author asked of a metric.

    Attributes:
        key: The metric's.
        sign: `≥` or `≤`.
        threshold: What it is compared with.
        challenger: What was measured; None where nothing was.
        champion: The same of the champion, which nobody asked it of.
        met: None where nothing was measured.
    """

    key: str
    sign: str
    threshold: Value
    challenger: Value | None
    champion: Value | None
    met: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Returns the criterion for the API."""
        numbers = {"threshold": self.threshold, "challenger": self.challenger, "champion": self.champion}
        return {
            "key": self.key,
            "comparator": next(name for name, sign in _SIGNS.items() if sign == self.sign),
            **{name: value and json_number(float(value.exact)) for name, value in numbers.items()},
            "met": self.met,
        }


@dataclass(frozen=True, slots=True)
class Criteria:
    """What the author asked for, and a sentence about each run whose words cannot be read."""

    rows: tuple[Criterion, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def met(self) -> int:
        """How many are met."""
        return sum(row.met is True for row in self.rows)

    def as_dict(self) -> dict[str, Any]:
        """Returns the criteria for the API."""
        return {"rows": [row.as_dict() for row in self.rows], "problems": list(self.problems)}


def criteria_of(challenger: VersionFacts, champion: VersionFacts | None) -> Criteria:
    """Returns what the challenger's author asked for, those first that are not met."""
    rows, problems = [], []
    for run_id, said in challenger.criteria.items():
        rules = _rules(said)
        if rules is None:
            problems.append(f"What run {run_id} asks of its own metrics is in a form that Checkpoint cannot read.")
            continue
        rows += [_judged(rule, run_id, challenger, champion) for rule in rules]
    order = {False: 0, None: 1, True: 2}
    return Criteria(tuple(sorted(rows, key=lambda row: (order[row.met], row.key, row.sign))), tuple(problems))


def _rules(said: str) -> list[tuple[str, str, float]] | None:
    """Returns (metric, sign, threshold) of each rule; None of anything that MLflow does not write."""
    try:
        found = json.loads(said) if len(said) <= _LONGEST else None
        if not isinstance(found, dict) or found["schemaVersion"] != _SCHEMA:
            return None
        rules = [(rule["metricKey"], _SIGNS[rule["comparator"]], rule["threshold"]) for rule in found["rules"]]
        numbers = [(key, sign, float(threshold)) for key, sign, threshold in rules if _is_number(threshold)]
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    is_whole = len(numbers) == len(rules) and all(isinstance(key, str) for key, _, _ in rules)
    return numbers if is_whole and all(math.isfinite(threshold) for *_, threshold in numbers) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _judged(
    rule: tuple[str, str, float], run_id: str, challenger: VersionFacts, champion: VersionFacts | None
) -> Criterion:
    key, sign, threshold = rule
    measured = _measured(challenger, key, run_id)
    other = _measured(champion, key, "") if champion else None
    met = None if measured is None else measured.value >= threshold if sign == "≥" else measured.value <= threshold
    return Criterion(key, sign, shown(threshold), _shown(measured), _shown(other), met)


def _shown(measured: Measurement | None) -> Value | None:
    return None if measured is None else shown(measured.value)


def _measured(facts: VersionFacts, key: str, run_id: str) -> Measurement | None:
    """Returns what was measured of a metric: by this run, or the only value that there is."""
    found = [one for one in facts.metrics.values() if one.key == key]
    of_run = [one for one in found if one.run_id == run_id]
    return of_run[0] if len(of_run) == 1 else found[0] if len(found) == 1 else None
