import uuid

import pytest

from registry.exceptions import RegistryNotFound
from registry.tests.contract import worlds
from registry.tests.contract.worlds import RealMlflow, add_logged_model

world = worlds.world
mlflow_world = worlds.mlflow_world


def test_a_version_says_what_it_is_made_of(world):
    made = world.add_version(f"{world.prefix}made of")
    copy = world.client.copy_version(made.name, made.version, f"{world.prefix}copied", tags={})
    for found in (made, copy):
        provenance = world.client.get_provenance(found.name, found.version)
        assert provenance.run_ids == {made.run_id} - {""}
        assert len(provenance.experiment_ids) == len(provenance.run_ids)
        for run_id in provenance.run_ids:
            assert any(f"{run_id}/artifacts" in location for location in provenance.locations)
    with pytest.raises(RegistryNotFound):
        world.client.get_provenance(made.name, "99")


def made_of(world, *, runs=(), models=(), folders=()) -> set[tuple[str, str]]:
    found = world.client.find_made_of(run_ids=runs, model_ids=models, folders=folders)
    return {(name.removeprefix(world.prefix), version) for name, version in found}


def test_versions_are_found_by_the_run_that_they_are_made_of_and_so_are_their_copies(world):
    run = {} if isinstance(world, RealMlflow) else {"run_id": uuid.uuid4().hex}
    version = world.add_version(f"{world.prefix}Fraud", **run)
    world.add_version(f"{world.prefix}Fraud", **({} if isinstance(world, RealMlflow) else {"run_id": uuid.uuid4().hex}))
    world.client.copy_version(version.name, "1", f"{world.prefix}staging", tags={})
    world.client.copy_version(f"{world.prefix}staging", "1", f"{world.prefix}prod", tags={})
    assert made_of(world, runs=[version.run_id]) == {("Fraud", "1"), ("staging", "1"), ("prod", "1")}
    assert made_of(world, runs=[uuid.uuid4().hex]) == set()
    assert made_of(world) == set()


@pytest.mark.parametrize("odd", ["it's", "' OR 1=1 --", "%", "_", "", "nul\x00", "half \ud800", "x" * 300, 'm-"x'])
def test_nothing_is_made_of_what_cannot_be(world, odd):
    world.add_version(f"{world.prefix}Fraud")
    assert made_of(world, runs=[odd], models=[odd]) == set()


@pytest.mark.mlflow
@pytest.mark.parametrize("with_run", [True, False])
def test_versions_are_found_by_the_logged_model_that_they_are_made_of(mlflow_world, with_run):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    world.add_model(name)
    model_id = add_logged_model(world, name, with_run=with_run)
    world.client.copy_version(name, "1", f"{name} staging", tags={})
    world.client.copy_version(f"{name} staging", "1", f"{name} prod", tags={})
    expected = {("Fraud", "1"), ("Fraud staging", "1"), ("Fraud prod", "1")}
    assert made_of(world, models=[model_id]) == expected
    (run_id,) = world.client.get_provenance(name, "1").run_ids or [""]
    assert made_of(world, runs=[run_id]) == (expected if with_run else set())


@pytest.mark.mlflow
def test_versions_are_found_by_a_place_that_names_no_run(mlflow_world):
    world, unique = mlflow_world, uuid.uuid4().hex[:8]
    sources = (f"s3://b/{unique}/Model A", f"s3://bucket/root/{unique}/model a/", f"s3://b/{unique}/model b")
    for number, source in enumerate(sources):
        world.add_model(f"{world.prefix}{number}")
        world.store.create_model_version(f"{world.prefix}{number}", source, None)
    assert made_of(world, folders=[f"{unique}/model a"]) == {("0", "1"), ("1", "1")}
    assert made_of(world, folders=[unique]) == set()


@pytest.mark.mlflow
def test_a_version_of_a_logged_model_is_made_of_it_and_of_its_run(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}made of a logged model"
    world.add_model(name)
    model_id = add_logged_model(world, name, with_run=True)
    world.client.copy_version(name, "1", f"{name} copied", tags={})
    for place in (name, f"{name} copied"):
        provenance = world.client.get_provenance(place, "1")
        (run_id,) = provenance.run_ids
        assert provenance.model_ids == {model_id}
        assert provenance.experiment_ids == {world.experiment_id}
        for part in (f"/models/{model_id}/artifacts", f"/{run_id}/artifacts"):
            assert any(part in location for location in provenance.locations)


@pytest.mark.mlflow
def test_a_version_is_made_of_every_run_among_whose_artifacts_it_lies(mlflow_world):
    world, name = mlflow_world, f"{mlflow_world.prefix}nested"
    tracking = world.mlflow
    outer = tracking.create_experiment(f"{name} outer")
    around = tracking.create_run(outer).info
    inner = tracking.create_experiment(f"{name} inner", artifact_location=around.artifact_uri)
    within = tracking.create_run(inner).info
    world.add_model(name)
    world.store.create_model_version(name, f"{within.artifact_uri}/model", within.run_id)
    made = world.client.get_provenance(name, "1")
    assert made.run_ids == {around.run_id, within.run_id}
    assert made.experiment_ids == {outer, inner}
    assert {around.artifact_uri, within.artifact_uri} <= made.locations
    asked = {"run_ids": [within.run_id, uuid.uuid4().hex, "", "\ud800"], "model_ids": ["m-none"]}
    found = world.client.artifact_locations(**asked, experiment_ids=[outer, "99999", "none"])
    assert found == [within.artifact_uri, tracking.get_experiment(outer).artifact_location]
