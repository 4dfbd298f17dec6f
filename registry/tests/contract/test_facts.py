import math

import pytest

from registry.measurements import Origin
from registry.tests.contract import worlds
from registry.tests.contract.worlds import connect_to_mlflow, numbers, values
from registry.types import APPROVAL_TAG

world = worlds.world
fraud = worlds.fraud
mlflow_world = worlds.mlflow_world


def test_facts_hold_every_digit_and_no_internal_tag(world):
    name = f"{world.prefix}Fraud"
    metrics = {"auc": 0.1 + 0.2, "third": 1 / 3, "tiny": 5e-324, "broken": math.nan}
    tags = {"team": "risk", "mlflow.note": "x", APPROVAL_TAG: "http://c/1"}
    world.add_version(name, params={"depth": "4", "π": "3"}, metrics=metrics, tags=tags, run_name="calm-owl")
    facts = world.client.get_facts(name, "1")
    assert facts.params == {"depth": "4", "π": "3"}
    assert {key: repr(found.value) for key, found in facts.metrics.items()} == {
        key: repr(value) for key, value in metrics.items()
    }
    assert {(found.step, found.origin, found.dataset_name, found.other) for found in facts.metrics.values()} == {
        (0, Origin.RUN, "", None)
    }
    assert facts.tags == {"team": "risk"}
    assert facts.run_name == "calm-owl"
    assert facts.prompt_text is None
    assert facts.version == world.client.get_version(name, "1")


def test_of_a_version_that_was_not_updated_since_only_its_own_words_are_new(world):
    name = f"{world.prefix}Fraud"
    world.add_version(name, params={"depth": "4"}, metrics={"auc": 0.5})
    known = world.client.get_facts(name, "1")
    world.client.set_alias(name, "shadow", "1")
    world.client.set_version_tags(name, "1", {"validated": "yes"})
    found = world.client.get_facts(name, "1", known=known)
    assert found.metrics is known.metrics
    assert (found.version.aliases, found.tags) == (("shadow",), {"validated": "yes"})
    world.client.transition_stage(name, "1", "Staging", archive_existing_versions=False)
    read = world.client.get_facts(name, "1", known=known)
    assert read.metrics is not known.metrics
    assert read == world.client.get_facts(name, "1")


def test_an_infinite_metric_is_infinite(world):
    name = f"{world.prefix}Fraud"
    world.add_version(name, metrics={"up": math.inf, "down": -math.inf, "large": 1e308})
    assert values(world.client.get_facts(name, "1")) == {"up": math.inf, "down": -math.inf, "large": 1e308}


def test_the_data_that_a_run_used_is_among_the_facts(world, fraud):
    world.log_data(fraud, "1", "training", "patients", "1a2b")
    world.log_data(fraud, "1", "", "others", "3c4d")
    assert world.client.get_facts(fraud, "1").datasets == {"": "others (3c4d)", "training": "patients (1a2b)"}
    assert world.client.get_facts(fraud, "2").datasets == {}


def test_where_a_run_says_that_it_comes_from_is_among_the_facts(world, fraud):
    world.log_origin(fraud, "1", commit="1f3a", repository="https://github.com/team/fraud")
    found = world.client.get_facts(fraud, "1").origin
    assert (found["commit"], found["repository"]) == ("1f3a", "https://github.com/team/fraud")
    assert "commit" not in world.client.get_facts(fraud, "2").origin


@pytest.mark.mlflow
def test_all_tags_of_the_run_are_among_the_facts_beside_the_versions_own(mlflow_world):
    name = f"{mlflow_world.prefix}Tagged"
    mlflow_world.add_version(name, params={"depth": "4"}, tags={"team": "risk"}, run_name="calm-owl")
    run_id = mlflow_world.client.get_version(name, "1").run_id
    mlflow_world.mlflow.set_tag(run_id, "sweep", "7")
    found = mlflow_world.client.get_facts(name, "1")
    assert (found.run_tags["sweep"], found.run_tags["mlflow.runName"]) == ("7", "calm-owl")
    assert found.tags == {"team": "risk"}


def test_a_prompts_text_is_among_its_facts(world):
    name = f"{world.prefix}greeting"
    world.add_version(name, prompt_text="Hello {{name}}\n")
    world.add_version(name, prompt_text="Hi {{name}}\n", tags={"tone": "short"})
    assert numbers(world.client.list_versions(name)) == ["2", "1"]
    facts = world.client.get_facts(name, "2")
    assert (facts.prompt_text, facts.tags, facts.params, facts.metrics) == ("Hi {{name}}\n", {"tone": "short"}, {}, {})
    assert world.client.get_model(name).is_prompt


