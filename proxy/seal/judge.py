"""Judges calls that would change what a version with a protected target is made of."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from proxy.paths import decodings
from proxy.refusals import Refusal, being_judged, holding
from proxy.seal import cache
from proxy.seal.artifact_paths import named_in, reaches_other_workspaces, stored_at
from proxy.seal.observe import Seal, Seals
from registry import get_registry
from registry.exceptions import RegistryNotFound

_ARTIFACTS = "The artifacts of {} cannot be changed"
_RUN = "The run of {} cannot be deleted"
_LOGGED_MODEL = "The logged model of {} cannot be deleted"
_EXPERIMENT = "The experiment of {} cannot be deleted"
_OTHER_WORKSPACES = (
    "This address holds the artifacts of other workspaces, and what is protected there. Name a folder of an "
    "experiment, and the workspace in the header X-MLFLOW-WORKSPACE."
)


def refusal_by_address(operation: str, *, method: str, path: str, query: str, workspace: str) -> Refusal | None:
    """Judges a call whose address names what it changes; None lets it pass.

    Costs no look-up but for a job, and where something sealed is named: then MLflow is asked whether it still is.

    Args:
        operation: Of `known_writes`, `Traffic.SEALED`.
        method: As sent.
        path: As sent.
        query: As sent.
        workspace: Canonical.

    Raises:
        RegistryError: see `cache.seals`.
    """

    def found(seals: Seals) -> Refusal | None:
        if operation == "change-artifact":
            return _artifact(seals, method, path, workspace)
        if operation == "delete-logged-model":
            return _logged_model(seals, path)
        if operation == "delete-job":
            return _job(seals, path, workspace)
        return _uploaded(seals, query)

    return found(cache.renewed(workspace)) if found(cache.seals(workspace)) else None


def refusal_by_message(operation: str, message: Mapping[str, str], *, workspace: str) -> Refusal | None:
    """Judges a call whose body names what it changes; None lets it pass.

    Args:
        operation: Of `messages.TRACKING_SHAPES`.
        message: From `messages.parse`.
        workspace: Canonical.

    Raises:
        RegistryError: see `cache.seals`.
    """

    def found(seals: Seals) -> Refusal | None:
        if operation == "delete-experiment":
            return _refusal(_EXPERIMENT, seals.experiment(message["experiment_id"]))
        run = seals.run(message.get("run_id", ""))
        if operation == "delete-run":
            return _refusal(_RUN, run)
        return _refusal(_ARTIFACTS, run or seals.model(message.get("model_id", "")))

    return found(cache.renewed(workspace)) if found(cache.seals(workspace)) else None


def _artifact(seals: Seals, method: str, path: str, workspace: str) -> Refusal | None:
    for named in named_in(path):
        key = stored_at(named, workspace)
        if key is None:
            return Refusal("An artifact's path must not be a file: URL.", status=400, code="INVALID_PARAMETER_VALUE")
        # Deleting a folder deletes what is in it, and a part of an upload comes below the folder that its path names.
        seal = seals.place(key, with_what_is_below=method != "PUT")
        if seal:
            return _refusal(_ARTIFACTS, seal)
        # What is sealed there is known to a watch of each of those workspaces, and there may be many.
        if not workspace and reaches_other_workspaces(named, key):
            return Refusal(_OTHER_WORKSPACES)
    return None


def _logged_model(seals: Seals, path: str) -> Refusal | None:
    return _refusal(_LOGGED_MODEL, next(filter(None, map(seals.model, _last_names(path))), None))


def _job(seals: Seals, path: str, workspace: str) -> Refusal | None:
    if not seals.runs:
        return None
    registry = get_registry(workspace)
    for job_id in _last_names(path):
        try:
            seal = seals.run(registry.get_job_run(job_id))
        except RegistryNotFound:  # MLflow says so itself; the id of a job is never given to another one
            continue
        if seal:
            return _refusal(_RUN, seal)
    return None


def _last_names(path: str) -> list[str]:
    return [reading.rstrip("/").rpartition("/")[2] for reading in decodings(path)]


def _uploaded(seals: Seals, query: str) -> Refusal | None:
    # MLflow 3.18 reads `run_id` before `run_uuid`.
    named = [value for key, value in parse_qsl(query, keep_blank_values=True) if key in {"run_id", "run_uuid"}]
    return _refusal(_ARTIFACTS, next(filter(None, map(seals.run, named)), None))


def _refusal(what: str, seal: Seal | None) -> Refusal | None:
    if seal is None:
        return None
    if not seal.held:
        return being_judged(seal.model_name, seal.version)
    what = what.format(f"version {seal.version} of {seal.model_name}")
    return holding(what, seal.model_name, seal.held, seal.workspace)
