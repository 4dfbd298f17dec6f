"""Reads what runs logged of metrics. Plain JSON: as protocol buffers 100,000 values take seconds to read."""

import math
import re
from collections.abc import Collection, Iterator

from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.measurements import Logged
from registry.transport import Transport

_RUNS_AT_ONCE = 100
_MOST_EXPERIMENTS = 1_000
_RUN = re.compile(r"[\w-]{1,256}")
_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_LARGEST = 1.7976931348623157e308
"""How MLflow's database keeps infinity."""


def history(transport: Transport, run_id: str, key: str) -> list[Logged]:
    """Returns everything that a run logged of a metric, see `RegistryClient.metric_history`."""
    if not _RUN.fullmatch(run_id):
        return []
    try:
        answer = transport.call("GET", "/api/2.0/mlflow/metrics/get-history", {"run_id": run_id, "metric_key": key})
    except (RegistryNotFound, RegistryRefused):  # no such run; or a key that MLflow does not take
        return []
    return [
        Logged(int(found.get("step", 0)), int(found.get("timestamp", 0)), _number(found.get("value", 0.0)))
        for found in answer.get("metrics", [])
    ]


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
            found[run["info"]["run_id"]] = {each["key"]: _number(each.get("value", 0.0)) for each in metrics}
    return found


def _experiments(transport: Transport) -> list[str]:
    answer = transport.call(
        "POST", "/api/2.0/mlflow/experiments/search", {"max_results": _MOST_EXPERIMENTS, "view_type": "ALL"}
    )
    return [str(found["experiment_id"]) for found in _each(answer)]


def _each(answer: dict[str, list[dict[str, str]]]) -> Iterator[dict[str, str]]:
    yield from answer.get("experiments", [])


def _number(value: object) -> float:
    found = _WORDS[value] if isinstance(value, str) else float(value)  # type: ignore[arg-type]
    return math.copysign(math.inf, found) if abs(found) == _LARGEST else found
