"""Reads what runs logged of metrics. Plain JSON: as protocol buffers 100,000 values take seconds to read."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from mlflow.entities import LoggedModel

from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.measurements import History, Logged, latest
from registry.mlflow.entities import model_metrics, number_of
from registry.mlflow.stores import TrackingStore
from registry.transport import NoSuchRoute, Transport

_AT_ONCE = 100_000
"""Values of a metric in one answer, which is ten megabytes then."""
_SAMPLED = 2_500
"""Values of a metric, of which MLflow gives no more where it chooses them itself."""
_RUNS_AT_ONCE = 100
_MOST_EXPERIMENTS = 1_000
_RUN = re.compile(r"[\w-]{1,256}")


def history(transport: Transport, run_id: str, key: str, *, limit: int) -> list[Logged]:
    """Returns what a run logged of a metric, see `RegistryClient.metric_history`."""
    if not _RUN.fullmatch(run_id):
        return []
    asked: dict[str, Any] = {"run_id": run_id, "metric_key": key, "max_results": min(limit, _AT_ONCE)}
    found: list[Logged] = []
    while len(found) < limit:
        try:
            answer = transport.call("GET", "/api/2.0/mlflow/metrics/get-history", asked)
        except (RegistryNotFound, RegistryRefused):  # no such run; or a key that MLflow does not take
            return []
        found += [_logged(one) for one in answer.get("metrics", [])]
        if not answer.get("next_page_token"):
            break
        asked["page_token"] = answer["next_page_token"]
    return found[:limit]


def sample(transport: Transport, run_id: str, key: str) -> History:
    """Returns a part of what a run logged of a metric, see `RegistryClient.metric_sample`.

    Where something in front of MLflow has no such route, it is as much as one answer has.
    """
    if not _RUN.fullmatch(run_id):
        return History([], is_whole=True)
    asked = {"run_ids": run_id, "metric_key": key, "max_results": _SAMPLED}
    try:
        answer = transport.call("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", asked)
    except (RegistryNotFound, RegistryRefused):
        return History([], is_whole=True)
    except NoSuchRoute:
        found = history(transport, run_id, key, limit=_AT_ONCE)
        return History(found, is_whole=len(found) < _AT_ONCE)
    points = [_logged(one) for one in answer.get("metrics", [])]
    return History(points, is_whole=len(points) < _SAMPLED)


def last_values(transport: Transport, run_ids: Collection[str]) -> dict[str, dict[str, float]]:
    """Returns the last values of many runs, see `RegistryClient.last_values`."""
    known = sorted(filter(_RUN.fullmatch, run_ids))
    if not known:
        return {}
    experiments = _experiments(transport)
    found: dict[str, dict[str, float]] = {}
    for start in range(0, len(known), _RUNS_AT_ONCE):
        listed = ", ".join(f"'{run}'" for run in known[start : start + _RUNS_AT_ONCE])
        answer = transport.call(
            "POST",
            "/api/2.0/mlflow/runs/search",
            {
                "experiment_ids": experiments,
                "filter": f"attributes.run_id IN ({listed})",
                "run_view_type": "ALL",
                "max_results": _RUNS_AT_ONCE,
            },
        )
        for run in answer.get("runs", []):
            metrics = run.get("data", {}).get("metrics", [])
            found[run["info"]["run_id"]] = {each["key"]: number_of(each.get("value", 0.0)) for each in metrics}
    return found


def last_values_of_models(
    transport: Transport, tracking: TrackingStore, model_ids: Collection[str]
) -> dict[str, dict[str, float]]:
    """Returns the last values of many logged models, see `RegistryClient.last_values_of_models`."""
    found: dict[str, dict[str, float]] = {}
    for logged in _logged_models(transport, tracking, model_ids):
        last = latest(of_run=[], of_model=model_metrics(logged))
        found[logged.model_id] = {name: measured.value for name, measured in last.items()}
    return found


def source_runs(transport: Transport, tracking: TrackingStore, model_ids: Collection[str]) -> dict[str, str]:
    """Returns {logged model: the run that it came from} of those that are there and came from one."""
    return {
        logged.model_id: logged.source_run_id
        for logged in _logged_models(transport, tracking, model_ids)
        if logged.source_run_id
    }


def _logged_models(transport: Transport, tracking: TrackingStore, model_ids: Collection[str]) -> Iterator[LoggedModel]:
    known = sorted(filter(_RUN.fullmatch, model_ids))
    if not known:
        return
    experiments = _experiments(transport)
    for start in range(0, len(known), _RUNS_AT_ONCE):
        listed = ", ".join(f"'{model}'" for model in known[start : start + _RUNS_AT_ONCE])
        yield from tracking.search_logged_models(
            experiments, filter_string=f"model_id IN ({listed})", max_results=_RUNS_AT_ONCE
        )


def _experiments(transport: Transport) -> list[str]:
    answer = transport.call(
        "POST", "/api/2.0/mlflow/experiments/search", {"max_results": _MOST_EXPERIMENTS, "view_type": "ALL"}
    )
    return [str(found["experiment_id"]) for found in _each(answer)]


def _each(answer: dict[str, list[dict[str, str]]]) -> Iterator[dict[str, str]]:
    yield from answer.get("experiments", [])


def _logged(one: dict[str, Any]) -> Logged:
    return Logged(int(one.get("step", 0)), int(one.get("timestamp", 0)), number_of(one.get("value", 0.0)))