def test_what_a_prompt_says_beside_its_text_is_a_fact_and_no_tag(world):
    name = f"{world.prefix}greeting"
    settings = {"model_config": '{"model_name": "m", "temperature": 0.7}', "response_format": '{"type": "object"}'}
    tags = {f"_mlflow_prompt_{key}": value for key, value in settings.items()}
    world.add_version(name, prompt_text="Hello", tags={**tags, "_mlflow_experiment_ids": ",1,", "tone": "short"})
    facts = world.client.get_facts(name, "1")
    assert (facts.prompt_settings, facts.tags) == (settings, {"tone": "short"})


def test_a_deleted_run_is_known_as_gone_with_its_figures_still_there(world):
    name = f"{world.prefix}Fraud"
    world.add_version(name, metrics={"auc": 0.9})
    assert world.client.get_facts(name, "1").gone == ()
    world.delete_origin(name, "1", "run")
    facts = world.client.get_facts(name, "1")
    assert (facts.gone, values(facts)) == (("run",), {"auc": 0.9})


@pytest.mark.mlflow
def test_a_source_that_may_be_a_whole_experiment_is_known_as_such_also_of_a_copy(request):
    world = connect_to_mlflow(request)
    name, copy = f"{world.prefix}Fraud", f"{world.prefix}Copy"
    world.add_model(name)
    world.store.create_model_version(name, "s3://bucket/root/777", None)
    world.client.copy_version(name, "1", copy, tags={})
    assert world.client.get_facts(name, "1").unplaced_source == "s3://bucket/root/777"
    assert world.client.get_facts(copy, "1").unplaced_source == "s3://bucket/root/777"
    world.add_version(name)
    assert world.client.get_facts(name, "2").unplaced_source == ""


@pytest.mark.mlflow
def test_a_deleted_logged_model_is_known_as_gone(request):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    logged = world.mlflow.create_logged_model(world.experiment_id)
    world.mlflow.finalize_logged_model(logged.model_id, "READY")
    world.add_model(name)
    world.store.create_model_version(name, f"models:/{logged.model_id}", None, model_id=logged.model_id)
    assert world.client.get_facts(name, "1").gone == ()
    world.delete_origin(name, "1", "logged_model")
    assert world.client.get_facts(name, "1").gone == ("logged_model",)


@pytest.mark.mlflow
def test_the_figures_are_of_the_run_that_made_the_files_whichever_run_a_version_names(request):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_model(name)
    bad, good = (world.mlflow.create_run(world.experiment_id).info.run_id for _ in range(2))
    for run, auc in ((bad, 0.6), (good, 0.99)):
        world.mlflow.log_metric(run, "auc", auc)
    made = world.mlflow.create_logged_model(world.experiment_id, source_run_id=bad)
    world.mlflow.finalize_logged_model(made.model_id, "READY")
    for run in (good, bad):
        world.store.create_model_version(name, f"models:/{made.model_id}", run, model_id=made.model_id)
    facts = world.client.get_facts(name, "1")
    assert (facts.version.run_id, facts.made_by, values(facts)) == (good, bad, {"auc": 0.6})
    assert world.client.get_facts(name, "2").made_by == ""
    assert world.client.makers(world.client.list_versions(name)) == {"1": bad}
    assert world.client.makers([]) == {}


@pytest.mark.mlflow
def test_values_that_several_runs_logged_for_a_model_at_one_step_are_repeats(request):
    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_model(name)
    logged = world.mlflow.create_logged_model(world.experiment_id)
    for fold, auc in enumerate((0.8, 0.9, 0.7)):
        run = world.mlflow.create_run(world.experiment_id).info.run_id
        world.mlflow.log_metric(run, "auc", auc, step=1, timestamp=1_000 + fold, model_id=logged.model_id)
    world.mlflow.finalize_logged_model(logged.model_id, "READY")
    world.store.create_model_version(name, f"models:/{logged.model_id}", model_id=logged.model_id)
    found = world.client.get_facts(name, "1").metrics["auc"]
    assert found.repeats is not None
    assert (found.value, found.repeats.count, round(found.repeats.mean, 9)) == (0.7, 3, 0.8)
