"""One suite, two registries: what `RegistryClient` promises holds for the fake and for a real MLflow alike."""

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from registry.client import RegistryClient
from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.fake import FakeRegistry
from registry.measurements import Origin
from registry.mlflow import histories
from registry.targets import Target, TargetKind
from registry.types import APPROVAL_TAG, IS_PROMPT_TAG, PROMPT_TEXT_TAG, FileTree, ModelVersion, VersionFacts

PRODUCTION = Target.parse("stage:Production")


@dataclass
class Fake:
    """The fake, filled by its own helpers."""

    client: FakeRegistry = field(default_factory=FakeRegistry)
    prefix: str = 'it\'s "a" 100%_\\'

    def add_model(self, name: str, **options: Any) -> None:
        self.client.add_model(name, **options)

    def add_version(self, name: str, **facts: Any) -> ModelVersion:
        return self.client.add_version(name, **facts)

    def delete_origin(self, name: str, version: str, what: str) -> None:
        self.client.delete_origin(name, version, what)

    def log_data(self, name: str, version: str, context: str, data: str, digest: str) -> None:
        self.client.change_facts(name, version, datasets={context: f"{data} ({digest})"})

    def log_origin(self, name: str, version: str, **origin: str) -> None:
        self.client.change_facts(name, version, origin=origin)

    def put_file(self, name: str, version: str, path: str, content: bytes) -> None:
        self.client.files[name, version, path] = content


