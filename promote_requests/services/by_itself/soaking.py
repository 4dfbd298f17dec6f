"""Looks, again and again, whether what has to soak is still where it soaks: nobody else would see an alias go."""

import logging

from audit.holding.sightings import sight
from promote_requests.models import PromoteRequest
from promote_requests.services.reading import requirement_of
from protection.conditions.own_record.soak import Soak
from protection.rulebook import rulebook
from registry import get_registry, patience
from registry.exceptions import RegistryError

logger = logging.getLogger(__name__)

_PATIENCE = 10.0
"""Seconds that MLflow gets for each request."""


def look_at_soaking() -> None:
    """Keeps, for each open request whose rules ask for a soak, what its version holds now."""
    rules = rulebook()
    if not any(isinstance(condition, Soak) for rule in rules.rules for condition in rule.parsed_conditions):
        return
    # The whole list first: while MLflow is asked no connection is held, and a list half read would be cut off.
    soaking = [
        promote_request
        for promote_request in PromoteRequest.objects.open().order_by("number").iterator()
        if any(isinstance(condition, Soak) for condition in requirement_of(promote_request, rules).conditions)
    ]
    for promote_request in soaking:
        try:
            with patience.at_most(_PATIENCE, afresh=True):
                _look(promote_request)
        except RegistryError as error:
            logger.warning("Whether %s still soaks cannot be told: %s", promote_request, error.message)


def _look(promote_request: PromoteRequest) -> None:
    registry = get_registry(promote_request.workspace)
    version = registry.get_version(promote_request.model_name, promote_request.version)
    held = {target: since.isoformat() for target, since in sight(version, workspace=promote_request.workspace).items()}
    if held != promote_request.held_since:
        PromoteRequest.objects.open().filter(pk=promote_request.pk).update(held_since=held)
