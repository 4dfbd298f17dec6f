"""What a call would change, as far as its address and message name it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import parse_qsl

from proxy.paths import decodings
from proxy.refusals import Refusal
from proxy.seal.artifact_paths import keys_of, named_in, reaches_other_workspaces, stored_at
from proxy.seal.seals import Seal, Seals
from registry import get_registry
from registry.exceptions import RegistryNotFound
from registry.places import MODEL_ID, RUN_ID, models_in, runs_in

ARTIFACTS = "The artifacts of {} cannot be changed"
RUN = "The run of {} cannot be deleted"
LOGGED_MODEL = "The logged model of {} cannot be deleted"
STATUS = "The logged model of {} cannot be marked as not ready"
EXPERIMENT = "The experiment of {} cannot be deleted"
_READY = "LOGGED_MODEL_READY"
_OWN_PLACE = re.compile(rf"(?:workspaces/[^/]+/)?\d+/(?:{RUN_ID}|models/{MODEL_ID})/artifacts(?:/.*)?", re.DOTALL)
_DEEPEST = 12
"""Folders of an artifact's path that may be the place of a version whose source names no run."""
_MOST_RUNS = 4
"""Different runs that one address may name."""


@dataclass(frozen=True)
class Touched:
    """What a call would change.

    Attributes:
        what: The sentence of its refusal, with a place for the version.
        runs: Ids of runs, as sent.
        models: Ids of logged models, as sent.
        experiments: Ids of experiments, as sent.
        places: Keys of stored artifacts.
        with_what_is_below: Whether what lies below the places is changed, too.
        reaches_other_workspaces: Whether it names what other workspaces keep.
        deletes: Whether it is no upload, which must not wait.
    """

    what: str
    runs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    with_what_is_below: bool = False
    reaches_other_workspaces: bool = False
    deletes: bool = False

    def seal_in(self, seals: Seals) -> Seal | None:
        """Returns the reason why the call would change something sealed."""
        for found in (
            *map(seals.run, self.runs),
            *map(seals.model, self.models),
            *map(seals.experiment, self.experiments),
            *(seals.place(place, with_what_is_below=self.with_what_is_below) for place in self.places),
        ):
            if found is not None:
                return found
        return None

    @cached_property
    def run_ids(self) -> frozenset[str]:
        """The runs that it may be about, those in artifacts' paths included."""
        return frozenset([*self.runs, *(name for place in self.places for name in runs_in(place))])

    @cached_property
    def model_ids(self) -> frozenset[str]:
        """The logged models that it may be about, those in artifacts' paths included."""
        return frozenset([*self.models, *(name for place in self.places for name in models_in(place))])

    @cached_property
    def folders(self) -> frozenset[str]:
        """The places that could be a version's source, of artifacts that do not lie where MLflow itself puts them."""
        elsewhere = [place for place in self.places if not _OWN_PLACE.fullmatch(place)]
        return frozenset(folder for place in elsewhere for folder in _prefixes(place))

    @property
    def is_narrow(self) -> bool:
        """Whether what the call would change can be told from the call alone."""
        if self.experiments:
            return False
        return not self.with_what_is_below or all(map(_OWN_PLACE.fullmatch, self.places))


def at_home(named: Touched, workspace: str) -> Touched:
    """Returns a call with the places at which MLflow keeps what it names by an id: these may lie anywhere.

    The place of an experiment is what somebody said who made it. So a run's artifacts may lie among those of another
    one, and what the one uploads, or takes with it, is what the other is made of.

    Raises:
        RegistryError: MLflow had to be asked and did not answer.
    """
    if not (named.runs or named.models or named.experiments):
        return named
    locations = get_registry(workspace).artifact_locations(
        run_ids=named.runs, model_ids=named.models, experiment_ids=named.experiments
    )
    # Of a place in the storage behind MLflow the whole path: what is sealed there is known by it, too.
    keys = [next(iter(keys_of(location, workspace)), "") for location in locations]
    return replace(named, places=(*named.places, *filter(None, keys)))


def by_address(operation: str, *, method: str, path: str, query: str, workspace: str) -> Touched:
    """Returns what a call of `Traffic.SEALED` would change.

    Raises:
        Refusal: its path cannot be read, or its query names too many runs.
        RegistryError: MLflow had to be asked for the run of a job and did not answer.
    """
    match operation:
        case "change-artifact":
            return _artifact(method, path, workspace)
        case "delete-logged-model":
            return Touched(LOGGED_MODEL, models=tuple(_last_names(path)), deletes=True)
        case "delete-job":
            return Touched(RUN, runs=tuple(_runs_of_jobs(path, workspace)), deletes=True)
    return Touched(ARTIFACTS, runs=_runs_in(query))


def by_message(operation: str, message: Mapping[str, str]) -> Touched:
    """Returns what a call whose body names what it changes would change."""
    run, model = message.get("run_id", ""), message.get("model_id", "")
    match operation:
        case "delete-experiment":
            return Touched(EXPERIMENT, experiments=(message["experiment_id"],), deletes=True)
        case "delete-run":
            return Touched(RUN, runs=(run,), deletes=True)
        case "finalize-logged-model":
            return Touched(STATUS, models=() if message["status"] == _READY else (model,), deletes=True)
    return Touched(ARTIFACTS, runs=(run,) if run else (), models=(model,) if model else ())


def _runs_in(query: str) -> tuple[str, ...]:
    """Returns the runs that an upload's query names, each once.

    MLflow 3.18 reads the first `run_id`, or else the first `run_uuid`; others may read another one.

    Raises:
        Refusal: it names so many that nobody means it: of each MLflow may have to be asked where it lies.
    """
    named = parse_qsl(query, keep_blank_values=True)
    runs = tuple(dict.fromkeys(value for key, value in named if key in {"run_id", "run_uuid"}))
    if len(runs) > _MOST_RUNS:
        raise Refusal(
            f"The address names {len(runs)} different runs: name the one that the artifact is of.",
            status=400,
            code="INVALID_PARAMETER_VALUE",
        )
    return runs


def _artifact(method: str, path: str, workspace: str) -> Touched:
    keys, reaches_others = [], False
    for named in named_in(path):
        key = stored_at(named, workspace)
        if key is None:
            raise Refusal("An artifact's path must not be a file: URL.", status=400, code="INVALID_PARAMETER_VALUE")
        keys.append(key)
        # What is sealed there is known in each of those workspaces, and there may be many.
        reaches_others = reaches_others or (not workspace and reaches_other_workspaces(named, key))
    # Deleting a folder deletes what is in it, and a part of an upload comes below the folder that its path names.
    return Touched(
        ARTIFACTS,
        places=tuple(keys),
        with_what_is_below=method != "PUT",
        reaches_other_workspaces=reaches_others,
        deletes=method == "DELETE",
    )


def _runs_of_jobs(path: str, workspace: str) -> list[str]:
    registry, found = get_registry(workspace), []
    for job_id in _last_names(path):
        try:
            found.append(registry.get_job_run(job_id))
        except RegistryNotFound:  # MLflow says so itself; the id of a job is never given to another one
            continue
    return found


def _last_names(path: str) -> list[str]:
    return [reading.rstrip("/").rpartition("/")[2] for reading in decodings(path)]


def _prefixes(place: str) -> list[str]:
    names = place.split("/")[:_DEEPEST]
    return ["/".join(names[:end]) for end in range(1, len(names) + 1) if names[0]]
