"""Two registries, filled alike: the fake and a real MLflow. What `RegistryClient` promises holds for both."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from registry.client import RegistryClient
from registry.fake import FakeRegistry
from registry.targets import Target
from registry.types import IS_PROMPT_TAG, PROMPT_TEXT_TAG, ModelVersion, VersionFacts

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
