"""Finds the last value of a metric among all that MLflow has. Pure.

MLflow stores metrics twice. A run has the last value of each key, without its data set. A logged model has every value
that any run logged for it. `log_model` copies the run's values of one step, by default step 0: of a metric with a
history the logged model then has the first value, and the run the last.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Origin(StrEnum):
    """Where MLflow has a value: the run, the logged model, or one measurement in both places."""

    RUN = "run"
    LOGGED_MODEL = "logged_model"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Repeats:
    """Several values of one metric at one step on one data set: folds, seeds, evaluations made again.

    Attributes:
        count: How many, 2 or more; finite ones.
        mean: Of these.
        error: The standard error of the mean.
    """

    count: int
    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value of a metric, and how it was measured.

    Attributes:
        key: The metric's key, without the data set.
        value: May be NaN or infinite.
        step: As logged.
        timestamp: Milliseconds since 1970, as the client sent it; any number.
        dataset_name: The data set; empty if none was logged, and always for the run's own values.
        dataset_digest: Distinguishes the states of that data set.
        run_id: The run that logged it, which may be later than the run that the version came from.
        other: The last value of the other place, run or logged model, if it differs.
        repeats: What all values of this step say together, where the logged model has several.
    """

    key: str
    value: float
    step: int = 0
    timestamp: int = 0
    dataset_name: str = ""
    dataset_digest: str = ""
    origin: Origin = Origin.RUN
    run_id: str = ""
    other: "Measurement | None" = None
    repeats: Repeats | None = None


class Logged(NamedTuple):
    """One value that a run logged of a metric.

    Attributes:
        timestamp: Milliseconds since 1970, as the client sent it; any number.
        value: May be NaN or infinite.
    """

    step: int
    timestamp: int
    value: float


@dataclass(frozen=True, slots=True)
class History:
    """What was logged of a metric, or as much of it as MLflow chose.

    Attributes:
        points: In no order.
        is_whole: Whether all of it is here; if not, what is here is spread evenly, the first and the last among it.
    """

    points: list[Logged]
    is_whole: bool


def latest(*, of_run: Iterable[Measurement], of_model: Iterable[Measurement]) -> dict[str, Measurement]:
    """Returns the last measurement of each metric by name, wherever it was logged: by step, then by time.

    The name is the key. If a key was measured on several data sets, each is a metric of its own, named with its data
    set, as in `f1 (test)`: no metric's key has brackets.

    Args:
        of_run: The last value of each key, of one run.
        of_model: Every value that the logged model has.
    """
    models, runs = list(of_model), list(of_run)
    # MLflow writes what is logged for a model into the run as well, without the data set.
    doubles = {(found.key, found.run_id, found.step, found.timestamp): found for found in models}
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for found in models:
        groups.setdefault((found.key, found.dataset_name), []).append(found)
    for found in runs:
        double = doubles.get((found.key, found.run_id, found.step, found.timestamp)) if doubles else None
        if double:
            found = replace(found, dataset_name=double.dataset_name, dataset_digest=double.dataset_digest)
        groups.setdefault((found.key, found.dataset_name), []).append(found)
    data_sets = Counter(key for key, _ in groups)
    return {
        f"{key} ({dataset})" if dataset and data_sets[key] > 1 else key: _last(found)
        for (key, dataset), found in groups.items()
    }


def key_in(name: str) -> str:
    """Returns the key in a metric's name, from `latest`: what comes before the data set."""
    return name.partition(" (")[0]


def same(one: float, other: float) -> bool:
    """Tells whether two values are equal; NaN equals NaN here."""
    return one == other or (math.isnan(one) and math.isnan(other))


def _with_repeats(last: Measurement, found: list[Measurement]) -> Measurement:
    """Returns the last measurement with what the logged model has beside it; of a run MLflow shows only one."""
    of_step = [one for one in found if one.step == last.step]
    # A logged model has 0 for NaN, and the run's last value tells.
    is_nan = {(one.run_id, one.timestamp) for one in of_step if math.isnan(one.value)}
    values = [
        one.value
        for one in of_step
        if one.origin is Origin.LOGGED_MODEL and math.isfinite(one.value) and (one.run_id, one.timestamp) not in is_nan
    ]
    if len(values) < 2:
        return last
    # Divided before they are added, so that the sum stays finite.
    mean = sum(value / len(values) for value in values)
    error = math.hypot(*(value - mean for value in values)) / math.sqrt(len(values) - 1) / math.sqrt(len(values))
    return replace(last, repeats=Repeats(len(values), mean, error)) if math.isfinite(error) else last


def _last(found: list[Measurement]) -> Measurement:
    """Returns the newest measurement of one metric, with what else there is: most were measured once."""
    return found[0] if len(found) == 1 else _with_repeats(_newest(found), found)


def _newest(found: list[Measurement]) -> Measurement:
    """Returns the newest measurement of one metric, with that of the other place if it differs."""
    newest = {}
    for measurement in sorted(found, key=_age):
        newest[measurement.origin] = measurement
    if len(newest) == 1:
        return next(iter(newest.values()))
    run, model = newest[Origin.RUN], newest[Origin.LOGGED_MODEL]
    # Of two values of one moment the run's is right: a logged model has 0 for NaN.
    last, other = (model, run) if _moment(model) > _moment(run) else (run, model)
    if not same(last.value, other.value):
        return replace(last, other=other)
    is_one = (_moment(run), run.run_id) == (_moment(model), model.run_id)
    return replace(last, origin=Origin.BOTH) if is_one else last


def _moment(measurement: Measurement) -> tuple[int, int]:
    return (measurement.step, measurement.timestamp)


def _age(measurement: Measurement) -> tuple[int, int, bool, float]:
    # MLflow takes the greater of two values of one moment; NaN is not greater than anything, so it comes first.
    is_number = not math.isnan(measurement.value)
    return (*_moment(measurement), is_number, measurement.value if is_number else 0.0)
