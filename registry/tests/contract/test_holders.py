import uuid

import pytest

from registry.exceptions import RegistryNotFound
from registry.targets import Target, TargetKind
from registry.tests.contract import worlds
from registry.tests.contract.worlds import PRODUCTION
from registry.types import APPROVAL_TAG, IS_PROMPT_TAG

world = worlds.world
fraud = worlds.fraud
mlflow_world = worlds.mlflow_world


def test_holders_of_a_stage_come_newest_first(world, fraud):
    assert world.client.holders(fraud, PRODUCTION) == ["2", "1"]
    assert world.client.holders(fraud, Target.parse("stage:Staging")) == []


def test_the_holder_of_an_alias_is_one_version_or_none(world, fraud):
    assert world.client.holders(fraud, Target.parse("alias:champion")) == []
    world.client.set_alias(fraud, "champion", "1")
    assert world.client.holders(fraud, Target.parse("alias:champion")) == ["1"]
    assert world.client.holders(fraud, Target.parse("alias:Champion")) == []
    world.client.set_alias(fraud, "champion", "3")
    assert world.client.holders(fraud, Target.parse("alias:champion")) == ["3"]


@pytest.mark.parametrize("alias", ["latest", "LATEST", "v3", "with space", "a/b", "nul\x00", "half \ud800", "x" * 300])
def test_nobody_holds_an_alias_that_cannot_be(world, fraud, alias):
    assert world.client.holders(fraud, Target(TargetKind.ALIAS, alias)) == []


def test_the_holder_of_a_destination_is_its_newest_version_whatever_model_asks(world, fraud):
    assert world.client.holders("no such model", Target.of("model", fraud)) == ["3"]
    assert world.client.holders(fraud, Target.of("model", f"{fraud} elsewhere")) == []
    world.add_model(f"{fraud} empty")
    assert world.client.holders(fraud, Target.of("model", f"{fraud} empty")) == []
    world.add_version(f"{fraud} prompt", prompt_text="Hello")
    assert world.client.holders(fraud, Target.of("model", f"{fraud} prompt")) == ["1"]


def test_a_version_that_is_tagged_as_a_prompt_hides_no_holder(world, fraud):
    world.client.set_version_tags(fraud, "3", {IS_PROMPT_TAG: "true"})
    assert world.client.holders(fraud, PRODUCTION)[0] == "2"
    assert world.client.holders(fraud, Target.of("model", fraud)) == ["3"]
    world.client.set_alias(fraud, "champion", "1")
    assert world.client.holders(fraud, Target.parse("alias:champion")) == ["1"]


def test_a_model_without_versions_has_no_holders(world):
    name = f"{world.prefix}empty"
    world.add_model(name)
    for target in (PRODUCTION, Target.parse("alias:champion")):
        assert world.client.holders(name, target) == []


def test_copies_of_a_version_are_found_by_what_they_were_made_of(world, fraud):
    destination = f"{fraud} copy"
    assert world.client.copies(fraud, "1", destination) == []
    for version in ("1", "2", "1"):
        world.client.copy_version(fraud, version, destination, tags={APPROVAL_TAG: uuid.uuid4().hex})
    world.client.set_alias(destination, "champion", "3")
    found = world.client.copies(fraud, "1", destination)
    assert [(copy.version, copy.aliases) for copy in found] == [("3", ("champion",)), ("1", ())]
    assert world.client.copies(fraud, "3", destination) == []


@pytest.mark.mlflow
def test_holders_in_a_large_model_are_found_as_it_changes(mlflow_world, monkeypatch):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    for _ in range(7):
        world.add_version(name)
    for constant, value in (("standings.FEW", 2), ("searches.PAGE", 3), ("standings.MARGIN_MS", 0)):
        monkeypatch.setattr(f"registry.mlflow.{constant}", value)

    def move(version, stage):
        world.client.transition_stage(name, version, stage, archive_existing_versions=False)

    assert world.client.holders(name, PRODUCTION) == []
    for version in ("1", "4", "7"):
        move(version, "Production")
    assert world.client.holders(name, PRODUCTION) == ["7", "4", "1"]
    assert world.client.noted_holder(name, PRODUCTION) == "7"
    move("4", "Staging")
    assert world.client.holders(name, PRODUCTION) == ["7", "1"]
    assert world.client.holders(name, Target.parse("stage:Staging")) == ["4"]
    world.store.delete_model_version(name, "7")
    assert world.client.holders(name, PRODUCTION) == ["1"]
    world.client.transition_stage(name, "5", "Production", archive_existing_versions=True)
    assert world.client.holders(name, PRODUCTION) == ["5"]
    world.client.set_version_tags(name, "6", {IS_PROMPT_TAG: "true"})
    assert world.client.holders(name, PRODUCTION) == ["5"]
    world.store.delete_registered_model(name)
    with pytest.raises(RegistryNotFound):
        world.client.holders(name, PRODUCTION)
    assert world.client.noted_holder(name, PRODUCTION) == ""
