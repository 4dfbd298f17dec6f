"""How a run is read: its figures as plain JSON, the rest as MLflow's own client reads it."""

import math
from types import SimpleNamespace

import pytest

from registry.exceptions import RegistryError
from registry.mlflow import stores
from registry.mlflow.entities import run_metrics

INFO = {"run_id": "r1", "run_uuid": "r1", "experiment_id": "0", "artifact_uri": "s3://bucket/r1", "status": "FINISHED"}


def store_of(answer):
    asked = []

    def call(method, path, message):
        asked.append((method, path, message))
        return answer

    return stores.TrackingStore(SimpleNamespace(base=f"http://{id(asked)}", call=call)), asked


def test_what_a_run_says_is_read_with_every_value_as_it_is():
    metrics = [
        {"key": "auc", "value": 0.5, "timestamp": "1700000000000", "step": "3", "dataset_name": "holdout"},
        *({"key": word, "value": word} for word in ("NaN", "Infinity", "-Infinity")),
        {"key": "limit", "value": 1.7976931348623157e308, "timestamp": 1, "step": -2},
        {"key": "none"},
    ]
    data = {
        "metrics": metrics,
        "params": [{"key": "a", "value": "1"}, {"key": "empty"}],
        "tags": [{"key": "t", "value": "x"}],
    }
    store, asked = store_of({"run": {"info": INFO, "data": data, "field_of_a_later_mlflow": 1}})
    run = store.get_run("r1")
    found = {each.key: (each.value, each.timestamp, each.step, each.dataset_name) for each in run_metrics(run)}
    assert found["auc"] == (0.5, 1_700_000_000_000, 3, "holdout")
    assert math.isnan(found["NaN"][0])
    assert (found["Infinity"][0], found["-Infinity"][0], found["limit"]) == (math.inf, -math.inf, (math.inf, 1, -2, ""))
    assert found["none"] == (0.0, 0, 0, "")
    assert (run.data.params, run.data.tags, run.info.status) == ({"a": "1", "empty": ""}, {"t": "x"}, "FINISHED")
    assert asked == [("GET", "/api/2.0/mlflow/runs/get", {"run_uuid": "r1", "run_id": "r1"})]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"run": []},
        {"run": {"info": INFO, "data": []}},
        {"run": {"info": INFO, "data": {"metrics": [{"value": 1.0}]}}},
        {"run": {"info": INFO, "data": {"metrics": [{"key": "auc", "value": "much"}]}}},
        {"run": {"info": INFO, "data": {"metrics": [{"key": "auc", "value": None}]}}},
        {"run": {"info": INFO, "data": {"metrics": [{"key": "auc", "step": "last"}]}}},
        {"run": {"info": INFO, "data": {"params": ["a"]}}},
        {"run": {"info": {**INFO, "start_time": "today"}}},
    ],
)
def test_an_answer_of_another_shape_is_a_failure_of_the_registry(answer):
    store, _ = store_of(answer)
    with pytest.raises(RegistryError, match="cannot be read"):
        store.get_run("r1")


def test_where_a_runs_files_lie_is_asked_for_once(monkeypatch):
    store, asked = store_of({"run": {"info": INFO}})
    assert [store.run_place("r1") for _ in range(3)] == ["s3://bucket/r1"] * 3
    assert len(asked) == 1
    other, _ = store_of({"run": {"info": {**INFO, "artifact_uri": "s3://elsewhere/r1"}}})
    assert other.run_place("r1") == "s3://elsewhere/r1"
    monkeypatch.setattr(stores, "_MOST_PLACES", 2)
    for number in range(4):
        store.run_place(f"r{number + 2}")
    assert len(stores._places) == 2
