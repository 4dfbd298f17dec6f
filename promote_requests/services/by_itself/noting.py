"""Puts on Checkpoint's record what its own promotions made: a copy's makers, and since when a version has an alias."""

import logging
from dataclasses import dataclass

from audit.holding import sightings
from audit.making import recording
from promote_requests.models import PromoteRequest
from registry import RegistryClient
from registry.exceptions import RegistryError
from registry.proposals import Change
from registry.targets import TargetKind
from registry.types import ModelVersion

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that a promotion made, and what it was made from, both as MLflow has them."""

    copy: ModelVersion
    original: ModelVersion


def look(registry: RegistryClient, promote_request: PromoteRequest, version: str) -> Copied | None:
    """Returns the copy that a promotion made, if it made one; without MLflow's word its makers stay unknown."""
    if promote_request.target_kind != TargetKind.MODEL:
        return None
    try:
        return Copied(
            registry.get_version(promote_request.target_name, version),
            registry.get_version(promote_request.model_name, promote_request.version),
        )
    except RegistryError as error:
        logger.warning("Who made the copy of request %s stays unknown: %s", promote_request.pk, error.message)
        return None


def note(promote_request: PromoteRequest, copied: Copied | None) -> None:
    """Writes it, in the transaction that records the promotion."""
    workspace, target = promote_request.workspace, promote_request.target
    if copied is not None:
        recording.record_copy(copied.copy, copied.original, workspace=workspace)
    elif promote_request.change == Change.REMOVE:
        sightings.end(workspace, promote_request.model_name, target)
    else:
        sightings.begin(workspace, promote_request.model_name, promote_request.version, target)
