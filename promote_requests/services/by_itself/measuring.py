"""Measures again what is promoted by itself and waits for a gate alone: nobody else would see a tag set, a file come.

Once a gate is passed, the request is due: `due` promotes it.
"""

import logging
from time import monotonic

from django.db.models import F
from django.utils import timezone

from audit.actors import Actor, Door
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.gating import keep, measure
from promote_requests.services.moves.gone import noticed
from promote_requests.services.observing import has_changed, notice_changes
from promote_requests.services.reading import decision_of, live_evidence_of, requirement_of, with_files
from protection.choices import PromoteWhen
from protection.conditions.gates import NOT_PASSED, Gates
from protection.matching import Rulebook
from protection.rulebook import rulebook
from registry import patience
from registry.exceptions import RegistryError

logger = logging.getLogger(__name__)

_MOST = 20
"""Requests that are measured in one run; the others have their turn in the next ones."""
_PATIENCE = 10.0
"""Seconds that MLflow gets for each request."""
_LONGEST = 30.0
"""Seconds after which a run begins with no further request."""


def measure_waiting(*, door: Door = Door.WORKER) -> None:
    """Measures open requests that only gates keep from being promoted by themselves, the longest not looked at first.

    What changed besides is written down as when somebody opens the page: approvals of other facts stop counting.
    """
    actor = Actor.checkpoint(door)
    rules, until = rulebook(), monotonic() + _LONGEST
    for number in _waiting(rules):
        if monotonic() > until:
            return
        # Before MLflow is asked, so that one of which it cannot tell anything does not keep the others waiting.
        open_still = PromoteRequest.objects.open().filter(pk=number)
        open_still.update(measured_at=timezone.now())
        promote_request = open_still.with_people().first()
        if promote_request is None:
            continue
        try:
            with patience.at_most(_PATIENCE, afresh=True), noticed(promote_request, actor=actor):
                _measure(promote_request, rules, actor)
        except RegistryError as error:
            logger.warning("The gates of %s cannot be measured: %s", promote_request, error.message)


def _waiting(rules: Rulebook) -> list[int]:
    """Returns the numbers of those that have their turn now.

    The whole list at once: while MLflow is asked no connection is held, and a list half read would be cut off.
    """
    if not any(rule.promote_when == PromoteWhen.DUE for rule in rules.rules) or not any(
        isinstance(condition, Gates) for rule in rules.rules for condition in rule.parsed_conditions
    ):
        return []
    found = (
        PromoteRequest.objects.open()
        .filter(last_failure="", gone_at=None)
        .with_people()
        .order_by(F("measured_at").asc(nulls_first=True), "number")
    )
    return [promote_request.pk for promote_request in found if _waits_for_gates(promote_request, rules)][:_MOST]


def _waits_for_gates(promote_request: PromoteRequest, rules: Rulebook) -> bool:
    if requirement_of(promote_request, rules).promote_when != PromoteWhen.DUE:
        return False
    return {missing.code for missing in decision_of(promote_request, rules).unmet} == {NOT_PASSED}


def _measure(promote_request: PromoteRequest, rules: Rulebook, actor: Actor) -> None:
    evidence = with_files(promote_request, live_evidence_of(promote_request))
    if measure(promote_request, evidence, rules=rules):
        keep(promote_request)
    if promote_request.status == Status.OPEN and has_changed(promote_request, evidence):
        notice_changes(promote_request, evidence, actor=actor)
