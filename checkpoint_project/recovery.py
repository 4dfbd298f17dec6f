"""Ends, soon after a server started, the promotions that a crash before the start cut off.

Whoever opens such a request has it settled too; this is for those that nobody opens, whose target would stay taken.
"""

import logging
import time
from threading import Thread
from typing import Any

from django.core.signals import request_started
from django.db import DatabaseError, connection

from promote_requests import services
from promote_requests.services.settling import CUT_OFF_AFTER
from registry.exceptions import RegistryError

_PAUSES = (0.0, CUT_OFF_AFTER.total_seconds() + 1)
"""Seconds before each look. What began just before the start may be another replica's, and under way, at the first."""
_UID = "checkpoint.recovery"

logger = logging.getLogger("checkpoint.startup")


def prepare() -> None:
    """Has the process look once it answers its first request: a server that forks has done so by then."""
    request_started.connect(_begin, dispatch_uid=_UID)


def _begin(**signal: Any) -> None:
    # Of several first requests at the same moment one takes the receiver away, and it starts the thread.
    if request_started.disconnect(dispatch_uid=_UID):
        Thread(target=_look, name="recovery", daemon=True).start()


def _look(pauses: tuple[float, ...] = _PAUSES) -> None:
    for pause in pauses:
        time.sleep(pause)
        try:
            _settle_all()
        except DatabaseError:
            logger.exception("Promotions that were cut off could not be looked for.")
        finally:
            connection.close()


def _settle_all() -> None:
    for promote_request in services.unsettled():
        try:
            services.settle(promote_request)
        except RegistryError as error:
            logger.warning("The promotion of %s was cut off: %s", promote_request, error.message)
