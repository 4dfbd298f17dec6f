"""Settles in the background the promotions that told nothing of their end: a crash, or no answer from MLflow.

Opening such a request settles it too; this is for requests that nobody opens, whose target would stay blocked.
"""

import logging
from bisect import bisect
from datetime import timedelta

from django.utils import timezone

from promote_requests import services
from promote_requests.models import PromoteRequest
from promote_requests.services.settling import CUT_OFF_AFTER, MAY_LAND_WITHIN
from registry.exceptions import RegistryError

_MOMENTS = (20.0, 60.0, CUT_OFF_AFTER.total_seconds() + 1, 300.0, MAY_LAND_WITHIN.total_seconds() + 1)
"""Seconds after a promotion began at which MLflow is asked again; its call and the check take 20 at most."""
EVERY = timedelta(seconds=10)
"""How often the database is asked for such promotions."""

logger = logging.getLogger("checkpoint.startup")


class Recovery:
    """Remembers from look to look what was looked at; a leader that is new to it looks at everything once."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}

    def look(self) -> None:
        """Settles what is due."""
        self._seen = _look(self._seen)


def _look(seen: dict[int, float]) -> dict[int, float]:
    """Settles what is due; takes and returns when each unsettled request was last looked at, in seconds of its age."""
    found = {promote_request.pk: promote_request for promote_request in services.unsettled()}
    ages = {number: _age(promote_request) for number, promote_request in found.items()}
    for number, age in ages.items():
        # One that is not seen yet is due: this process has just begun to lead, or the promotion has just ended so.
        if number not in seen or bisect(_MOMENTS, age) > bisect(_MOMENTS, seen[number]):
            _settle(found[number])
        else:
            ages[number] = seen[number]
    return ages


def _age(promote_request: PromoteRequest) -> float:
    began = promote_request.promoting_since or promote_request.updated_at
    return (timezone.now() - began).total_seconds()


def _settle(promote_request: PromoteRequest) -> None:
    try:
        services.settle(promote_request)
    except RegistryError as error:
        logger.warning("The promotion of %s is not settled: %s", promote_request, error.message)
