"""Settles, while a server runs, the promotions that told nothing of their end: a crash, or no answer from MLflow.

Opening such a request settles it too; this is for requests that nobody opens, whose target would stay blocked.
"""

import logging
import time
from bisect import bisect
from threading import Thread
from typing import Any

from django.core.signals import request_started
from django.db import DatabaseError, connection
from django.utils import timezone

from promote_requests import services
from promote_requests.models import PromoteRequest
from promote_requests.services.settling import CUT_OFF_AFTER, MAY_LAND_WITHIN
from registry.exceptions import RegistryError

_MOMENTS = (20.0, 60.0, CUT_OFF_AFTER.total_seconds() + 1, 300.0, MAY_LAND_WITHIN.total_seconds() + 1)
"""Seconds after a promotion began at which MLflow is asked again; its call and the check take 20 at most."""
_EVERY = 10.0
"""Seconds between two questions to the database, which this process alone asks."""
_UID = "checkpoint.recovery"

logger = logging.getLogger("checkpoint.startup")


def prepare() -> None:
    """Starts the looks when the process answers its first request: by then a server that forks has forked."""
    request_started.connect(_begin, dispatch_uid=_UID)


def _begin(**signal: Any) -> None:
    # Of several first requests at the same moment only one removes the receiver, and that one starts the thread.
    if request_started.disconnect(dispatch_uid=_UID):
        Thread(target=_look_for_ever, name="recovery", daemon=True).start()


def _look_for_ever() -> None:
    seen: dict[int, float] = {}
    while True:
        seen = _look(seen)
        time.sleep(_EVERY)


def _look(seen: dict[int, float]) -> dict[int, float]:
    """Settles what is due; takes and returns when each unsettled request was last looked at, in seconds of its age."""
    try:
        found = {promote_request.pk: promote_request for promote_request in services.unsettled()}
        ages = {number: _age(promote_request) for number, promote_request in found.items()}
        for number, age in ages.items():
            # One that is not seen yet is due: this process has just started, or the promotion has just ended so.
            if number not in seen or bisect(_MOMENTS, age) > bisect(_MOMENTS, seen[number]):
                _settle(found[number])
            else:
                ages[number] = seen[number]
    except DatabaseError:
        logger.exception("Promotions that told nothing of their end could not be looked for.")
        return seen
    finally:
        connection.close()
    return ages


def _age(promote_request: PromoteRequest) -> float:
    began = promote_request.promoting_since or promote_request.updated_at
    return (timezone.now() - began).total_seconds()


def _settle(promote_request: PromoteRequest) -> None:
    try:
        services.settle(promote_request)
    except RegistryError as error:
        logger.warning("The promotion of %s is not settled: %s", promote_request, error.message)
