"""The registry of models that MLflow keeps: MLflow's own REST stores for messages and routes, our transport."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from mlflow.entities import LifecycleStage, LoggedModel, Run
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from typing_extensions import override

from registry import places
from registry.client import RegistryClient
from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.measurements import History, Logged, latest
from registry.memory import Memory
from registry.mlflow import files, histories, making, versions, workspaces
from registry.mlflow.entities import (
    evaluations_of,
    model_id_in,
    model_metrics,
    model_of,
    origin,
    run_comparisons,
    run_criteria,
    run_dataset_names,
    run_datasets,
    run_in,
    run_metrics,
    run_tags,
    version_of,
)
from registry.mlflow.origins import Origins
from registry.mlflow.searches import Order, Searches, equals
from registry.mlflow.standings import Standings
from registry.mlflow.stores import RegistryStore, TrackingStore
from registry.targets import ACTIVE_STAGES, Target, TargetKind
from registry.transport import AlreadyExists, BadParameter, Transport
from registry.types import (
    APPROVAL_TAG,
    IS_PROMPT_TAG,
    FileTree,
    ModelVersion,
    Provenance,
    RegisteredModel,
    VersionFacts,
    is_model_name,
    is_version_number,
)

_COPY = re.compile(r"models:/[^/]+/\d+")


class Models(RegistryClient):
    """The `RegistryClient` of registered models and prompts; skills and MCP servers have `entries`.

    It asks MLflow every time, so that nothing can be stale; of large models see `standings`.
    """

    def __init__(self, transport: Transport, memory: Memory) -> None:
        self._transport = transport
        self._registry = RegistryStore(transport)
        self._tracking = TrackingStore(transport)
        self._searches = Searches(self._registry)
        self._origins = Origins(self._searches, self._tracking)
        self._standings = Standings(self._searches, self.get_version, memory)

    @override
    def search_models(self, text: str = "", *, limit: int = 100) -> list[RegisteredModel]:
        return [model_of(found) for found in self._searches.models(text, limit)]

    @override
    def list_models(self) -> list[RegisteredModel]:
        return [model_of(found) for found in self._searches.models()]

    @override
    def get_model(self, name: str) -> RegisteredModel:
        return model_of(self._searches.model(name))

    @override
    def list_versions(
        self, name: str, *, limit: int = 200, below: int = 0, model: RegisteredModel | None = None
    ) -> list[ModelVersion]:
        model = model or self.get_model(name)
        found = {version.version: version for version in self._searches.versions(name, below=below, limit=limit)}
        newest = {version for version in model.newest.values() if not below or int(version) < below}
        aliases: dict[str, list[str]] = {}
        for alias, version in model.aliases.items():
            aliases.setdefault(version, []).append(alias)
        versions = [version_of(entity, aliases.get(entity.version, [])) for entity in found.values()]
        if len(found) < limit:  # hidden by a version that is tagged as a prompt: see `searches`
            versions += [version for number in newest - found.keys() for version in self._if_there(name, number)]
        return sorted(versions, key=lambda version: version.number, reverse=True)[:limit]

    @override
    def get_version(self, name: str, version: str) -> ModelVersion:
        _require_version(name, version)
        found = self._registry.get_model_version(name, version)
        if (found.name, str(found.version)) != (name, version):
            raise _no_version(name, version)
        return version_of(found, found.aliases)

    @override
    def get_facts(self, name: str, version: str, *, known: VersionFacts | None = None) -> VersionFacts:
        found = self.get_version(name, version)
        if known is not None and known.is_still(found):
            return known.said_by(replace(found, model_id=known.version.model_id))
        location = found.source
        if not found.model_id and _COPY.fullmatch(found.source):
            # A copy says where it was copied from, which may be renamed or gone; where its artifacts lie stays.
            location = self._registry.get_model_version_download_uri(name, version)
            found = replace(found, model_id=model_id_in(location))
        logged = self._logged_model(found.model_id)
        # A client names the run of a version as it likes: what made the files is told by where they lie.
        made_by = (logged.source_run_id or "" if logged else "") or run_in(location)
        run_id = made_by or found.run_id
        run = self._run(run_id)
        if run is None and run_id != found.run_id:
            made_by, run_id = "", found.run_id
            run = self._run(run_id)
        evaluations = [made for made_in in evaluations_of(logged, run_id) if (made := self._run(made_in))]
        facts = VersionFacts(
            version=found,
            params={**(run.data.params if run else {}), **(logged.params or {} if logged else {})},
            metrics=latest(of_run=[*run_metrics(run), *run_comparisons(evaluations)], of_model=model_metrics(logged)),
            experiment_id=run.info.experiment_id if run else logged.experiment_id if logged else "",
            run_name=run.info.run_name or "" if run else "",
            gone=_gone(run_id, run, found.model_id, logged),
            datasets=run_datasets(run),
            dataset_names=run_dataset_names(run),
            origin=origin(run, logged),
            run_tags=run_tags(run, logged),
            criteria=run_criteria([*([run] if run else []), *evaluations]),
            made_by=made_by if found.run_id and made_by != found.run_id else "",
            unplaced_source="" if places.can_be_told(location) else location,
        )
        return facts.said_by(found)

    @override
    def get_provenance(self, name: str, version: str) -> Provenance:
        found = self.get_version(name, version)
        # A copy says where it was copied from; where its artifacts lie, it says here.
        location = self._registry.get_model_version_download_uri(name, version)
        model_id = found.model_id or model_id_in(location)
        return making.provenance(self._tracking, location, run_id=found.run_id, model_id=model_id)

    @override
    def read_file(self, name: str, version: str, path: str, *, limit: int) -> bytes | None:
        _require_version(name, version)
        return files.read(self._transport, name, version, path, limit=limit)

    @override
    def list_files(self, name: str, version: str) -> FileTree:
        found = self.get_version(name, version)
        if found.is_prompt:
            return FileTree(())
        location = self._registry.get_model_version_download_uri(name, version)
        logged = self._logged_model(found.model_id or model_id_in(location))
        return files.listed(self._transport, location, logged, (found.run_id, self._run_place))

    @override
    def stream_file(self, name: str, version: str, path: str) -> Iterator[bytes]:
        _require_version(name, version)
        return files.stream(self._transport, name, version, path)

    @override
    def metric_history(self, run_id: str, key: str, *, limit: int) -> list[Logged]:
        return histories.history(self._transport, run_id, key, limit=limit)

    @override
    def metric_sample(self, run_id: str, key: str) -> History:
        return histories.sample(self._transport, run_id, key)

    @override
    def last_values(self, run_ids: Collection[str]) -> dict[str, dict[str, float]]:
        return histories.last_values(self._transport, run_ids)

    @override
    def last_values_of_models(self, model_ids: Collection[str]) -> dict[str, dict[str, float]]:
        return histories.last_values_of_models(self._transport, self._tracking, model_ids)

    @override
    def makers(self, versions: Collection[ModelVersion]) -> dict[str, str]:
        named = [version for version in versions if version.run_id]
        sources = histories.source_runs(self._transport, self._tracking, {version.model_id for version in named})
        made = {version.version: sources.get(version.model_id) or run_in(version.source) for version in named}
        return {version.version: run for version in named if (run := made[version.version]) not in ("", version.run_id)}

    @override
    def find_made_of(
        self, *, run_ids: Collection[str], model_ids: Collection[str], folders: Collection[str]
    ) -> list[tuple[str, str]]:
        return self._origins.made_of(run_ids, model_ids, folders)

    @override
    def server_version(self) -> str:
        return versions.server_version(self._transport)

    @override
    def list_workspaces(self) -> list[str]:
        return workspaces.listed(self._transport)

    @override
    def answers_anybody(self) -> bool:
        status, _ = self._transport.ask("/api/2.0/mlflow/registered-models/search?max_results=1", signed_in=False)
        return status == 200

    @override
    def artifact_locations(
        self, *, run_ids: Collection[str], model_ids: Collection[str], experiment_ids: Collection[str]
    ) -> list[str]:
        return making.locations_of(self._tracking, run_ids=run_ids, model_ids=model_ids, experiment_ids=experiment_ids)

    @override
    def get_job_run(self, job_id: str) -> str:
        return self._tracking.get_job_run(job_id)

    @override
    def holders(self, name: str, target: Target, *, exact: bool = False) -> list[str]:
        match target.kind:
            case TargetKind.STAGE:
                return self._standings.in_stage(name, target.name, exact=exact)
            case TargetKind.ALIAS:
                return self._holder_of_alias(name, target.name)
            case TargetKind.MODEL:
                return self._newest(target.name)
            case TargetKind.STATUS:
                return []

    @override
    def noted_holder(self, name: str, target: Target) -> str:
        if target.kind == TargetKind.STAGE:
            return self._standings.noted_in_stage(name, target.name)
        return next(iter(self.holders(name, target)), "")

    @override
    def copies(self, name: str, version: str, destination: str) -> list[ModelVersion]:
        return self._copies(
            destination, f"models:/{name}/{version}", equals("source_path", f"models:/{name}/{version}")
        )

    @override
    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        _require_version(name, version)
        archive = archive_existing_versions and stage in ACTIVE_STAGES
        try:
            self._registry.transition_model_version_stage(name, version, stage, archive)
        finally:  # also where no answer came: it may have been done
            self._standings.moved(name, version, stage)

    @override
    def set_status(self, name: str, version: str, status: str) -> None:
        raise RegistryRefused(f"A version of the registered model {name!r} has a stage and no status.")

    @override
    def set_alias(self, name: str, alias: str, version: str) -> None:
        _require_version(name, version)
        self._registry.set_registered_model_alias(name, alias, version)

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        _require_model(name)
        self._registry.delete_registered_model_alias(name, alias)

    @override
    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        if not is_model_name(destination):
            raise RegistryRefused(f"{destination!r} cannot be the name of a registered model.")
        original = self.get_version(name, version)
        # MLflow takes only its placeholder as the source of a prompt.
        source = original.source if original.is_prompt else f"models:/{name}/{version}"
        self._create_model(destination, is_prompt=original.is_prompt)
        if approval := tags.get(APPROVAL_TAG):
            # The source counts too: a tag can be set by anybody who may write to the destination.
            for copy in self._copies(destination, source, equals(f"tags.`{APPROVAL_TAG}`", approval)):
                if copy.tags.get(APPROVAL_TAG) == approval:
                    return copy
        # An approval is of one version in one place: the original's is not the copy's.
        kept = {key: value for key, value in original.tags.items() if not key.startswith("checkpoint.")}
        copy = self._registry.create_model_version(
            destination,
            source,
            run_id=original.run_id or None,
            tags=[ModelVersionTag(key, value) for key, value in (kept | tags).items()],
            description=original.description,
        )
        return version_of(copy, copy.aliases)

    @override
    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        _require_version(name, version)
        for key, value in tags.items():
            self._registry.set_model_version_tag(name, version, ModelVersionTag(key, value))

    def _if_there(self, name: str, version: str) -> list[ModelVersion]:
        try:
            return [self.get_version(name, version)]
        except RegistryNotFound:
            return []

    def _holder_of_alias(self, name: str, alias: str) -> list[str]:
        # MLflow's `latest` is the newest version, which nobody gave this name.
        if not is_model_name(name) or not re.fullmatch(r"[\w-]{1,256}", alias) or alias.lower() == "latest":
            self._searches.model(name)
            return []
        try:
            found = self._registry.get_model_version_by_alias(name, alias)
        except BadParameter:  # nobody has it, or nobody can
            return []
        except RegistryNotFound:
            self._searches.model(name)  # there is none; or the alias outlived its version
            return []
        # A database that compares without regard to case finds Fraud for fraud, and Champion for champion.
        if found.name != name:
            raise _no_model(name)
        return [str(found.version)] if alias in found.aliases else []

    def _newest(self, name: str) -> list[str]:
        if not is_model_name(name):
            return []
        for found in self._searches.each_version(name, Order.BY_NUMBER, size=1):
            return [str(found.version)]
        try:  # a prompt, or a model that is taken for one, or none
            return [found.version for found in self.list_versions(name, limit=1)]
        except RegistryNotFound:
            return []

    def _copies(self, destination: str, source: str, clause: str) -> list[ModelVersion]:
        found = self._searches.versions(destination, more=clause) if is_model_name(destination) else []
        return [self.get_version(destination, str(copy.version)) for copy in found if copy.source == source]

    def _create_model(self, name: str, *, is_prompt: bool) -> None:
        if self._newest(name):
            return
        try:
            self._searches.model(name)
        except RegistryNotFound:
            tags = [RegisteredModelTag(IS_PROMPT_TAG, "true")] if is_prompt else []
            try:
                self._registry.create_registered_model(name, tags=tags)
            except AlreadyExists:
                return  # somebody else created it in between

    def _logged_model(self, model_id: str) -> LoggedModel | None:
        return making.logged_model(self._tracking, model_id)

    def _run(self, run_id: str) -> Run | None:
        return making.run_of(self._tracking, run_id)

    def _run_place(self, run_id: str) -> str:
        try:
            return self._tracking.run_place(run_id)
        except RegistryNotFound:
            return ""


def _no_model(name: str) -> RegistryNotFound:
    return RegistryNotFound(f"Registered Model with name={name!r} not found")


def _gone(run_id: str, run: Run | None, model_id: str, logged: LoggedModel | None) -> tuple[str, ...]:
    # MLflow goes on showing a deleted run, and hides a deleted logged model.
    is_run_gone = run_id and (run is None or run.info.lifecycle_stage == LifecycleStage.DELETED)
    return (*(["run"] if is_run_gone else []), *(["logged_model"] if model_id and logged is None else []))


def _no_version(name: str, version: str) -> RegistryNotFound:
    return RegistryNotFound(f"Model Version (name={name!r}, version={version!r}) not found")


def _require_model(name: str) -> None:
    if not is_model_name(name):
        raise _no_model(name)


def _require_version(name: str, version: str) -> None:
    if not (is_model_name(name) and is_version_number(version)):
        raise _no_version(name, version)
