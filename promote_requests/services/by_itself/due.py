"""Promotes what is promoted by itself as soon as every condition holds: a freeze has ended, a time has passed.

Whoever opens such a request does it, and so does `manage.py promote_due`, which a timer runs. What has failed once
waits for a person.
"""

import logging
from collections.abc import Iterator

from audit.actors import Actor, Door
from foundation.exceptions import CheckpointError, InvalidInput, NotAllowed
from promote_requests.choices import Status
from promote_requests.exceptions import ChampionChanged, EvidenceChanged, RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.services.promotion import promote
from promote_requests.services.reading import decision_of, requirement_of
from promote_requests.services.settling import note_refused
from protection.choices import PromoteWhen
from protection.rulebook import rulebook
from registry.exceptions import RegistryNotFound, RegistryRefused

logger = logging.getLogger(__name__)

_STANDS = (RuleNotMet, ChampionChanged, EvidenceChanged, NotAllowed, InvalidInput, RegistryNotFound, RegistryRefused)
"""Refusals that no waiting ends: tried again every minute, each would leave a row in the trail for ever."""


def promote_due(*, door: Door) -> Iterator[tuple[PromoteRequest, CheckpointError | None]]:
    """Promotes every request that is due, the oldest first; yields each with what stood in its way, if anything did."""
    rules = rulebook()
    waiting = (
        PromoteRequest.objects.open()
        .filter(last_failure="", gone_at=None)
        .with_people()
        .order_by("opened_at", "number")
    )
    for promote_request in waiting:
        requirement = requirement_of(promote_request, rules)
        if requirement.promote_when == PromoteWhen.DUE and decision_of(promote_request, rules).is_approved:
            yield promote_request, promote_if_its_time_has_come(promote_request, door=door)


def promote_all_due() -> None:
    """Promotes every request that is due, for a worker; what stood in the way is in the requests' timelines."""
    for promote_request, failure in promote_due(door=Door.WORKER):
        if failure is not None:
            logger.warning("%s was due and is not promoted: %s", promote_request, failure.message)


def promote_if_its_time_has_come(promote_request: PromoteRequest, *, door: Door) -> CheckpointError | None:
    """Promotes this request if it is due; returns what stood in its way, which its timeline tells too.

    Of several who try at the same moment one promotes; what the others are told is no news to anybody.
    """
    if not is_due(promote_request):
        return None
    seen, actor = promote_request.observation, Actor.checkpoint(door)
    failure = _failure_of(promote_request, actor)
    if isinstance(failure, EvidenceChanged) and promote_request.observation != seen and is_due(promote_request):
        # The changed facts are on record now, nobody has to approve them, and every condition holds on them, too.
        failure = _failure_of(promote_request, actor)
    if isinstance(failure, _STANDS) and is_due(promote_request):
        note_refused(promote_request, failure.message, actor=actor)
    return failure


def _failure_of(promote_request: PromoteRequest, actor: Actor) -> CheckpointError | None:
    """Tries to promote a request and reloads it; returns what stood in its way."""
    failure: CheckpointError | None = None
    try:
        promote(actor=actor, promote_request=promote_request)
    except CheckpointError as error:
        failure = error
    promote_request.refresh_from_db()
    return failure


def is_due(promote_request: PromoteRequest) -> bool:
    """Tells whether a request is to be promoted now by nobody's press."""
    return (
        promote_request.status == Status.OPEN
        and not promote_request.last_failure
        and requirement_of(promote_request).promote_when == PromoteWhen.DUE
        and decision_of(promote_request).is_approved
    )
