"""The registry as MLflow keeps it: MLflow's own REST stores for messages and routes, Checkpoint's transport.

Importing this module imports MLflow, which takes a second: leave it to `registry.get_registry`.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from mlflow.entities import LifecycleStage, LoggedModel, Metric, Run
from mlflow.entities.model_registry import ModelVersion as MlflowVersion
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.entities.model_registry import RegisteredModel as MlflowModel

from registry.client import RegistryClient
from registry.exceptions import RegistryNotFound, RegistryRefused
from registry.measurements import Measurement, Origin, latest
from registry.stores import RegistryStore, TrackingStore
from registry.targets import ACTIVE_STAGES, Target, TargetKind
from registry.transport import AlreadyExists, Transport
from registry.types import (
    APPROVAL_TAG,
    IS_PROMPT_TAG,
    PROMPT_TEXT_TAG,
    ModelVersion,
    Provenance,
    RegisteredModel,
    VersionFacts,
    is_model_name,
    is_reserved_tag,
    is_version_number,
    prompt_settings,
)

_PROMPTS = f"tags.`{IS_PROMPT_TAG}` = 'true'"
_PAGE = 1_000
"""The most that MLflow gives of registered models at once."""
_MODELS_AT_ONCE = 250
"""Each comes with one version per stage, and a prompt's version with its text."""
_LOGGED_MODEL = re.compile(r"models:/(m-[\w-]+)|.*/models/(m-[0-9a-f]{32})/artifacts(?:/.*)?")
_VERSION = re.compile(r"\d+\.\d+[\w.+-]{0,40}")
_COPY = re.compile(r"models:/[^/]+/\d+")


def connect(workspace: str = "") -> RegistryClient:
    """Returns a client of one workspace of the configured MLflow; nothing is called yet.

    Raises:
        InvalidInput: the workspace's name cannot be one.
    """
    return MlflowRegistry(Transport(workspace))


