import pytest

from registry.exceptions import RegistryNotFound
from registry.targets import Target
from registry.tests.contract import worlds
from registry.tests.contract.worlds import PRODUCTION, numbers, stages
from registry.types import IS_PROMPT_TAG

world = worlds.world
fraud = worlds.fraud
mlflow_world = worlds.mlflow_world


def test_models_and_prompts_are_found_by_a_part_of_their_name_in_any_case(world):
    for name in ("Fraud", "fraud'2", "Churn", "FRAUDÉ"):
        world.add_model(f"{world.prefix}{name}", description="About it")
    world.add_model(f"{world.prefix}fraud prompt", is_prompt=True)
    found = world.client.search_models(f"{world.prefix}fRaUd")
    assert [model.name.removeprefix(world.prefix) for model in found] == ["FRAUDÉ", "Fraud", "fraud prompt", "fraud'2"]
    assert [model.is_prompt for model in found] == [False, False, True, False]
    assert [model.tags for model in found] == [{}, {}, {IS_PROMPT_TAG: "true"}, {}]
    assert found[0].description == "About it"
    assert [model.name.removeprefix(world.prefix) for model in world.client.search_models(f"{world.prefix}fraudé")] == [
        "FRAUDÉ"
    ]


def test_a_search_returns_at_most_its_limit_by_name(world):
    for name in "cab":
        world.add_model(f"{world.prefix}{name}")
    found = world.client.search_models(world.prefix, limit=2)
    assert [model.name.removeprefix(world.prefix) for model in found] == ["a", "b"]


def test_wildcards_in_a_search_mean_themselves(world):
    for name in ("a_b", "axb", "a%b"):
        world.add_model(f"{world.prefix}{name}")
    found = world.client.search_models(f"{world.prefix}a_b")
    assert [model.name.removeprefix(world.prefix) for model in found] == ["a_b"]


def test_a_model_knows_its_aliases(world, fraud):
    world.client.set_alias(fraud, "champion", "2")
    world.client.set_alias(fraud, "blue", "2")
    model = world.client.get_model(fraud)
    assert (model.name, model.aliases, model.is_prompt) == (fraud, {"champion": "2", "blue": "2"}, False)
    assert world.client.get_version(fraud, "2").aliases == ("blue", "champion")
    assert [version.aliases for version in world.client.list_versions(fraud)] == [(), ("blue", "champion"), ()]


def test_versions_are_listed_newest_first_by_number_and_not_by_text(world):
    name = f"{world.prefix}many"
    for _ in range(11):
        world.add_version(name)
    world.client.set_version_tags(name, "3", {"touched": "last"})
    assert numbers(world.client.list_versions(name)) == [str(number) for number in range(11, 0, -1)]
    assert numbers(world.client.list_versions(name, limit=3)) == ["11", "10", "9"]
    assert numbers(world.client.list_versions(name, limit=3, below=9)) == ["8", "7", "6"]
    assert numbers(world.client.list_versions(name, below=2)) == ["1"]
    assert world.client.list_versions(name, below=1) == []


def test_a_version_carries_what_it_was_registered_with(world):
    name = f"{world.prefix}Fraud"
    made = world.add_version(name, description="First try", tags={"team": "risk", "mlflow.note": "x"})
    found = world.client.get_version(name, made.version)
    assert (found.name, found.version, found.stage, found.description) == (name, "1", "None", "First try")
    assert (found.status, found.aliases, found.tags) == ("READY", (), {"team": "risk", "mlflow.note": "x"})
    assert found.created_at is not None
    assert found.created_at.utcoffset() is not None
    assert world.client.list_versions(name) == [found]


@pytest.mark.parametrize("name", ["nope", "", "a/b", "a:b", "nul\x00", "half \ud800", "x" * 300, "' OR name = 'x"])
def test_a_name_that_no_model_has_is_not_found_whatever_it_looks_like(world, name):
    for ask in (
        lambda: world.client.get_model(name),
        lambda: world.client.list_versions(name),
        lambda: world.client.get_version(name, "1"),
        lambda: world.client.get_facts(name, "1"),
        lambda: world.client.holders(name, PRODUCTION),
        lambda: world.client.holders(name, Target.parse("alias:champion")),
        lambda: world.client.delete_alias(name, "champion"),
        lambda: world.client.set_alias(name, "champion", "1"),
        lambda: world.client.copy_version(name, "1", "elsewhere", tags={}),
        lambda: world.client.set_version_tags(name, "1", {"a": "b"}),
        lambda: world.client.transition_stage(name, "1", "Staging", archive_existing_versions=False),
    ):
        with pytest.raises(RegistryNotFound):
            ask()


@pytest.mark.parametrize("version", ["9", "01", "0", "-1", "1.0", "abc", "", "\u0661", "99999999999999999999"])
def test_a_version_has_exactly_one_spelling(world, fraud, version):
    for ask in (
        lambda: world.client.get_version(fraud, version),
        lambda: world.client.get_facts(fraud, version),
        lambda: world.client.set_alias(fraud, "champion", version),
        lambda: world.client.copy_version(fraud, version, f"{fraud} copy", tags={}),
        lambda: world.client.set_version_tags(fraud, version, {"a": "b"}),
        lambda: world.client.transition_stage(fraud, version, "Staging", archive_existing_versions=True),
    ):
        with pytest.raises(RegistryNotFound):
            ask()
    assert stages(world, fraud) == {"1": "Production", "2": "Production", "3": "None"}


@pytest.mark.mlflow
def test_lists_longer_than_a_page_are_whole(mlflow_world, monkeypatch):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    for _ in range(5):
        world.add_version(name)
    monkeypatch.setattr("registry.mlflow.searches.PAGE", 2)
    assert numbers(world.client.list_versions(name)) == ["5", "4", "3", "2", "1"]
    assert numbers(world.client.list_versions(name, limit=3)) == ["5", "4", "3"]


def test_every_model_and_prompt_is_listed_with_the_stages_in_use(world):
    world.add_version(f"{world.prefix}listed")
    world.add_version(f"{world.prefix}listed prompt", prompt_text="Hello")

    def listed(suffix):
        return next(model for model in world.client.list_models() if model.name == f"{world.prefix}{suffix}")

    before = listed("listed")
    assert before.newest == {"None": "1"}
    assert listed("listed prompt").is_prompt
    world.client.transition_stage(before.name, "1", "Staging", archive_existing_versions=False)
    after = listed("listed")
    assert after.newest == {"Staging": "1"}
    assert after.revision != before.revision
