import math
import uuid

import pytest

from registry.mlflow import histories
from registry.tests.contract.worlds import add_logged_model, connect_to_mlflow


@pytest.mark.mlflow
def test_the_history_of_a_metric_is_what_mlflows_client_says(request):
    world = connect_to_mlflow(request)
    run = world.mlflow.create_run(world.experiment_id)
    for step, value in enumerate([1.5, math.nan, math.inf, -math.inf, 0.25]):
        world.mlflow.log_metric(run.info.run_id, "loss", value, step=step)
    said = world.mlflow.get_metric_history(run.info.run_id, "loss")
    found = world.client.metric_history(run.info.run_id, "loss", limit=10)
    assert [(point.step, point.timestamp) for point in found] == [(one.step, one.timestamp) for one in said]
    assert [repr(point.value) for point in found] == ["1.5", "nan", "inf", "-inf", "0.25"]
    assert world.client.metric_history(run.info.run_id, "none", limit=10) == []
    assert world.client.metric_history("0" * 32, "loss", limit=10) == []
    other = world.mlflow.create_run(world.mlflow.create_experiment(uuid.uuid4().hex))
    world.mlflow.log_metric(other.info.run_id, "auc", 0.9, step=3)
    world.mlflow.delete_run(other.info.run_id)
    assert world.client.last_values({run.info.run_id, other.info.run_id, "0" * 32, "it's"}) == {
        run.info.run_id: {"loss": 0.25},
        other.info.run_id: {"auc": 0.9},
    }


@pytest.mark.mlflow
def test_a_long_history_is_read_in_pages_and_no_further_than_is_asked_for(request, monkeypatch):
    monkeypatch.setattr(histories, "_AT_ONCE", 3)
    world = connect_to_mlflow(request)
    run = world.mlflow.create_run(world.experiment_id)
    for step in range(8):
        world.mlflow.log_metric(run.info.run_id, "loss", float(step), step=step, timestamp=1_000 + step)
    for limit, many in ((100, 8), (8, 8), (7, 7), (6, 6), (2, 2), (1, 1)):
        found = world.client.metric_history(run.info.run_id, "loss", limit=limit)
        assert [point.step for point in found] == list(range(many))


@pytest.mark.mlflow
def test_the_last_values_of_logged_models_are_what_the_facts_of_their_versions_say(request):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_model(name)
    models = [add_logged_model(world, name, with_run=with_run) for with_run in (True, False)]
    found = world.client.last_values_of_models({*models, "m-" + "0" * 32, "it's"})
    assert found.keys() == set(models)
    facts = world.client.get_facts(name, "2")
    assert found[models[1]] == {key: measured.value for key, measured in facts.metrics.items()}
    assert found[models[1]]["f1 (train)"] == 0.99
    assert world.client.last_values_of_models([]) == {}
