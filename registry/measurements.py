"""Which of all the values that MLflow has of a metric is the last one. Pure.

MLflow keeps metrics twice: a run has the last value of each key, without its data set; a logged model has every value
that was logged for it, whichever run did so. `log_model` copies from the run what was logged at one step, 0 unless it
is told another, so that of a metric with a history the logged model often has the first value and the run the last.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Origin(StrEnum):
    """Where MLflow has a value: the run, the logged model, or one measurement in both places."""

    RUN = "run"
    LOGGED_MODEL = "logged_model"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value of a metric, and how it came to be.

    Attributes:
        key: The metric's key, without the data set.
        value: May be NaN or infinite.
        step: As logged.
        timestamp: Milliseconds since 1970, as the client said; any number.
        dataset_name: What it was measured on; empty where MLflow was not told, and always for the run's own values.
        dataset_digest: Tells one state of that data set from another.
        run_id: The run that logged it, which may be a later one than the run that the version came from.
        other: What the other of run and logged model has last, where that is another value.
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


def latest(*, of_run: Iterable[Measurement], of_model: Iterable[Measurement]) -> dict[str, Measurement]:
    """Returns the last measurement of each metric by name, wherever it was logged: by step, then by time.

    The name is the key. Where a key was measured on several data sets, each is a metric of its own, named with its data
    set's name, as in `f1 (test)`: no metric's key has brackets.

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
        double = doubles.get((found.key, found.run_id, found.step, found.timestamp))
        if double:
            found = replace(found, dataset_name=double.dataset_name, dataset_digest=double.dataset_digest)
        groups.setdefault((found.key, found.dataset_name), []).append(found)
    data_sets = Counter(key for key, _ in groups)
    return {
        f"{key} ({dataset})" if dataset and data_sets[key] > 1 else key: _last(found)
        for (key, dataset), found in groups.items()
    }


def same(one: float, other: float) -> bool:
    """Says whether two values are one; NaN is NaN here."""
    return one == other or (math.isnan(one) and math.isnan(other))


def _last(found: list[Measurement]) -> Measurement:
    """Returns the newest of one metric, with what the other place has where that differs."""
    newest = {}
    for measurement in sorted(found, key=_age):
        newest[measurement.origin] = measurement
    if len(newest) == 1:
        return next(iter(newest.values()))
    run, model = newest[Origin.RUN], newest[Origin.LOGGED_MODEL]
    # Of one moment the run knows better: a logged model has 0 for NaN.
    last, other = (model, run) if _moment(model) > _moment(run) else (run, model)
    if not same(last.value, other.value):
        return replace(last, other=other)
    is_one = (_moment(run), run.run_id) == (_moment(model), model.run_id)
    return replace(last, origin=Origin.BOTH) if is_one else last


def _moment(measurement: Measurement) -> tuple[int, int]:
    return (measurement.step, measurement.timestamp)


def _age(measurement: Measurement) -> tuple[int, int, bool, float]:
    # MLflow takes the greater of two values of one moment; NaN, which is not greater than anything, comes first.
    is_number = not math.isnan(measurement.value)
    return (*_moment(measurement), is_number, measurement.value if is_number else 0.0)
