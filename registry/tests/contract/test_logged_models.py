import math

import pytest

from registry.measurements import Origin
from registry.tests.contract import worlds
from registry.tests.contract.worlds import RealMlflow, add_logged_model, values

world = worlds.world
mlflow_world = worlds.mlflow_world


@pytest.mark.mlflow
def test_facts_come_from_the_run_and_from_the_logged_model_which_has_the_last_word(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    model_id = add_logged_model(world, name, with_run=True)
    facts = world.client.get_facts(name, "1")
    assert facts.version.model_id == model_id
    assert facts.params == {"depth": "model", "seed": "7"}
    assert values(facts) == {"auc": 0.9, "loss": 0.5, "f1 (train)": 0.99, "f1 (test)": 0.7}
    assert (facts.experiment_id, facts.run_name) == (world.experiment_id, "calm-owl")


def add_version_with_history(world: RealMlflow, name: str, *, steps: int, copied_step: int) -> None:
    """Registers a logged model as MLflow's `log_model` makes it: it copies from the run what was logged at one step."""
    run_id = world.mlflow.create_run(world.experiment_id).info.run_id
    for step in range(steps):
        world.mlflow.log_metric(run_id, "val_loss", 1.15 * 0.957**step, step=step, timestamp=1000 + step)
    logged = world.mlflow.create_logged_model(world.experiment_id, source_run_id=run_id)
    for copied in world.mlflow.get_metric_history(run_id, "val_loss"):
        if copied.step == copied_step:
            options = {"timestamp": copied.timestamp, "step": copied.step, "model_id": logged.model_id}
            world.mlflow.log_metric(run_id, copied.key, copied.value, **options)
    world.mlflow.finalize_logged_model(logged.model_id, "READY")
    world.store.create_model_version(name, f"models:/{logged.model_id}", model_id=logged.model_id)


@pytest.mark.mlflow
@pytest.mark.parametrize(
    ("steps", "copied_step", "origin"),
    [(1, 0, Origin.BOTH), (2, 0, Origin.RUN), (30, 0, Origin.RUN), (30, 29, Origin.BOTH), (30, 99, Origin.RUN)],
)
def test_a_metric_is_the_last_one_whatever_step_was_copied_to_the_logged_model(
    mlflow_world, steps, copied_step, origin
):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    add_version_with_history(world, name, steps=steps, copied_step=copied_step)
    last = world.client.get_facts(name, "1").metrics["val_loss"]
    assert (last.value, last.step, last.timestamp) == (1.15 * 0.957 ** (steps - 1), steps - 1, 999 + steps)
    assert last.origin == origin
    assert (last.other and (last.other.value, last.other.step)) == ((1.15, 0) if copied_step == 0 < steps - 1 else None)


@pytest.mark.mlflow
def test_what_is_logged_after_the_model_counts_in_the_run_and_in_a_later_evaluation_alike(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    add_version_with_history(world, name, steps=2, copied_step=0)
    version = world.client.get_version(name, "1")
    world.mlflow.log_metric(version.run_id, "val_loss", 0.2, step=1, timestamp=5000)
    assert world.client.get_facts(name, "1").metrics["val_loss"].value == 0.2
    evaluation = world.mlflow.create_run(world.experiment_id).info.run_id
    dataset = {"model_id": version.model_id, "dataset_name": "holdout", "dataset_digest": "d1"}
    world.mlflow.log_metric(evaluation, "accuracy", 0.8, **dataset)
    world.mlflow.log_metric(evaluation, "val_loss", 0.1, step=1, timestamp=6000, model_id=version.model_id)
    metrics = world.client.get_facts(name, "1").metrics
    assert (metrics["val_loss"].value, metrics["val_loss"].run_id) == (0.1, evaluation)
    accuracy = metrics["accuracy"]
    assert (accuracy.value, accuracy.dataset_name, accuracy.dataset_digest) == (0.8, "holdout", "d1")
    assert (accuracy.origin, accuracy.run_id) == (Origin.LOGGED_MODEL, evaluation)


@pytest.mark.mlflow
def test_nan_is_nan_though_the_logged_model_has_zero_for_it(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    add_version_with_history(world, name, steps=1, copied_step=0)
    version = world.client.get_version(name, "1")
    world.mlflow.log_metric(version.run_id, "loss", math.nan, timestamp=5000, model_id=version.model_id)
    loss = world.client.get_facts(name, "1").metrics["loss"]
    assert math.isnan(loss.value)
    assert loss.other is not None
    assert (loss.other.value, loss.other.origin) == (0.0, Origin.LOGGED_MODEL)


@pytest.mark.mlflow
def test_a_logged_model_without_a_run_has_facts_and_names_its_data_sets(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    add_logged_model(world, name, with_run=False)
    facts = world.client.get_facts(name, "1")
    assert facts.version.run_id == ""
    assert facts.params == {"depth": "model"}
    assert values(facts) == {"auc": 0.9, "f1 (train)": 0.99, "f1 (test)": 0.7}
    assert (facts.experiment_id, facts.run_name) == (world.experiment_id, "")
    assert facts.origin == {"source": "train.py", "user": "ada"}


@pytest.mark.mlflow
def test_a_copy_of_a_copy_keeps_the_logged_models_facts_even_when_the_original_is_gone(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    add_logged_model(world, name, with_run=False)
    world.client.copy_version(name, "1", f"{name} staging", tags={})
    world.client.copy_version(f"{name} staging", "1", f"{name} prod", tags={})
    world.store.delete_registered_model(name)
    world.store.delete_registered_model(f"{name} staging")
    assert world.client.get_facts(f"{name} prod", "1").params == {"depth": "model"}


@pytest.mark.mlflow
def test_a_logged_model_that_is_gone_adds_nothing(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    world.mlflow.delete_logged_model(add_logged_model(world, name, with_run=True))
    facts = world.client.get_facts(name, "1")
    assert facts.params == {"depth": "run", "seed": "7"}
