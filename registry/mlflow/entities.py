"""MLflow's entities as Checkpoint's plain values."""

import math
import re
import sys
from datetime import UTC, datetime

from mlflow.entities import Dataset, LoggedModel, Metric, Run
from mlflow.entities.model_registry import ModelVersion as MlflowVersion
from mlflow.entities.model_registry import RegisteredModel as MlflowModel
from mlflow.utils.mlflow_tags import (
    MLFLOW_DATASET_CONTEXT,
    MLFLOW_GIT_COMMIT,
    MLFLOW_GIT_REPO_URL,
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_SOURCE_NAME,
    MLFLOW_USER,
)

from registry.measurements import Measurement, Origin
from registry.types import ModelVersion, RegisteredModel

_ORIGIN_TAGS = {
    "commit": MLFLOW_GIT_COMMIT,
    "repository": MLFLOW_GIT_REPO_URL,
    "source": MLFLOW_SOURCE_NAME,
    "user": MLFLOW_USER,
    "parent run": MLFLOW_PARENT_RUN_ID,
}
_CRITERIA = "mlflow.genaiEvaluate.qualityCriteria"
"""As MLflow 3.18 calls it (`mlflow/utils/mlflow_tags.py`); earlier ones have no such tag."""
_EVALUATIONS = 3
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LOGGED_MODEL = re.compile(r"models:/(m-[\w-]+)|.*/models/(m-[0-9a-f]{32})/artifacts(?:/.*)?")


def model_of(found: MlflowModel) -> RegisteredModel:
    """Returns a registered model."""
    latest = sorted(found.latest_versions or [], key=lambda version: int(version.version))
    newest = {version.current_stage: str(version.version) for version in latest}
    places = " ".join(f"{version}={stage}" for stage, version in sorted(newest.items()))
    return RegisteredModel(
        found.name,
        found.description or "",
        {alias: str(version) for alias, version in found.aliases.items()},
        dict(found._tags),  # `tags` leaves out the one that makes it a prompt
        found._is_prompt(),
        newest=newest,
        revision=f"{found.last_updated_timestamp} {places}",
    )


def version_of(found: MlflowVersion, aliases: list[str]) -> ModelVersion:
    """Returns a version; a search leaves its aliases out, so they are given."""
    return ModelVersion(
        name=found.name,
        version=str(found.version),
        stage=found.current_stage or "None",
        aliases=tuple(sorted(aliases)),
        description=found.description or "",
        source=found.source or "",
        run_id=found.run_id or "",
        model_id=found.model_id or model_id_in(found.source or ""),
        status=found.status,
        created_at=_time(found.creation_timestamp),
        updated_at=_time(found.last_updated_timestamp),
        tags=dict(found.tags),
    )


def model_id_in(source: str) -> str:
    """Returns the id of the logged model whose artifacts lie at an address, or "".

    A version does not say which logged model it is; where its artifacts lie does.
    """
    match = _LOGGED_MODEL.fullmatch(source)
    return (match[1] or match[2]) if match else ""


def run_metrics(run: Run | None) -> list[Measurement]:
    """Returns the last value of each of a run's metrics."""
    # `data.metrics` would be {key: value} only.
    return [_measurement(metric, Origin.RUN, run.info.run_id) for metric in run.data._metric_objs] if run else []


def run_criteria(runs: list[Run]) -> dict[str, str]:
    """Returns {run: what its evaluation asked of its own metrics}, as the tag has it."""
    return {run.info.run_id: run.data.tags[_CRITERIA] for run in runs if run.data.tags.get(_CRITERIA)}


def evaluations_of(logged: LoggedModel | None, run_id: str) -> list[str]:
    """Returns the runs that evaluated a logged model last, but for its own: at most `_EVALUATIONS`.

    `mlflow.genai.evaluate` logs what a scorer found as SCORER/mean, and what goes with it to its own run only.
    """
    found = sorted(model_metrics(logged), key=lambda measured: measured.timestamp, reverse=True)
    runs = dict.fromkeys(one.run_id for one in found if "/" in one.key and one.run_id not in ("", run_id))
    return list(runs)[:_EVALUATIONS]


def run_comparisons(runs: list[Run]) -> list[Measurement]:
    """Returns the comparisons with other evaluations that were logged to runs."""
    return [found for run in runs for found in run_metrics(run) if found.key.startswith("compare/")]


def run_datasets(run: Run | None) -> dict[str, str]:
    """Returns {context: names and digests} of a run's inputs; the context is "" where the client named none."""
    found: dict[str, set[str]] = {}
    for context, given in _inputs(run):
        found.setdefault(context, set()).add(f"{given.name} ({given.digest})")
    return {context: ", ".join(sorted(names)) for context, names in sorted(found.items())}


def run_in(location: str) -> str:
    """Returns the run below whose artifacts a location lies, as MLflow itself lays them; "" for any other place."""
    found = re.search(r"/([0-9a-f]{32})/artifacts(?:/|$)", location)
    return found[1] if found else ""


def run_dataset_names(run: Run | None) -> dict[str, tuple[str, ...]]:
    """Returns {context: names, sorted} of a run's inputs; a name may hold any character, a comma as well."""
    found: dict[str, set[str]] = {}
    for context, given in _inputs(run):
        found.setdefault(context, set()).add(given.name)
    return {context: tuple(sorted(names)) for context, names in sorted(found.items())}


def _inputs(run: Run | None) -> list[tuple[str, Dataset]]:
    return [
        (next((tag.value for tag in given.tags or [] if tag.key == MLFLOW_DATASET_CONTEXT), ""), given.dataset)
        for given in (run.inputs.dataset_inputs if run and run.inputs else [])
    ]


def origin(run: Run | None, logged: LoggedModel | None) -> dict[str, str]:
    """Returns {what: text} of where a run says that it comes from; a logged model says it where no run made it."""
    tags = run_tags(run, logged)
    return {what: tags[tag] for what, tag in _ORIGIN_TAGS.items() if tags.get(tag)}


def run_tags(run: Run | None, logged: LoggedModel | None) -> dict[str, str]:
    """Returns the tags of a run, or of a logged model that no run made."""
    return dict(run.data.tags) if run else dict(logged.tags or {}) if logged else {}


def model_metrics(logged: LoggedModel | None) -> list[Measurement]:
    """Returns every value of a logged model's metrics."""
    metrics = (logged.metrics or []) if logged else []
    return [_measurement(metric, Origin.LOGGED_MODEL, metric.run_id or "") for metric in metrics]


def _measurement(metric: Metric, origin: Origin, run_id: str) -> Measurement:
    return Measurement(
        key=metric.key,
        value=_unbounded(metric.value),
        step=metric.step,
        timestamp=metric.timestamp,
        dataset_name=metric.dataset_name or "",
        dataset_digest=metric.dataset_digest or "",
        origin=origin,
        run_id=run_id,
    )


def number_of(value: object) -> float:
    """Returns a value of a metric as MLflow's JSON has it: a number, or a word for what is none.

    Raises:
        KeyError, TypeError, ValueError: it is neither.
    """
    return _unbounded(_WORDS[value] if isinstance(value, str) else float(value))  # type: ignore[arg-type]


def _unbounded(value: float) -> float:
    # MLflow's database has no infinity, and keeps the largest number that there is in its place.
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
