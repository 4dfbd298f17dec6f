"""The built-in check: has the files of versions looked at that requests wait for, and tells the requests."""

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from evidence.digests.taking import key_of
from evidence.inspection.findings import Outcome
from evidence.inspection.looking import look
from evidence.models import Inspection
from foundation.exceptions import CheckpointError
from promote_requests.models import PromoteRequest
from promote_requests.services.gating import UNFINISHED
from promote_requests.services.locking import lock
from promote_requests.services.reading import checks_of
from protection.checks import INSPECTION, State
from registry import get_registry
from registry.types import ModelVersion

logger = logging.getLogger(__name__)

_WORDS = {Outcome.PASSED: "passed", Outcome.FAILED: "failed", Outcome.UNKNOWN: "could not run"}
_WORKER = Actor.checkpoint(Door.WORKER)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A version whose files are to be looked at.

    Attributes:
        afresh: Whether somebody asked for the check again, so that nothing found before may stand for it.
    """

    workspace: str
    model_name: str
    version: str
    afresh: bool = False


def awaited() -> list[Awaited]:
    """Returns the versions of unfinished requests whose check was not made since the opening, or is asked for again."""
    found: dict[tuple[str, str, str], bool] = {}
    for promote_request in PromoteRequest.objects.filter(status__in=UNFINISHED).with_people().order_by("pk"):
        reports = checks_of(promote_request, promote_request.observation)
        said = [given for given in reports if given.name == INSPECTION and given.is_current]
        if said and said[-1].state != State.REQUESTED:
            continue
        place = promote_request.workspace, promote_request.model_name, promote_request.version
        found[place] = found.get(place, False) or bool(said)
    return [Awaited(*place, afresh=afresh) for place, afresh in found.items()]


def make_waiting() -> None:
    """Makes every check that is awaited, for a worker; what came of each is on the requests' pages."""
    inspect_waiting()


def inspect_waiting(*, actor: Actor = _WORKER) -> list[tuple[Awaited, Inspection | CheckpointError]]:
    """Makes the built-in check of every version that is awaited, and returns what came of each.

    A version that MLflow does not show stays awaited.
    """
    found: list[tuple[Awaited, Inspection | CheckpointError]] = []
    for one in awaited():
        try:
            found.append((one, inspect(one, actor=actor)))
        except CheckpointError as failure:
            logger.warning("%s version %s was not inspected: %s", one.model_name, one.version, failure.message)
            found.append((one, failure))
    return found


def inspect(wanted: Awaited, *, actor: Actor = _WORKER) -> Inspection:
    """Looks at a version's files, tells the unfinished requests for it, and returns what came of it.

    Raises:
        RegistryError: MLflow cannot be asked, or has no such version.
    """
    made = look(
        get_registry(wanted.workspace),
        workspace=wanted.workspace,
        name=wanted.model_name,
        version=wanted.version,
        afresh=wanted.afresh,
    )
    asked = PromoteRequest.objects.filter(status__in=UNFINISHED).for_version(
        wanted.workspace, wanted.model_name, wanted.version
    )
    for promote_request in asked:
        _tell(promote_request, made, actor)
    return made


def forget_of_another(promote_request: PromoteRequest, version: ModelVersion) -> None:
    """Drops what was found of another version that had the same number, deleted since."""
    made = promote_request.inspection
    if made is not None and made.registered_at != key_of(promote_request.workspace, version)["registered_at"]:
        PromoteRequest.objects.filter(pk=promote_request.pk, status__in=UNFINISHED).update(inspection=None)
        promote_request.inspection = None


def _tell(promote_request: PromoteRequest, made: Inspection, actor: Actor) -> None:
    with transaction.atomic():
        locked = lock(promote_request)
        if locked.status not in UNFINISHED or (locked.inspection_id or 0) >= made.pk:
            return  # decided meanwhile, or somebody looked later
        PromoteRequest.objects.filter(pk=locked.pk).update(inspection=made, updated_at=timezone.now())
        trail.record(
            AuditAction.CHECK_REPORTED,
            about=locked.about,
            reason=f"{INSPECTION}: {_WORDS[Outcome(made.outcome)]}",
            actor=actor,
        )
