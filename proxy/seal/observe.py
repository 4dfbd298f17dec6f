"""What the versions that hold protected targets are made of, as one look at the registry found it."""

from dataclasses import dataclass, field
from datetime import datetime

from promote_requests import services
from proxy.protected import Held, Protected
from proxy.seal.artifact_paths import may_be_stored_at, stored_at, stored_below
from registry import RegistryClient
from registry.exceptions import RegistryNotFound
from registry.names import plain
from registry.targets import ACTIVE_STAGES, Target, TargetKind
from registry.types import Provenance, RegisteredModel

_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Seal:
    """A version that stays what it is.

    Attributes:
        held: The protected targets for which it does; empty where it is judged or promoted and holds none yet.
        created_at: Tells it from one of the same number, after its model was deleted and made anew.
    """

    model_name: str
    version: str
    held: tuple[Held, ...]
    created_at: datetime | None = None
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class Seals:
    """What may not be changed in one workspace: folded ids and keys of stored artifacts, each with its reason."""

    runs: dict[str, Seal] = field(default_factory=dict)
    models: dict[str, Seal] = field(default_factory=dict)
    experiments: dict[str, Seal] = field(default_factory=dict)
    places: dict[str, Seal] = field(default_factory=dict)

    def run(self, run_id: str) -> Seal | None:
        """Returns the reason why a run stays."""
        return self.runs.get(_folded(run_id))

    def model(self, model_id: str) -> Seal | None:
        """Returns the reason why a logged model stays."""
        return self.models.get(_folded(model_id))

    def experiment(self, experiment_id: str) -> Seal | None:
        """Returns the reason why an experiment stays."""
        return self.experiments.get(_folded(experiment_id))

    def place(self, key: str, *, with_what_is_below: bool) -> Seal | None:
        """Returns the reason why what is stored at a key stays, or also for something below it.

        Costs as many look-ups as the key has segments, however much is sealed; only `with_what_is_below` walks all.
        """
        end = len(key)
        while end > 0:
            if found := self.places.get(key[:end]):
                return found
            end = key.rfind("/", 0, end)
        if not with_what_is_below:
            return None
        below = f"{key}/" if key else ""
        return next((seal for place, seal in self.places.items() if place.startswith(below)), None)


@dataclass(frozen=True, slots=True)
class _Remembered:
    """What the last look found of a model.

    Attributes:
        mark: Of the model and of the rules then.
        sealed: Its versions that stay, and what they are made of.
    """

    mark: tuple[object, ...]
    sealed: tuple[tuple[Seal, Provenance], ...]


class Observer:
    """Looks at the registry of one workspace again and again, and asks only for what has changed since.

    What never changes is asked once: what a version is made of is said when it is registered. Not for several threads.
    """

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace
        self._models: dict[str, _Remembered] = {}

    def look(self) -> Seals:
        """Returns what is sealed now: one call to MLflow for some hundreds of models, and a few per new champion.

        Raises:
            RegistryError: MLflow had to be asked and did not answer. What it said before is remembered.
        """
        protected = Protected(self._workspace)
        judged = self._judged(protected.registry)
        if not protected.rules_mark and not judged:
            return Seals()
        listed = protected.registry.list_models() if protected.rules_mark else []
        for gone in self._models.keys() - {model.name for model in listed}:
            del self._models[gone]
        for model in listed:
            self._remember(model, protected)
        found = Seals()
        for seal, provenance in [*judged, *(pair for known in self._models.values() for pair in known.sealed)]:
            _add(found, seal, provenance, self._workspace)
        return found

    def _remember(self, model: RegisteredModel, protected: Protected) -> None:
        mark = (model.revision, tuple(sorted(model.aliases.items())), protected.rules_mark)
        before = self._models.get(model.name)
        if before is None or before.mark != mark:
            known = {(seal.version, seal.created_at): made_of for seal, made_of in before.sealed} if before else {}
            sealed = []
            for seal in _seals_of(model, protected):
                made_of = known.get((seal.version, seal.created_at)) or _provenance(protected.registry, seal)
                if made_of is not None:
                    sealed.append((seal, made_of))
            self._models[model.name] = _Remembered(mark, tuple(sealed))

    def _judged(self, registry: RegistryClient) -> list[tuple[Seal, Provenance]]:
        # Sealed from the first approval on, not only once MLflow is told: what is promoted is what somebody approved.
        versions = (
            services.keeping_their_version()
            .filter(workspace=self._workspace)
            .order_by("model_name", "version")
            .values_list("model_name", "version")
            .distinct()
        )
        seals = [Seal(model_name, version, (), workspace=self._workspace) for model_name, version in versions]
        return [(seal, made_of) for seal in seals if (made_of := _provenance(registry, seal)) is not None]


def _provenance(registry: RegistryClient, seal: Seal) -> Provenance | None:
    try:
        return registry.get_provenance(seal.model_name, seal.version)
    except RegistryNotFound:  # deleted behind our back: nothing is left to be sealed
        return None


def _seals_of(model: RegisteredModel, protected: Protected) -> list[Seal]:
    targets = [Target(TargetKind.STAGE, stage) for stage in ACTIVE_STAGES if stage in model.stages]
    targets += [Target(TargetKind.ALIAS, alias) for alias in model.aliases]
    targets.append(Target(TargetKind.MODEL, model.name))
    if not any(protected.covers(model.name, target) for target in targets):
        return []
    try:
        versions = protected.registry.list_versions(model.name, limit=_ALL)
    except RegistryNotFound:  # deleted or renamed since it was listed
        return []
    return [
        Seal(model.name, version.version, tuple(held), version.created_at, protected.workspace)
        for version in versions
        if (held := protected.held_by_version(version))
    ]


def _add(seals: Seals, seal: Seal, made_of: Provenance, workspace: str) -> None:
    places = [stored_below(location, workspace) for location in made_of.locations]
    for location in made_of.locations:
        places += may_be_stored_at(location, workspace)
    # Where MLflow stores what it serves itself, also for runs whose own address names the storage behind it.
    for experiment_id in made_of.experiment_ids:
        seals.experiments.setdefault(_folded(experiment_id), seal)
        places += [stored_at(f"{experiment_id}/{run_id}/artifacts", workspace) for run_id in made_of.run_ids]
        places += [
            stored_at(f"{experiment_id}/models/{model_id}/artifacts", workspace) for model_id in made_of.model_ids
        ]
    for run_id in made_of.run_ids:
        seals.runs.setdefault(_folded(run_id), seal)
    for model_id in made_of.model_ids:
        seals.models.setdefault(_folded(model_id), seal)
    for place in filter(None, places):
        seals.places.setdefault(place, seal)


def _folded(text: str) -> str:
    return plain(text.strip())