class MlflowRegistry:
    """A `RegistryClient` that asks MLflow every time: it remembers nothing, so that nothing can be stale."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._registry = RegistryStore(transport)
        self._tracking = TrackingStore(transport)

    def search_models(self, text: str = "", *, limit: int = 100) -> list[RegisteredModel]:
        """See `RegistryClient`."""
        # MLflow leaves prompts out of every search that does not ask for them alone.
        found = [*self._search_models(text, limit, prompts=False), *self._search_models(text, limit, prompts=True)]
        return sorted(found, key=lambda model: model.name)[:limit]

    def list_models(self) -> list[RegisteredModel]:
        """See `RegistryClient`."""
        searches = [
            _pages(self._registry.search_registered_models, clause, _MODELS_AT_ONCE, ["name ASC"])
            for clause in ("", _PROMPTS)
        ]
        return [_model(found) for pages in searches for found in pages]

    def get_model(self, name: str) -> RegisteredModel:
        """See `RegistryClient`."""
        return _model(self._get_model(name))

    def list_versions(self, name: str, *, limit: int = 200) -> list[ModelVersion]:
        """See `RegistryClient`."""
        return self._versions(name, limit)

    def get_version(self, name: str, version: str) -> ModelVersion:
        """See `RegistryClient`."""
        _require_version(name, version)
        found = self._registry.get_model_version(name, version)
        if (found.name, str(found.version)) != (name, version):
            raise _no_version(name, version)
        return _version(found, found.aliases)

    def get_facts(self, name: str, version: str) -> VersionFacts:
        """See `RegistryClient`."""
        found = self.get_version(name, version)
        if not found.model_id and _COPY.fullmatch(found.source):
            # A copy says where it was copied from, which may be renamed or gone; where its artifacts lie stays.
            found = replace(found, model_id=_model_id(self._registry.get_model_version_download_uri(name, version)))
        logged = self._logged_model(found.model_id)
        run_id = found.run_id or (logged.source_run_id or "" if logged else "")
        run = self._run(run_id)
        return VersionFacts(
            version=found,
            params={**(run.data.params if run else {}), **(logged.params or {} if logged else {})},
            metrics=latest(of_run=_run_metrics(run), of_model=_model_metrics(logged)),
            tags={key: value for key, value in found.tags.items() if not is_reserved_tag(key)},
            experiment_id=run.info.experiment_id if run else logged.experiment_id if logged else "",
            run_name=run.info.run_name or "" if run else "",
            prompt_text=found.tags.get(PROMPT_TEXT_TAG),
            prompt_settings=prompt_settings(found.tags),
            gone=_gone(run_id, run, found.model_id, logged),
        )

    def get_provenance(self, name: str, version: str) -> Provenance:
        """See `RegistryClient`."""
        found = self.get_version(name, version)
        # A copy says where it was copied from; where its artifacts lie, it says here.
        location = self._registry.get_model_version_download_uri(name, version)
        logged = self._logged_model(model_id := found.model_id or _model_id(location))
        source_run = (logged.source_run_id or "") if logged else ""
        run_ids = {found.run_id, source_run} - {""}
        runs = [run for run_id in sorted(run_ids) if (run := self._run(run_id))]
        return Provenance(
            run_ids=frozenset(run_ids),
            model_ids=frozenset({model_id} - {""}),
            experiment_ids=frozenset(
                [*(run.info.experiment_id for run in runs), *([logged.experiment_id] if logged else [])]
            ),
            locations=frozenset(
                [location, *(run.info.artifact_uri for run in runs), *([logged.artifact_location] if logged else [])]
            ),
        )

    def server_version(self) -> str:
        """See `RegistryClient`."""
        status, body = self._transport.ask("/version")
        said = body.decode("ascii", "replace").strip()
        return said if status == 200 and _VERSION.fullmatch(said) else ""

    def answers_anybody(self) -> bool:
        """See `RegistryClient`."""
        status, _ = self._transport.ask("/api/2.0/mlflow/registered-models/search?max_results=1", signed_in=False)
        return status == 200

    def get_job_run(self, job_id: str) -> str:
        """See `RegistryClient`."""
        return self._tracking.get_job_run(job_id)

    def holders(self, name: str, target: Target) -> list[ModelVersion]:
        """See `RegistryClient`."""
        if target.kind == TargetKind.ALIAS:
            holder = self.get_model(name).aliases.get(target.name)
            return [self.get_version(name, holder)] if holder else []
        if target.kind == TargetKind.STAGE:
            return [version for version in self._versions(name) if version.stage == target.name]
        try:
            return self._versions(target.name)
        except RegistryNotFound:
            return []

    def transition_stage(self, name: str, version: str, stage: str, *, archive_existing_versions: bool) -> None:
        """See `RegistryClient`."""
        _require_version(name, version)
        archive = archive_existing_versions and stage in ACTIVE_STAGES
        self._registry.transition_model_version_stage(name, version, stage, archive)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """See `RegistryClient`."""
        _require_version(name, version)
        self._registry.set_registered_model_alias(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        """See `RegistryClient`."""
        _require_model(name)
        self._registry.delete_registered_model_alias(name, alias)

    def copy_version(self, name: str, version: str, destination: str, *, tags: dict[str, str]) -> ModelVersion:
        """See `RegistryClient`."""
        if not is_model_name(destination):
            raise RegistryRefused(f"{destination!r} cannot be the name of a registered model.")
        original = self.get_version(name, version)
        is_prompt = original.tags.get(IS_PROMPT_TAG, "").lower() == "true"
        # MLflow takes only its placeholder as the source of a prompt.
        source = original.source if is_prompt else f"models:/{name}/{version}"
        self._create_model(destination, is_prompt=is_prompt)
        for copy in self._versions(destination):
            # The source counts too: a tag can be set by anybody who may write to the destination.
            if APPROVAL_TAG in tags and copy.tags.get(APPROVAL_TAG) == tags[APPROVAL_TAG] and copy.source == source:
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
        return _version(copy, copy.aliases)

    def set_version_tags(self, name: str, version: str, tags: dict[str, str]) -> None:
        """See `RegistryClient`."""
        _require_version(name, version)
        for key, value in tags.items():
            self._registry.set_model_version_tag(name, version, ModelVersionTag(key, value))

    def _get_model(self, name: str) -> MlflowModel:
        _require_model(name)
        found = self._registry.get_registered_model(name)
        if found.name != name:
            # A database that compares without regard to case finds Fraud for fraud: one model, two names for it.
            raise _no_model(name)
        return found

    def _create_model(self, name: str, *, is_prompt: bool) -> None:
        try:
            self._registry.get_registered_model(name)
        except RegistryNotFound:
            tags = [RegisteredModelTag(IS_PROMPT_TAG, "true")] if is_prompt else []
            try:
                self._registry.create_registered_model(name, tags=tags)
            except AlreadyExists:
                return  # somebody else created it in between

    def _search_models(self, text: str, limit: int, *, prompts: bool) -> list[RegisteredModel]:
        clauses = [f"name ILIKE '%{_pattern(text, case=False)}%'"] if text else []
        clauses += [_PROMPTS] if prompts else []
        pages = _pages(self._registry.search_registered_models, " AND ".join(clauses), min(limit, _PAGE), ["name ASC"])
        return list(islice((_model(found) for found in pages if text.lower() in found.name.lower()), limit))

    def _versions(self, name: str, limit: int | None = None) -> list[ModelVersion]:
        """Returns all versions or the `limit` newest, newest first; RegistryNotFound when there is no such model."""
        model = self._get_model(name)
        found = self._search_versions(name, limit, prompts=model._is_prompt())
        newest = {version.version: version for version in model.latest_versions}
        if (limit is None or len(found) < limit) and not newest.keys() <= found.keys():
            # One version that carries the prompts' tag hides its whole model from a search: a way to hide a champion.
            found = {**newest, **self._search_versions(name, limit, prompts=not model._is_prompt()), **found}
        aliases: dict[str, list[str]] = {}
        for alias, version in model.aliases.items():
            aliases.setdefault(version, []).append(alias)
        versions = [_version(entity, aliases.get(entity.version, [])) for entity in found.values()]
        return sorted(versions, key=lambda version: version.number, reverse=True)[:limit]

    def _search_versions(self, name: str, limit: int | None, *, prompts: bool) -> dict[str, MlflowVersion]:
        pattern = _pattern(name, case=True)
        clause = f"name {'=' if pattern == name else 'LIKE'} '{pattern}'" + (f" AND {_PROMPTS}" if prompts else "")
        size = min(limit or _PAGE, _PAGE)
        pages = _pages(self._registry.search_model_versions, clause, size, ["version_number DESC"])
        return {found.version: found for found in islice((found for found in pages if found.name == name), limit)}

    def _logged_model(self, model_id: str) -> LoggedModel | None:
        try:
            return self._tracking.get_logged_model(model_id) if model_id else None
        except RegistryNotFound:
            return None

    def _run(self, run_id: str) -> Run | None:
        try:
            return self._tracking.get_run(run_id) if run_id else None
        except RegistryNotFound:
            return None


def _gone(run_id: str, run: Run | None, model_id: str, logged: LoggedModel | None) -> tuple[str, ...]:
    # MLflow goes on showing a deleted run, and hides a deleted logged model.
    is_run_gone = run_id and (run is None or run.info.lifecycle_stage == LifecycleStage.DELETED)
    return (*(["run"] if is_run_gone else []), *(["logged_model"] if model_id and logged is None else []))


def _no_model(name: str) -> RegistryNotFound:
    return RegistryNotFound(f"Registered Model with name={name!r} not found")


def _no_version(name: str, version: str) -> RegistryNotFound:
    return RegistryNotFound(f"Model Version (name={name!r}, version={version!r}) not found")


def _require_model(name: str) -> None:
    if not is_model_name(name):
        raise _no_model(name)


def _require_version(name: str, version: str) -> None:
    if not (is_model_name(name) and is_version_number(version)):
        raise _no_version(name, version)


def _pages(search: Any, clause: str, size: int, order: list[str]) -> Iterator[Any]:
    token = None
    while True:
        page = search(clause or None, size, order, token)
        yield from page
        token = page.token
        if not token:
            return


def _pattern(text: str, *, case: bool) -> str:
    """Returns a LIKE pattern that matches at least `text` and cannot end the quotes around it.

    MLflow's filters know no escapes, so what could end a quote is matched by the wildcard for one character, as are
    letters whose case SQLite does not know. The caller compares again.
    """
    return re.sub(r"['\"\\\x00-\x1f]" if case else r"['\"\\\x00-\x1f]|[^\x00-\x7f]", "_", text)


def _model(found: MlflowModel) -> RegisteredModel:
    aliases = {alias: str(version) for alias, version in found.aliases.items()}
    latest = found.latest_versions or []
    places = sorted(f"{version.version}={version.current_stage}" for version in latest)
    return RegisteredModel(
        found.name,
        found.description or "",
        aliases,
        dict(found.tags),
        found._is_prompt(),
        stages=frozenset(version.current_stage for version in latest),
        revision=f"{found.last_updated_timestamp} {' '.join(places)}",
    )


def _version(found: MlflowVersion, aliases: list[str]) -> ModelVersion:
    return ModelVersion(
        name=found.name,
        version=str(found.version),
        stage=found.current_stage or "None",
        aliases=tuple(sorted(aliases)),
        description=found.description or "",
        source=found.source or "",
        run_id=found.run_id or "",
        model_id=found.model_id or _model_id(found.source or ""),
        status=found.status,
        created_at=_time(found.creation_timestamp),
        updated_at=_time(found.last_updated_timestamp),
        tags=dict(found.tags),
    )


def _model_id(source: str) -> str:
    # A version does not say which logged model it is; where its artifacts lie does.
    match = _LOGGED_MODEL.fullmatch(source)
    return (match[1] or match[2]) if match else ""


def _time(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def _run_metrics(run: Run | None) -> list[Measurement]:
    # `data.metrics` would be {key: value} only.
    return [_measurement(metric, Origin.RUN, run.info.run_id) for metric in run.data._metric_objs] if run else []


def _model_metrics(logged: LoggedModel | None) -> list[Measurement]:
    metrics = (logged.metrics or []) if logged else []
    return [_measurement(metric, Origin.LOGGED_MODEL, metric.run_id or "") for metric in metrics]


def _measurement(metric: Metric, origin: Origin, run_id: str) -> Measurement:
    return Measurement(
        key=metric.key,
        value=metric.value,
        step=metric.step,
        timestamp=metric.timestamp,
        dataset_name=metric.dataset_name or "",
        dataset_digest=metric.dataset_digest or "",
        origin=origin,
        run_id=run_id,
    )
