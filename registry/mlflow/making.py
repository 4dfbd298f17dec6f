"""What a version is made of: followed from where its files lie through every run and logged model named there."""

from collections.abc import Collection

from mlflow.entities import LoggedModel, Run

from registry.exceptions import RegistryNotFound
from registry.mlflow.stores import TrackingStore
from registry.places import models_in, runs_in
from registry.transport import BadParameter
from registry.types import Provenance

_MOST = 20
"""Runs and logged models of one version that MLflow is asked about: two, but for what somebody laid out on purpose."""
_IS_NONE = (RegistryNotFound, BadParameter)
"""What MLflow answers where there is no such thing, or where nothing can be called so: a place may name anything."""


def provenance(tracking: TrackingStore, location: str, *, run_id: str, model_id: str) -> Provenance:
    """Returns what a version is made of, whose files lie at a location.

    They may lie among the artifacts of a run that the version does not name: the place of an experiment, and with it
    that of its runs, is whatever somebody says who makes one. So each run and logged model counts that a place names.

    Args:
        tracking: Of MLflow.
        location: Of the version's files, as MLflow has it.
        run_id: That the version names, or "".
        model_id: The logged model that it is, or "".

    Raises:
        RegistryError: MLflow did not answer.
    """
    runs, models = {run_id, *runs_in(location)} - {""}, {model_id, *models_in(location)} - {""}
    experiments: set[str] = set()
    locations, asked = {location}, set[str]()
    while waiting := sorted((runs | models) - asked)[: _MOST - len(asked)]:
        one = waiting[0]
        asked.add(one)
        if one in models and (logged := logged_model(tracking, one)):
            experiments.add(logged.experiment_id)
            place, made_by = logged.artifact_location, logged.source_run_id or ""
        elif one in runs and (run := run_of(tracking, one)):
            experiments.add(run.info.experiment_id)
            place, made_by = run.info.artifact_uri, ""
        else:
            continue
        locations.add(place)
        runs |= {made_by, *runs_in(place)} - {""}
        models |= {*models_in(place)}
    return Provenance(frozenset(runs), frozenset(models), frozenset(experiments), frozenset(locations))


def locations_of(
    tracking: TrackingStore, *, run_ids: Collection[str], model_ids: Collection[str], experiment_ids: Collection[str]
) -> list[str]:
    """Returns where MLflow keeps the artifacts of runs, logged models and experiments, of those that are there.

    Raises:
        RegistryError: MLflow did not answer.
    """
    asked = [
        *((tracking.run_place, one) for one in run_ids),
        *((tracking.model_place, one) for one in model_ids),
        *((tracking.experiment_place, one) for one in experiment_ids),
    ]
    found = []
    for place_of, one in asked:
        try:
            found += [place_of(one)] if _can_be(one) else []
        except _IS_NONE:
            continue
    return found


def run_of(tracking: TrackingStore, run_id: str) -> Run | None:
    """Returns a run, also a deleted one; None where there is none or nothing can be called so."""
    try:
        return tracking.get_run(run_id) if _can_be(run_id) else None
    except _IS_NONE:
        return None


def logged_model(tracking: TrackingStore, model_id: str) -> LoggedModel | None:
    """Returns a logged model; None where there is none, or none any more, or nothing can be called so."""
    try:
        return tracking.get_logged_model(model_id) if _can_be(model_id) else None
    except _IS_NONE:
        return None


def _can_be(text: str) -> bool:
    """Tells whether MLflow can be asked for something of this name: its own database holds no other."""
    return text.isprintable() and text.strip() != ""