@dataclass
class RealMlflow:
    """A real MLflow, filled by MLflow's own client. Names carry what could break out of a filter's quotes."""

    client: RegistryClient
    mlflow: Any
    store: Any
    experiment_id: str
    prefix: str
    url: str

    def add_model(self, name: str, *, description: str = "", is_prompt: bool = False) -> None:
        from mlflow.entities.model_registry import RegisteredModelTag  # noqa: PLC0415 - only with a real MLflow

        tags = [RegisteredModelTag(IS_PROMPT_TAG, "true")] if is_prompt else []
        self.store.create_registered_model(name, tags=tags, description=description)

    def add_version(
        self,
        name: str,
        *,
        params: dict[str, str] | None = None,
        metrics: dict[str, float] | None = None,
        tags: dict[str, str] | None = None,
        prompt_text: str | None = None,
        description: str = "",
        run_name: str = "",
    ) -> ModelVersion:
        from mlflow.entities.model_registry import ModelVersionTag  # noqa: PLC0415 - only with a real MLflow

        if not any(model.name == name for model in self.client.search_models(name)):
            self.add_model(name, is_prompt=prompt_text is not None)
        if prompt_text is not None:
            tags = {**(tags or {}), PROMPT_TEXT_TAG: prompt_text, IS_PROMPT_TAG: "true"}
            source, run_id = "prompt-template", None
        else:
            run = self.mlflow.create_run(self.experiment_id, run_name=run_name or None)
            run_id, source = run.info.run_id, f"{run.info.artifact_uri}/model"
            for key, text in (params or {}).items():
                self.mlflow.log_param(run_id, key, text)
            for key, number in (metrics or {}).items():
                self.mlflow.log_metric(run_id, key, number)
        version_tags = [ModelVersionTag(key, value) for key, value in (tags or {}).items()]
        made = self.store.create_model_version(name, source, run_id, tags=version_tags, description=description)
        return self.client.get_version(name, made.version)

    def delete_origin(self, name: str, version: str, what: str) -> None:
        found = self.client.get_version(name, version)
        if what == "run":
            self.mlflow.delete_run(found.run_id)
        else:
            self.mlflow.delete_logged_model(found.model_id)

    def log_data(self, name: str, version: str, context: str, data: str, digest: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: PLC0415 - only with a real MLflow

        tags = [InputTag("mlflow.data.context", context)] if context else []
        given = DatasetInput(Dataset(data, digest, "local", "{}"), tags)
        self.mlflow.log_inputs(self.client.get_version(name, version).run_id, [given])

    def log_origin(self, name: str, version: str, **origin: str) -> None:
        run_id = self.client.get_version(name, version).run_id
        for what, text in origin.items():
            self.mlflow.set_tag(
                run_id, {"repository": "mlflow.source.git.repoURL"}.get(what, f"mlflow.source.git.{what}"), text
            )

    def put_file(self, name: str, version: str, path: str, content: bytes) -> None:
        place = self.client.get_version(name, version).source.removeprefix("mlflow-artifacts:/")
        url = f"{self.url}/api/2.0/mlflow-artifacts/artifacts/{place}/{quote(path)}"
        assert urllib3.request("PUT", url, body=content).status == 200


def connect_to_mlflow(request: pytest.FixtureRequest) -> RealMlflow:
    settings = request.getfixturevalue("settings")
    settings.CHECKPOINT_REGISTRY_URL = url = request.getfixturevalue("mlflow_server")
    settings.CHECKPOINT_REGISTRY_MEMORY = "registry.memory.of_this_process"
    from mlflow import MlflowClient  # noqa: PLC0415 - only with a real MLflow
    from mlflow.store.model_registry.rest_store import RestStore  # noqa: PLC0415
    from mlflow.utils.rest_utils import MlflowHostCreds  # noqa: PLC0415

    from registry.mlflow import connect  # noqa: PLC0415

    mlflow = MlflowClient(tracking_uri=url, registry_uri=url)
    unique = uuid.uuid4().hex[:8]
    prefix = f'it\'s "a" 100%_\\ {unique} '
    store = RestStore(lambda: MlflowHostCreds(url))
    return RealMlflow(connect(), mlflow, store, mlflow.create_experiment(unique), prefix, url)


@pytest.fixture(params=["fake", pytest.param("mlflow", marks=pytest.mark.mlflow)])
def world(request: pytest.FixtureRequest) -> Fake | RealMlflow:
    return Fake() if request.param == "fake" else connect_to_mlflow(request)


@pytest.fixture
def fraud(world) -> Iterator[str]:
    """Gives the name of a model with three versions, the first two in Production."""
    name = f"{world.prefix}Fraud"
    for _ in range(3):
        world.add_version(name)
    for version in ("1", "2"):
        world.client.transition_stage(name, version, "Production", archive_existing_versions=False)
    return name


def numbers(versions: list[ModelVersion]) -> list[str]:
    return [version.version for version in versions]


def values(facts: VersionFacts) -> dict[str, float]:
    return {key: found.value for key, found in facts.metrics.items()}


def stages(world, name: str) -> dict[str, str]:
    return {version.version: version.stage for version in world.client.list_versions(name)}


# Reading


def test_models_and_prompts_are_found_by_a_part_of_their_name_in_any_case(world):
    for name in ("Fraud", "fraud'2", "Churn", "FRAUDÉ"):
        world.add_model(f"{world.prefix}{name}", description="About it")
    world.add_model(f"{world.prefix}fraud prompt", is_prompt=True)
    found = world.client.search_models(f"{world.prefix}fRaUd")
    assert [model.name.removeprefix(world.prefix) for model in found] == ["FRAUDÉ", "Fraud", "fraud prompt", "fraud'2"]
    assert [model.is_prompt for model in found] == [False, False, True, False]
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


def test_an_mlflow_without_workspaces_lists_none(world):
    assert world.client.list_workspaces() == []


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


def test_a_file_of_a_version_is_read_up_to_a_bound(world, fraud):
    world.put_file(fraud, "1", "MLmodel", b"flavors: {}")
    world.put_file(fraud, "1", "large.txt", b"x" * 300_000)
    assert world.client.read_file(fraud, "1", "MLmodel", limit=100_000) == b"flavors: {}"
    assert 100_000 < len(world.client.read_file(fraud, "1", "large.txt", limit=100_000) or b"") < 300_000
    assert world.client.read_file(fraud, "1", "none.txt", limit=100_000) is None
    assert world.client.read_file(fraud, "2", "MLmodel", limit=100_000) is None
    assert world.client.read_file(fraud, "1", "../MLmodel", limit=100_000) is None
    assert world.client.read_file(fraud, "1", "MLmodel", limit=100_000) == b"flavors: {}"  # on the connection after it


def test_the_files_of_a_version_are_listed_and_streamed(world, fraud):
    files = {
        "MLmodel": b"flavors: {}",
        "code/deep/predict.py": b"",
        "data/50% of all, 1.bin": bytes(range(256)) * 4_000,
    }
    for path, content in files.items():
        world.put_file(fraud, "1", path, content)
    tree = world.client.list_files(fraud, "1")
    assert {entry.path: entry.size for entry in tree.files} == {path: len(content) for path, content in files.items()}
    assert [entry.path for entry in tree.files] == sorted(files)
    assert (tree.problem, tree.size) == ("", 1_024_011)
    for path, content in files.items():
        assert b"".join(world.client.stream_file(fraud, "1", path)) == content
    assert world.client.list_files(fraud, "2").files == ()
    with pytest.raises(RegistryNotFound):
        list(world.client.stream_file(fraud, "1", "none.txt"))
    with pytest.raises(RegistryNotFound):
        world.client.list_files(fraud, "999")


@pytest.mark.mlflow
def test_the_files_of_a_copy_of_a_run_and_of_an_unlistable_place(request):
    world = connect_to_mlflow(request)
    name, copy = f"{world.prefix}Fraud", f"{world.prefix}Copy"
    world.add_version(name, metrics={"auc": 0.9})
    world.put_file(name, "1", "sub/a.txt", b"abc")
    world.client.copy_version(name, "1", copy, tags={})
    assert [entry.path for entry in world.client.list_files(copy, "1").files] == ["sub/a.txt"]
    world.store.create_model_version(name, "s3://bucket/models/fraud", None)
    tree = world.client.list_files(name, "2")
    assert (tree.files, tree.problem) == ((), "MLflow does not list what lies at s3://bucket/models/fraud.")


def test_a_prompt_has_no_files(world):
    name = f"{world.prefix}greeting"
    world.add_version(name, prompt_text="Hello")
    assert world.client.list_files(name, "1") == FileTree(())


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


# Holders


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


# Writing; each write twice, because a promotion that was cut off is repeated


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


# What only MLflow has


@pytest.fixture
def mlflow_world(request: pytest.FixtureRequest) -> RealMlflow:
    return connect_to_mlflow(request)


def add_logged_model(world: RealMlflow, name: str, *, with_run: bool) -> str:
    """Registers a logged model, whose params and metrics are its own, as the next version of `name`."""
    run = world.mlflow.create_run(world.experiment_id, run_name="calm-owl")
    world.mlflow.log_param(run.info.run_id, "depth", "run")
    world.mlflow.log_param(run.info.run_id, "seed", "7")
    world.mlflow.log_metric(run.info.run_id, "loss", 0.5)
    logged = world.mlflow.create_logged_model(
        world.experiment_id,
        source_run_id=run.info.run_id if with_run else None,
        params={"depth": "model"},
        tags={"mlflow.source.name": "train.py", "mlflow.user": "ada"},
    )
    for step, auc in ((2, 0.9), (1, 0.8)):
        world.mlflow.log_metric(run.info.run_id, "auc", auc, step=step, model_id=logged.model_id)
    for dataset, f1 in (("train", 0.99), ("test", 0.7)):
        world.mlflow.log_metric(
            run.info.run_id, "f1", f1, model_id=logged.model_id, dataset_name=dataset, dataset_digest="1"
        )
    world.mlflow.finalize_logged_model(logged.model_id, "READY")
    world.store.create_model_version(name, f"models:/{logged.model_id}", model_id=logged.model_id)
    return logged.model_id


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


@pytest.mark.mlflow
def test_lists_longer_than_a_page_are_whole(mlflow_world, monkeypatch):
    world, name = mlflow_world, f"{mlflow_world.prefix}Fraud"
    for _ in range(5):
        world.add_version(name)
    monkeypatch.setattr("registry.mlflow.searches.PAGE", 2)
    assert numbers(world.client.list_versions(name)) == ["5", "4", "3", "2", "1"]
    assert numbers(world.client.list_versions(name, limit=3)) == ["5", "4", "3"]


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


@pytest.mark.mlflow
def test_a_workspace_that_mlflow_does_not_have_is_refused_and_not_ignored(mlflow_world):
    from registry.mlflow import connect  # noqa: PLC0415 - only with a real MLflow

    with pytest.raises(RegistryRefused, match="workspaces are not enabled"):
        connect("team-a").search_models()


@pytest.mark.mlflow
def test_settings_of_mlflow_in_the_environment_do_not_reach_the_client(mlflow_world, monkeypatch):
    for variable, value in {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
        "MLFLOW_REGISTRY_URI": "http://127.0.0.1:1",
        "MLFLOW_TRACKING_TOKEN": "somebody-elses",
        "MLFLOW_WORKSPACE": "elsewhere",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(variable, value)
    assert mlflow_world.client.search_models(mlflow_world.prefix) == []


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


def test_the_server_says_which_version_it_is(world):
    found = world.client.server_version()
    assert found.split(".")[0] == "3"
    if isinstance(world, RealMlflow):
        assert found == metadata.version("mlflow")
        assert world.client.answers_anybody()


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


@pytest.mark.mlflow
@pytest.mark.django_db
def test_a_byte_that_is_changed_past_checkpoint_is_found_by_the_digests(request):
    from evidence.digests import taking  # noqa: PLC0415 - the room above, asked of a real MLflow here

    world = connect_to_mlflow(request)
    name = f"{world.prefix}Fraud"
    world.add_version(name, metrics={"auc": 0.9})
    world.put_file(name, "1", "model.pkl", bytes(range(256)) * 8_000)
    world.put_file(name, "1", "sub/card.md", b"# Card")
    manifest = taking.take(world.client, workspace="", name=name, version="1")
    assert taking.verify(world.client, manifest) == []
    world.put_file(name, "1", "model.pkl", bytes(range(256)) * 7_999 + bytes(255) + b"!")
    assert taking.verify(world.client, manifest) == [taking.Mismatch("model.pkl", "changed")]
