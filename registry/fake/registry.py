"""The calls of the registry in memory."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from typing_extensions import override

from registry import places
from registry.client import RegistryClient
from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.fake.shelf import Shelf
from registry.names import plain
from registry.targets import ACTIVE_STAGES, STAGES, STATUS_CHANGES, Target, TargetKind
from registry.types import (
    APPROVAL_TAG,
    IS_PROMPT_TAG,
    Family,
    FileEntry,
    FileTree,
    ModelVersion,
    Provenance,
    RegisteredModel,
    VersionFacts,
    family_of,
    is_model_name,
    is_reserved_tag,
)

_REGISTRIES: dict[str, "FakeRegistry"] = {}
_ALIAS = re.compile(r"[\w\-]+")
_RESERVED_ALIAS = re.compile(r"(?i)latest|v\d+")


def connect(workspace: str = "") -> "FakeRegistry":
    """Returns the process's registry of a workspace; a value for the setting `CHECKPOINT_REGISTRY_CLIENT`."""
    return _REGISTRIES.setdefault(workspace, FakeRegistry())


def reset() -> None:
    """Forgets every registry that `connect` handed out."""
    _REGISTRIES.clear()


def _folded(text: str) -> str:
    return plain(text.strip()) or "none"


class FakeRegistry(Shelf, RegistryClient):
    """A `RegistryClient` for one workspace, safe to use from several threads.

    Beside the protocol: `add_model`, `set_model_tags`, `add_version`, `add_job`, `change_facts` and `delete_version`
    arrange what is there; `version` and `is_open` say what kind of MLflow it is; `fail_next` and `before` arrange
    failures and races;
    `files` are those of versions, {(name, version, path): bytes}; `histories` of runs, {(run, metric): values}, of
    which a sample has `sampled`;
    `calls` tells which calls were made, as (method, arguments).
    """

    @override
    def search_models(self, text: str = "", *, limit: int = 100) -> list[RegisteredModel]:
        with self._call("search_models", text):
            names = sorted(name for name in self._models if text.lower() in name.lower() and not self._lacks(name))
            return [self._model(name) for name in names[:limit]]

    @override
    def list_models(self) -> list[RegisteredModel]:
        with self._call("list_models"):
            return [self._model(name) for name in self._models if not self._lacks(name)]

    @override
    def get_model(self, name: str) -> RegisteredModel:
        with self._call("get_model", name):
            return self._model(name)

    @override
    def list_versions(
        self, name: str, *, limit: int = 200, below: int = 0, model: RegisteredModel | None = None
    ) -> list[ModelVersion]:
        with self._call("list_versions", name):
            return [version for version in self._versions(name) if not below or version.number < below][:limit]

    @override
    def get_version(self, name: str, version: str) -> ModelVersion:
        with self._call("get_version", name, version):
            return self._version(name, version)

    @override
    def get_facts(self, name: str, version: str, *, known: VersionFacts | None = None) -> VersionFacts:
        with self._call("get_facts", name, version):
            stored, found = self._stored(name, version), self._version(name, version)
            if found.family is not Family.MODEL:
                said = {key: value for key, value in found.tags.items() if not is_reserved_tag(key)}
                return replace(
                    stored, version=found, params=dict(stored.params), metrics=dict(stored.metrics), tags=said
                )
            if known is not None and known.is_still(found):
                return known.said_by(found)
            return replace(
                stored.said_by(found),
                params=dict(stored.params),
                metrics=dict(stored.metrics),
                unplaced_source="" if places.can_be_told(found.source) else found.source,
            )

    @override
    def get_provenance(self, name: str, version: str) -> Provenance:
        with self._call("get_provenance", name, version):
            facts = self._stored(name, version)
            found, experiment_id = facts.version, facts.experiment_id
            own = [f"{experiment_id}/{found.run_id}/artifacts"] if found.run_id else []
            own += [f"{experiment_id}/models/{found.model_id}/artifacts"] if found.model_id else []
            return Provenance(
                run_ids=frozenset({found.run_id, *places.runs_in(found.source)} - {""}),
                model_ids=frozenset({found.model_id, *places.models_in(found.source)} - {""}),
                experiment_ids=frozenset({experiment_id} - {""}),
                locations=frozenset([found.source, *(f"mlflow-artifacts:/{place}" for place in own)]),
            )

    @override
    def server_version(self) -> str:
        with self._call("server_version"):
            return self.version

    @override
    def answers_anybody(self) -> bool:
        with self._call("answers_anybody"):
            return self.is_open

    @override
    def list_workspaces(self) -> list[str]:
        with self._call("list_workspaces"):
            return sorted(_REGISTRIES) if len(_REGISTRIES) > 1 else []

    @override
    def read_file(self, name: str, version: str, path: str, *, limit: int) -> bytes | None:
        with self._call("read_file", name, version, path):
            content = self.files.get((name, version, path))
            return content and content[: limit + 1]

    @override
    def list_files(self, name: str, version: str) -> FileTree:
        with self._call("list_files", name, version):
            self._stored(name, version)
            found = [
                FileEntry(path, len(content))
                for (model, number, path), content in self.files.items()
                if (model, number) == (name, version)
            ]
            return FileTree(tuple(sorted(found, key=lambda entry: entry.path)))

    @override
    def stream_file(self, name: str, version: str, path: str) -> Iterator[bytes]:
        with self._call("stream_file", name, version, path):
            content = self.files.get((name, version, path))
        if content is None:
            raise RegistryNotFound(f"{path} is not among the files of version {version} of {name}.")
        for start in range(0, len(content), 256 * 1024):
            yield content[start : start + 256 * 1024]

    @override
    def find_made_of(
        self, *, run_ids: Collection[str], model_ids: Collection[str], folders: Collection[str]
    ) -> list[tuple[str, str]]:
        with self._call("find_made_of", sorted(run_ids), sorted(model_ids), sorted(folders)):
            ends = tuple(f"/{folder}" for folder in folders)
            return [
                (name, version)
                for name, versions in self._facts.items()
                for version, facts in versions.items()
                if plain(facts.version.run_id) in map(_folded, run_ids)
                or plain(facts.version.model_id) in map(_folded, model_ids)
                or any(text in facts.version.source for text in (*run_ids, *model_ids) if text)
                or (bool(ends) and facts.version.source.lower().rstrip("/").endswith(ends))
            ]

    @override
    def artifact_locations(
        self, *, run_ids: Collection[str], model_ids: Collection[str], experiment_ids: Collection[str]
    ) -> list[str]:
        ids = [*run_ids, *model_ids, *experiment_ids]
        with self._call("artifact_locations", *ids):
            return [self.laid[one] for one in ids if one in self.laid]

    @override
    def get_job_run(self, job_id: str) -> str:
        with self._call("get_job_run", job_id):
            if job_id not in self._job_runs:
                raise RegistryNotFound(f"Job with ID {job_id} not found")
            return self._job_runs[job_id]

    @override
    def holders(self, name: str, target: Target, *, exact: bool = False) -> list[str]:
        with self._call("holders", name, target):
            match target.kind:
                case TargetKind.MODEL:
                    versions = self._versions(target.name) if target.name in self._models else []
                    return [found.version for found in versions[:1]]
                case TargetKind.ALIAS:
                    return [found.version for found in self._versions(name) if target.name in found.aliases]
                case TargetKind.STAGE:
                    return [found.version for found in self._versions(name) if found.stage == target.name]
                case TargetKind.STATUS:
                    return [found.version for found in self._versions(name) if found.status == target.name]

    @override
    def noted_holder(self, name: str, target: Target) -> str:
        # Everything takes a search here.
        return ""

    @override
    def copies(self, name: str, version: str, destination: str) -> list[ModelVersion]:
        with self._call("copies", name, version, destination):
            versions = self._versions(destination) if destination in self._models else []
            return [found for found in versions if found.source == f"models:/{name}/{version}"]

    @override
    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        with self._call("transition_stage", name, version, stage, archive_existing_versions):
            if stage not in STAGES or family_of(name) is not Family.MODEL:
                raise RegistryRefused(f"Invalid Model Version stage: {stage}.")
            self._stored(name, version)
            if archive_existing_versions and stage in ACTIVE_STAGES:
                for other in self._versions(name):
                    if other.stage == stage and other.version != version:
                        self._update(name, other.version, stage="Archived")
            self._update(name, version, stage=stage)

    @override
    def set_status(self, name: str, version: str, status: str) -> None:
        with self._call("set_status", name, version, status):
            found = self._stored(name, version).version
            if found.status != status and status not in STATUS_CHANGES.get(found.status, ()):
                raise RegistryRefused(f"Invalid status transition from '{found.status}' to '{status}'.")
            self._update(name, version, status=status)

    @override
    def set_alias(self, name: str, alias: str, version: str) -> None:
        with self._call("set_alias", name, alias, version):
            if not _ALIAS.fullmatch(alias) or _RESERVED_ALIAS.fullmatch(alias):
                raise RegistryRefused(f"Invalid alias name: '{alias}'.")
            self._stored(name, version)
            self._models[name].aliases[alias] = version

    @override
    def delete_alias(self, name: str, alias: str) -> None:
        with self._call("delete_alias", name, alias):
            self._model(name)
            self._models[name].aliases.pop(alias, None)

    @override
    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        with self._call("copy_version", name, version, destination):
            if not is_model_name(destination) or family_of(name) is not Family.MODEL:
                raise RegistryRefused(f"{name!r} cannot be copied into {destination!r}.")
            original = self._version(name, version)
            source = original.source if IS_PROMPT_TAG in original.tags else f"models:/{name}/{version}"
            self.add_model(destination, is_prompt=self._models[name].is_prompt)
            for copy in self._versions(destination):
                is_approved = APPROVAL_TAG in tags and copy.tags.get(APPROVAL_TAG) == tags[APPROVAL_TAG]
                if is_approved and copy.source == source:
                    return copy
            kept = {key: value for key, value in original.tags.items() if not key.startswith("checkpoint.")}
            copy = self._next_version(
                destination,
                source=source,
                run_id=original.run_id,
                model_id=original.model_id,
                description=original.description,
                tags=kept | tags,
            )
            self._facts[destination][copy.version] = replace(self._stored(name, version), version=copy)
            return copy

    @override
    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        with self._call("set_version_tags", name, version):
            self._update(name, version, tags=self._stored(name, version).version.tags | tags)
