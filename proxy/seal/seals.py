"""What may not be changed, looked up by what a call names. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from proxy.protected import Held
from proxy.seal.artifact_paths import keys_of, stored_at
from registry.names import plain
from registry.places import models_in, runs_in
from registry.types import Provenance


@dataclass(frozen=True, slots=True)
class Seal:
    """A version that stays what it is.

    Attributes:
        held: The protected targets for which it does; empty where it is judged or promoted and holds none yet.
        request: The number of the promote request in which it is judged, where that was looked up.
        created_at: Tells it from one of the same number, after its model was deleted and made anew.
    """

    model_name: str
    version: str
    held: tuple[Held, ...]
    created_at: datetime | None = None
    workspace: str = ""
    request: int = 0


@dataclass(frozen=True, slots=True)
class Traces:
    """By what the things that a version is made of are recognised: folded ids, and keys of stored artifacts."""

    runs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, made_of: Provenance, workspace: str) -> "Traces":
        """Returns the traces of what a version of a workspace is made of."""
        places = [key for location in made_of.locations for key in keys_of(location, workspace)]
        # Whatever lies in the artifacts of a run or logged model is changed by what changes these.
        runs = {*made_of.run_ids, *(run for place in places for run in runs_in(place))}
        models = {*made_of.model_ids, *(model for place in places for model in models_in(place))}
        # Where MLflow stores what it serves itself, also for runs whose own address names the storage behind it.
        owners = [*made_of.run_ids, *(f"models/{model_id}" for model_id in made_of.model_ids)]
        own = [stored_at(f"{one}/{owner}/artifacts", workspace) for one in made_of.experiment_ids for owner in owners]
        return cls(
            tuple(map(folded, runs)),
            tuple(map(folded, models)),
            tuple(map(folded, made_of.experiment_ids)),
            tuple(place for place in (*places, *own) if place),
        )


@dataclass(frozen=True, slots=True)
class Seals:
    """What may not be changed in one workspace, each with its reason."""

    runs: dict[str, Seal] = field(default_factory=dict)
    models: dict[str, Seal] = field(default_factory=dict)
    experiments: dict[str, Seal] = field(default_factory=dict)
    places: dict[str, Seal] = field(default_factory=dict)

    def add(self, seal: Seal, traces: Traces) -> None:
        """Seals what a version is made of."""
        for found, ids in (
            (self.runs, traces.runs),
            (self.models, traces.models),
            (self.experiments, traces.experiments),
            (self.places, traces.places),
        ):
            for each in ids:
                found.setdefault(each, seal)

    def run(self, run_id: str) -> Seal | None:
        """Returns the reason why a run stays."""
        return self.runs.get(folded(run_id))

    def model(self, model_id: str) -> Seal | None:
        """Returns the reason why a logged model stays."""
        return self.models.get(folded(model_id))

    def experiment(self, experiment_id: str) -> Seal | None:
        """Returns the reason why an experiment stays."""
        return self.experiments.get(folded(experiment_id))

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


def folded(text: str) -> str:
    """Returns an id in the one spelling for all that MLflow's database may take for it."""
    return plain(text.strip())
