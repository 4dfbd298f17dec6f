"""Each write twice, because a promotion that was cut off is repeated."""

import pytest

from registry.exceptions import RegistryRefused
from registry.tests.contract import worlds
from registry.tests.contract.worlds import numbers, stages
from registry.types import APPROVAL_TAG

world = worlds.world
fraud = worlds.fraud


def test_a_transition_archives_the_other_holders_when_asked(world, fraud):
    for _ in range(2):
        world.client.transition_stage(fraud, "3", "Production", archive_existing_versions=True)
        assert stages(world, fraud) == {"1": "Archived", "2": "Archived", "3": "Production"}


def test_a_transition_leaves_the_other_holders_when_not_asked(world, fraud):
    for _ in range(2):
        world.client.transition_stage(fraud, "3", "Production", archive_existing_versions=False)
        assert stages(world, fraud) == {"1": "Production", "2": "Production", "3": "Production"}


@pytest.mark.parametrize("stage", ["Archived", "None"])
def test_archiving_is_ignored_where_mlflow_would_refuse_it(world, fraud, stage):
    for _ in range(2):
        world.client.transition_stage(fraud, "1", stage, archive_existing_versions=True)
        assert stages(world, fraud) == {"1": stage, "2": "Production", "3": "None"}


def test_an_alias_is_set_moved_and_taken_away(world, fraud):
    for version in ("1", "1", "2"):
        world.client.set_alias(fraud, "champion", version)
        assert world.client.get_model(fraud).aliases == {"champion": version}
    for _ in range(2):
        world.client.delete_alias(fraud, "champion")
        assert world.client.get_model(fraud).aliases == {}


@pytest.mark.parametrize("alias", ["latest", "v12", "with space", "a/b"])
def test_an_alias_that_cannot_be_is_refused(world, fraud, alias):
    with pytest.raises(RegistryRefused):
        world.client.set_alias(fraud, alias, "1")


def test_tags_are_set_beside_those_that_are_there(world, fraud):
    world.client.set_version_tags(fraud, "1", {"a": "1", "b": "1"})
    for _ in range(2):
        world.client.set_version_tags(fraud, "1", {"b": "2", "checkpoint.approved_by": "grace"})
        assert world.client.get_version(fraud, "1").tags == {"a": "1", "b": "2", "checkpoint.approved_by": "grace"}


def test_a_copy_has_the_originals_facts_and_the_approvals_own_tags(world):
    name, destination = f"{world.prefix}Fraud", f"{world.prefix}prod.fraud"
    tags = {"team": "risk", APPROVAL_TAG: "http://c/1", "checkpoint.approved_by": "somebody else"}
    world.add_version(name, params={"depth": "4"}, metrics={"auc": 0.9}, tags=tags, description="First")
    copy = world.client.copy_version(name, "1", destination, tags={APPROVAL_TAG: "http://c/2"})
    assert (copy.name, copy.version, copy.source, copy.stage) == (destination, "1", f"models:/{name}/1", "None")
    assert copy.tags == {"team": "risk", APPROVAL_TAG: "http://c/2"}
    assert copy.description == "First"
    original, copied = world.client.get_facts(name, "1"), world.client.get_facts(destination, "1")
    assert (copied.params, copied.metrics) == (original.params, original.metrics)
    assert copied.version.run_id == original.version.run_id


def test_the_same_copy_is_made_once_and_another_requests_again(world, fraud):
    destination = f"{fraud} copy"
    copies = [
        world.client.copy_version(fraud, "1", destination, tags={APPROVAL_TAG: address})
        for address in ("http://c/1", "http://c/1", "http://c/2")
    ]
    assert numbers(copies) == ["1", "1", "2"]
    assert copies[0] == copies[1]


def test_a_borrowed_tag_does_not_pass_for_the_copy(world, fraud):
    destination = f"{fraud} copy"
    world.client.copy_version(fraud, "2", destination, tags={APPROVAL_TAG: "http://c/1"})
    copy = world.client.copy_version(fraud, "1", destination, tags={APPROVAL_TAG: "http://c/1"})
    assert (copy.version, copy.source) == ("2", f"models:/{fraud}/1")


def test_a_prompt_is_copied_as_a_prompt(world):
    name, destination = f"{world.prefix}greeting", f"{world.prefix}prod.greeting"
    world.add_version(name, prompt_text="Hello")
    for _ in range(2):
        world.client.copy_version(name, "1", destination, tags={APPROVAL_TAG: "http://c/1"})
    assert numbers(world.client.list_versions(destination)) == ["1"]
    assert world.client.get_model(destination).is_prompt
    assert world.client.get_facts(destination, "1").prompt_text == "Hello"


@pytest.mark.parametrize("destination", ["", "a/b", "a:b", "nul\x00", "half \ud800"])
def test_a_copy_to_a_name_that_cannot_be_is_refused(world, fraud, destination):
    with pytest.raises(RegistryRefused):
        world.client.copy_version(fraud, "1", destination, tags={})
