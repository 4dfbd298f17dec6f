"""What the registry in memory has, and how tests arrange it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import RLock

from registry.exceptions import RegistryNotFound
from registry.measurements import History, Logged, Measurement
from registry.types import (
    IS_PROMPT_TAG,
    PROMPT_TEXT_TAG,
    Family,
    ModelVersion,
    RegisteredModel,
    VersionFacts,
    family_of,
)


def measured(metrics: Mapping[str, float | Measurement]) -> dict[str, Measurement]:
    """Returns {name: measurement}; a number alone was logged to the run at step 0."""
    return {
        name: value if isinstance(value, Measurement) else Measurement(name, float(value))
        for name, value in metrics.items()
    }


@dataclass(slots=True)
class _Failure:
    exception: Exception
    call: str
    after: bool


class Shelf:
    """Models with their versions: facts by model and version, aliases on the model."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []
        self.version = "3.17.2"
        self.is_open = False
        self._models: dict[str, RegisteredModel] = {}
        self._facts: dict[str, dict[str, VersionFacts]] = {}
        self._job_runs: dict[str, str] = {}
        self.laid: dict[str, str] = {}
        """{run, logged model or experiment: where its artifacts lie}, where somebody said so."""
        self.histories: dict[tuple[str, str], list[Logged]] = {}
        self.sampled = 2_500
        self.files: dict[tuple[str, str, str], bytes] = {}
        self._last_number: dict[str, int] = {}
        self._failures: list[_Failure] = []
        self._hooks: dict[str, list[Callable[[], None]]] = {}
        self._lock = RLock()

    def add_model(
        self, name: str, *, description: str = "", tags: dict[str, str] | None = None, is_prompt: bool = False
    ) -> RegisteredModel:
        """Adds a model, or returns the one that has this name."""
        with self._lock:
            tags = dict(tags or {}) | ({IS_PROMPT_TAG: "true"} if is_prompt else {})
            model = RegisteredModel(name, description, tags=tags, is_prompt=is_prompt)
            self._facts.setdefault(name, {})
            return self._models.setdefault(name, model)

    def set_model_tags(self, name: str, tags: dict[str, str]) -> None:
        """Sets tags on a registered model, as somebody does in MLflow."""
        self._models[name].tags.update(tags)

    def add_job(self, job_id: str, run_id: str) -> None:
        """Adds a job that optimises a prompt, with the run that it made."""
        self._job_runs[job_id] = run_id

    def add_version(
        self,
        name: str,
        *,
        stage: str = "None",
        aliases: tuple[str, ...] = (),
        params: dict[str, str] | None = None,
        metrics: Mapping[str, float | Measurement] | None = None,
        tags: dict[str, str] | None = None,
        prompt_text: str | None = None,
        run_id: str = "",
        model_id: str = "",
        source: str = "",
        description: str = "",
        experiment_id: str = "",
        run_name: str = "",
        status: str = "",
        settings: dict[str, str] | None = None,
    ) -> ModelVersion:
        """Adds the next version of a model or entry, which is created when missing.

        An MCP server's versions are 1.0.0, 2.0.0 and so on. `status` and `settings`, which stand beside the text in
        `prompt_text`, are an entry's.
        """
        with self._lock:
            is_entry = family_of(name) is not Family.MODEL
            self.add_model(name, is_prompt=prompt_text is not None and not is_entry)
            tags = dict(tags or {})
            if prompt_text is not None and not is_entry:
                tags |= {PROMPT_TEXT_TAG: prompt_text, IS_PROMPT_TAG: "true"}
            version = self._next_version(
                name,
                stage=stage,
                source=source,
                run_id=run_id,
                model_id=model_id,
                description=description,
                tags=tags,
                status=(status or "active") if is_entry else "READY",
            )
            facts = VersionFacts(version, dict(params or {}), measured(metrics or {}), {}, experiment_id, run_name)
            if is_entry:
                facts = replace(facts, prompt_text=prompt_text, prompt_settings=dict(settings or {}))
            self._facts[name][version.version] = facts
            self._models[name].aliases.update(dict.fromkeys(aliases, version.version))
            return self._version(name, version.version)

    def change_facts(
        self,
        name: str,
        version: str,
        *,
        params: dict[str, str] | None = None,
        metrics: Mapping[str, float | Measurement] | None = None,
        datasets: dict[str, str] | None = None,
        origin: dict[str, str] | None = None,
        criteria: dict[str, str] | None = None,
        made_by: str = "",
    ) -> None:
        """Adds to or overwrites what was measured of a version."""
        with self._lock:
            facts = self._stored(name, version)
            facts.params.update(params or {})
            facts.metrics.update(measured(metrics or {}))
            facts.datasets.update(datasets or {})
            facts.dataset_names.update(
                {context: (said.rpartition(" (")[0] or said,) for context, said in (datasets or {}).items()}
            )
            facts.origin.update(origin or {})
            facts.criteria.update(criteria or {})
            self._facts[name][version] = replace(facts, made_by=made_by or facts.made_by)

    def delete_version(self, name: str, version: str) -> None:
        """Takes a version away with its aliases; its number is not used again."""
        with self._lock:
            self._stored(name, version)
            del self._facts[name][version]
            aliases = self._models[name].aliases
            for alias in [alias for alias, holder in aliases.items() if holder == version]:
                del aliases[alias]

    def delete_origin(self, name: str, version: str, what: str = "run") -> None:
        """Deletes the `run` or the `logged_model` that a version was made of."""
        with self._lock:
            facts = self._stored(name, version)
            self._facts[name][version] = replace(facts, gone=(*facts.gone, what))

    def fail_next(self, exception: Exception, *, call: str = "", after: bool = False) -> None:
        """Lets the next call (of this name) raise, once; `after` its work is done when asked (a lost answer)."""
        with self._lock:
            self._failures.append(_Failure(exception, call, after))

    def before(self, call: str, hook: Callable[[], None]) -> None:
        """Runs `hook` before each call of this name, without holding the registry's lock, so that it may wait."""
        self._hooks.setdefault(call, []).append(hook)

    @contextmanager
    def _call(self, call: str, *arguments: object) -> Iterator[None]:
        for hook in self._hooks.get(call, ()):
            hook()
        with self._lock:
            self.calls.append((call, arguments))
            failure = next((waiting for waiting in self._failures if waiting.call in {"", call}), None)
            if failure is not None:
                self._failures.remove(failure)
                if not failure.after:
                    raise failure.exception
            yield
            if failure is not None:
                raise failure.exception

    def _model(self, name: str) -> RegisteredModel:
        if name not in self._models or self._lacks(name):
            raise RegistryNotFound(f"Registered Model with name={name} not found")
        model = self._models[name]
        versions = [facts.version for facts in self._facts[name].values()]
        return replace(
            model,
            aliases=dict(model.aliases),
            tags=dict(model.tags),
            newest={
                version.stage: version.version
                for version in sorted(versions, key=lambda found: found.number)
                if version.family is Family.MODEL
            },
            revision=" ".join(f"{version.version}={version.stage}" for version in versions),
        )

    def _lacks(self, name: str) -> bool:
        """Tells whether this MLflow has no registry for what is called so."""
        return family_of(name) is Family.SKILL and self.version.startswith("3.17.")

    def _stored(self, name: str, version: str) -> VersionFacts:
        self._model(name)
        if version not in self._facts[name]:
            raise RegistryNotFound(f"Model Version (name={name}, version={version}) not found")
        return self._facts[name][version]

    def _version(self, name: str, version: str) -> ModelVersion:
        found = self._stored(name, version).version
        aliases = sorted(alias for alias, holder in self._models[name].aliases.items() if holder == version)
        return replace(found, aliases=tuple(aliases), tags=dict(found.tags))

    def _versions(self, name: str) -> list[ModelVersion]:
        self._model(name)
        found = [self._version(name, version) for version in self._facts[name]]
        return sorted(found, key=lambda version: (version.number, version.created_at), reverse=True)

    def _next_version(self, name: str, **attributes: object) -> ModelVersion:
        self._last_number[name] = self._last_number.get(name, 0) + 1
        now = datetime.now(UTC)
        number = str(self._last_number[name])
        version = f"{number}.0.0" if family_of(name) is Family.SERVER else number
        return ModelVersion(name, version, created_at=now, updated_at=now, **attributes)  # type: ignore[arg-type]

    def _update(self, name: str, version: str, **changes: object) -> None:
        facts = self._stored(name, version)
        dated = {} if changes.keys() == {"tags"} else {"updated_at": datetime.now(UTC)}  # MLflow dates no tags
        changed = replace(facts.version, **dated, **changes)  # type: ignore[arg-type]
        self._facts[name][version] = replace(facts, version=changed)

    def metric_history(self, run_id: str, key: str, *, limit: int) -> list[Logged]:
        """Returns what a test put into `histories`: see `RegistryClient`."""
        with self._call("metric_history", run_id, key):
            found = self.histories.get((run_id, key), [])
            return sorted(found, key=lambda point: (point.timestamp, point.step))[:limit]

    def metric_sample(self, run_id: str, key: str) -> History:
        """Returns a part of what a test put into `histories`: see `RegistryClient`."""
        with self._call("metric_sample", run_id, key):
            found = sorted(self.histories.get((run_id, key), []))
            most = self.sampled
            if len(found) < most:
                return History(found, is_whole=True)
            return History([found[at * (len(found) - 1) // (most - 1)] for at in range(most)], is_whole=False)

    def last_values(self, run_ids: Collection[str]) -> dict[str, dict[str, float]]:
        """Returns the runs' values from the versions that are there: see `RegistryClient`."""
        with self._call("last_values", sorted(run_ids)):
            return {
                run: {found.key: found.value for found in facts.metrics.values()}
                for versions in self._facts.values()
                for facts in versions.values()
                if (run := facts.made_by or facts.version.run_id) in run_ids
            }

    def makers(self, versions: Collection[ModelVersion]) -> dict[str, str]:
        """Returns what `made_by` says of the versions: see `RegistryClient`."""
        with self._call("makers"):
            return {
                version.version: made_by
                for version in versions
                if (made_by := self._stored(version.name, version.version).made_by)
            }

    def last_values_of_models(self, model_ids: Collection[str]) -> dict[str, dict[str, float]]:
        """Returns the logged models' values from the versions that are there: see `RegistryClient`."""
        with self._call("last_values_of_models", sorted(model_ids)):
            return {
                facts.version.model_id: {name: found.value for name, found in facts.metrics.items()}
                for versions in self._facts.values()
                for facts in versions.values()
                if facts.version.model_id in model_ids
            }
