"""Settles, soon after a server starts, the promotions that a crash cut off before the start.

Opening such a request settles it too; this is for requests that nobody opens, whose target would stay blocked.
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
"""Seconds before each attempt. At the first, a promotion may be another replica's and still under way."""
_UID = "checkpoint.recovery"

logger = logging.getLogger("checkpoint.startup")


def prepare() -> None:
    """Starts the attempts when the process answers its first request: by then a server that forks has forked."""
    request_started.connect(_begin, dispatch_uid=_UID)


def _begin(**signal: Any) -> None:
    # Of several first requests at the same moment only one removes the receiver, and that one starts the thread.
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
