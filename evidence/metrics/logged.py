"""Comparisons of two evaluations that somebody logged with MLflow, taken out of the metrics. Pure.

`mlflow.genai.compare_evaluations(log_results=True)` of MLflow 3.18 logs to the candidate's run, for each scorer, the
metrics `compare/<first 8 characters of the baseline's run>/<scorer>/` `diff`, `ci_low`, `ci_high`, `p_value`,
`effect_size` and `n_paired` (`mlflow/genai/evaluation/comparison/utils.py`, `_log_comparison`). `diff` is candidate
minus baseline, and the interval is of the confidence that was asked for, 95 % unless somebody asked for another.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from evidence.directions.names import Direction
from evidence.directions.wanted import Directions
from evidence.numbers import Value, json_number, shown
from registry.measurements import Measurement
from registry.types import VersionFacts

_KEY = re.compile(r"compare/([^/]{1,8})/(.+)/(diff|ci_low|ci_high|p_value|effect_size|n_paired)", re.DOTALL)
_SHORT = 8


class Side(StrEnum):
    """Whose run a comparison was logged to."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"


@dataclass(frozen=True, slots=True)
class LoggedComparison:
    """One scorer of two evaluations, row by row.

    Attributes:
        by: Whose run it was logged to: that one is the candidate.
        baseline: The first characters of the other run's id.
        is_with_champion: Whether that is a run of the champion's, so that it says what is asked here.
        scorer: Its name.
        stats: {statistic: value}, as many as were logged.
        better: Whether the candidate has the better values; None where neither has, or nobody knows which is.
    """

    by: Side
    baseline: str
    is_with_champion: bool
    scorer: str
    stats: Mapping[str, float]
    better: bool | None

    def value(self, name: str) -> Value | None:
        """Returns a statistic as it is shown."""
        return shown(self.stats[name]) if name in self.stats else None

    @property
    def diff(self) -> Value | None:
        """Candidate minus baseline, in the mean."""
        return self.value("diff")

    @property
    def low(self) -> Value | None:
        """The lower end of the interval of the difference."""
        return self.value("ci_low")

    @property
    def high(self) -> Value | None:
        """The upper end of it."""
        return self.value("ci_high")

    @property
    def p_value(self) -> Value | None:
        """How probable such a difference is where there is none."""
        return self.value("p_value")

    @property
    def effect_size(self) -> Value | None:
        """Cohen's d of the differences."""
        return self.value("effect_size")

    @property
    def pairs(self) -> Value | None:
        """How many rows were compared."""
        return self.value("n_paired")

    def as_dict(self) -> dict[str, Any]:
        """Returns the comparison for the API."""
        names = ("diff", "ci_low", "ci_high", "p_value", "effect_size", "n_paired")
        return {
            "by": str(self.by),
            "baseline": self.baseline,
            "is_with_champion": self.is_with_champion,
            "scorer": self.scorer,
            "better": self.better,
            **{name: json_number(self.stats[name]) if name in self.stats else None for name in names},
        }


def is_logged_comparison(key: str) -> bool:
    """Tells whether a metric is a statistic of a logged comparison, and no measurement of the version."""
    return _KEY.fullmatch(key) is not None


def plain_metrics(facts: VersionFacts) -> dict[str, Measurement]:
    """Returns the metrics of a version without the statistics of logged comparisons."""
    return {name: found for name, found in facts.metrics.items() if not is_logged_comparison(found.key)}


def logged_comparisons(
    challenger: VersionFacts, champion: VersionFacts | None, directions: Directions
) -> tuple[LoggedComparison, ...]:
    """Returns what was logged to either version's runs, that with the champion first."""
    runs = _runs(champion) if champion else frozenset()
    found = _of_side(Side.CHALLENGER, challenger, runs, directions)
    found += _of_side(Side.CHAMPION, champion, frozenset(), directions) if champion else []
    return tuple(sorted(found, key=lambda one: (not one.is_with_champion, str(one.by), one.baseline, one.scorer)))


def _of_side(
    side: Side, facts: VersionFacts, champions: frozenset[str], directions: Directions
) -> list[LoggedComparison]:
    groups: dict[tuple[str, str], dict[str, float]] = {}
    for measured in facts.metrics.values():
        match = _KEY.fullmatch(measured.key)
        if match:
            groups.setdefault((match[1], match[2]), {})[match[3]] = measured.value
    return [
        LoggedComparison(side, baseline, baseline in champions, scorer, stats, _better(scorer, stats, directions))
        for (baseline, scorer), stats in groups.items()
    ]


def _better(scorer: str, stats: Mapping[str, float], directions: Directions) -> bool | None:
    # MLflow logs what a scorer found as SCORER/mean, and that key is what a direction is set for.
    wanted, diff = directions.of(f"{scorer}/mean").direction, stats.get("diff", math.nan)
    if not wanted or not diff or math.isnan(diff):
        return None
    return (diff > 0) == (wanted is Direction.HIGHER)


def _runs(facts: VersionFacts) -> frozenset[str]:
    runs = {facts.version.run_id, facts.made_by, *(found.run_id for found in facts.metrics.values())}
    return frozenset(run_id[:_SHORT] for run_id in runs if run_id)
