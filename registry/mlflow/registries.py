"""MLflow's registries as one: of models and prompts, of skills, of MCP servers. A name says which is meant."""

from collections.abc import Collection, Iterator

from typing_extensions import override

from registry.client import RegistryClient
from registry.measurements import History, Logged
from registry.mlflow.client import Models
from registry.mlflow.entries import Entries
from registry.targets import Target
from registry.types import Family, FileTree, ModelVersion, Provenance, RegisteredModel, VersionFacts, family_of


class MlflowRegistries(RegistryClient):
    """The `RegistryClient` of one workspace of MLflow."""

    def __init__(self, models: Models, entries: Entries) -> None:
        self._models = models
        self._entries = entries

    def _of(self, name: str) -> Models | Entries:
        return self._models if family_of(name) is Family.MODEL else self._entries

    @override
    def search_models(self, text: str = "", *, limit: int = 100) -> list[RegisteredModel]:
        found = [*self._models.search_models(text, limit=limit), *self._entries.all(text)]
        return sorted(found, key=lambda model: model.name)[:limit]

    @override
    def list_models(self) -> list[RegisteredModel]:
        return [*self._models.list_models(), *self._entries.all()]

    @override
    def get_model(self, name: str) -> RegisteredModel:
        return self._of(name).get_model(name)

    @override
    def list_versions(
        self, name: str, *, limit: int = 200, below: int = 0, model: RegisteredModel | None = None
    ) -> list[ModelVersion]:
        return self._of(name).list_versions(name, limit=limit, below=below, model=model)

    @override
    def get_version(self, name: str, version: str) -> ModelVersion:
        return self._of(name).get_version(name, version)

    @override
    def get_facts(self, name: str, version: str, *, known: VersionFacts | None = None) -> VersionFacts:
        return self._of(name).get_facts(name, version, known=known)

    @override
    def get_provenance(self, name: str, version: str) -> Provenance:
        return self._of(name).get_provenance(name, version)

    @override
    def read_file(self, name: str, version: str, path: str, *, limit: int) -> bytes | None:
        return self._of(name).read_file(name, version, path, limit=limit)

    @override
    def list_files(self, name: str, version: str) -> FileTree:
        return self._of(name).list_files(name, version)

    @override
    def stream_file(self, name: str, version: str, path: str) -> Iterator[bytes]:
        return self._of(name).stream_file(name, version, path)

    @override
    def metric_history(self, run_id: str, key: str, *, limit: int) -> list[Logged]:
        return self._models.metric_history(run_id, key, limit=limit)

    @override
    def metric_sample(self, run_id: str, key: str) -> History:
        return self._models.metric_sample(run_id, key)

    @override
    def last_values(self, run_ids: Collection[str]) -> dict[str, dict[str, float]]:
        return self._models.last_values(run_ids)

    @override
    def last_values_of_models(self, model_ids: Collection[str]) -> dict[str, dict[str, float]]:
        return self._models.last_values_of_models(model_ids)

    @override
    def makers(self, versions: Collection[ModelVersion]) -> dict[str, str]:
        return self._models.makers(versions)

    @override
    def find_made_of(
        self, *, run_ids: Collection[str], model_ids: Collection[str], folders: Collection[str]
    ) -> list[tuple[str, str]]:
        # What a skill is made of lies where MLflow itself lets nobody write, or is found by the look of the seal.
        return self._models.find_made_of(run_ids=run_ids, model_ids=model_ids, folders=folders)

    @override
    def server_version(self) -> str:
        return self._models.server_version()

    @override
    def list_workspaces(self) -> list[str]:
        return self._models.list_workspaces()

    @override
    def answers_anybody(self) -> bool:
        return self._models.answers_anybody()

    @override
    def artifact_locations(
        self, *, run_ids: Collection[str], model_ids: Collection[str], experiment_ids: Collection[str]
    ) -> list[str]:
        return self._models.artifact_locations(run_ids=run_ids, model_ids=model_ids, experiment_ids=experiment_ids)

    @override
    def get_job_run(self, job_id: str) -> str:
        return self._models.get_job_run(job_id)

    @override
    def holders(self, name: str, target: Target, *, exact: bool = False) -> list[str]:
        return self._of(name).holders(name, target, exact=exact)

    @override
    def noted_holder(self, name: str, target: Target) -> str:
        if family_of(name) is Family.MODEL:
            return self._models.noted_holder(name, target)
        return next(iter(self._entries.holders(name, target)), "")

    @override
    def copies(self, name: str, version: str, destination: str) -> list[ModelVersion]:
        return self._of(name).copies(name, version, destination)

    @override
    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        self._of(name).transition_stage(name, version, stage, archive_existing_versions=archive_existing_versions)

    @override
    def set_status(self, name: str, version: str, status: str) -> None:
        self._of(name).set_status(name, version, status)

    @override
    def set_alias(self, name: str, alias: str, version: str) -> None:
        self._of(name).set_alias(name, alias, version)

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        self._of(name).delete_alias(name, alias)

    @override
    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        return self._of(name).copy_version(name, version, destination, tags=tags)

    @override
    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        self._of(name).set_version_tags(name, version, tags)
