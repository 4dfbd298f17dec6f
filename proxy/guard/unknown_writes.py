"""What becomes of writes that nobody can vouch for: CHECKPOINT_UNKNOWN_WRITES says.

A write is vouched for by `known_writes`, for the MLflow versions with which it was tested. `refuse` lets no other pass,
and none at all that would pass unread to an MLflow of another minor version, whose handlers may do more than those that
were read. `pass` lets them through as they come; what is guarded and forbidden stays so.
"""

import logging
import re
import threading
import time

from django.conf import settings

from proxy import exceptions
from proxy.guard import mlflow_found, sightings
from proxy.guard.known_writes import TESTED_VERSIONS
from proxy.guard.routes import Route, Traffic

logger = logging.getLogger("checkpoint.guard")

MOST_ROUTES = 200
"""Each route is told once in an hour of a process; a caller who makes up paths does not fill the log."""
_HOUR = 3_600.0

# A segment that somebody gave a name to, and not MLflow: but for `2.0` and `v1`.
_NAME = re.compile(r"(?<=/)(?!(?:\d\.\d|v\d+)(?:/|\Z))(?:[^/]*[\d%][^/]*|[^/]{40,})")
_PASSED = Route(Traffic.PASS, "", False)
_told: dict[str, float] = {}
"""{line: when it was told last, by the process's own clock}."""
_lock = threading.Lock()


def _passes() -> bool:
    return bool(settings.CHECKPOINT_UNKNOWN_WRITES == "pass")


def settled(route: Route) -> Route:
    """Returns what a call is treated as: an unknown write stays unknown, and is refused, unless it is to pass."""
    return _PASSED if route.traffic is Traffic.UNKNOWN and _passes() else route


def tell_of(route: Route, method: str, path: str) -> None:
    """Tells the log and the coverage page of an unknown write; call it once its caller is known to be allowed calls.

    Args:
        route: As classified, before `settled`.
        method: Of the call.
        path: Of the call.
    """
    if route.traffic is not Traffic.UNKNOWN:
        return
    what = "passed on" if _passes() else "refused"
    shape = f"{method} {_NAME.sub('*', path)[:200]}"
    _tell(f"{shape} is no write that Checkpoint knows: it is {what}, as CHECKPOINT_UNKNOWN_WRITES says.")


def require_tested_mlflow(route: Route) -> None:
    """Passes what is read here, and whatever goes to an MLflow with which Checkpoint was tested.

    Raises:
        UntestedMlflow: it is a write that would pass unread, to another one.
        RegistryError: MLflow had to be asked for its version and did not answer.
    """
    if route.is_read or route.traffic not in {Traffic.PASS, Traffic.SEALED} or may_pass_unread():
        return
    error = exceptions.UntestedMlflow(mlflow_found.version(), TESTED_VERSIONS)
    _tell(error.message)
    raise error


def may_pass_unread() -> bool:
    """Tells whether a write may go to the MLflow that is there without being read.

    Raises:
        RegistryError: MLflow had to be asked for its version and did not answer.
    """
    return _passes() or mlflow_found.is_tested(mlflow_found.version())


def forget() -> None:
    """Forgets what was told, for tests that listen."""
    _told.clear()


def _tell(line: str) -> None:
    """Logs a line once an hour; where a name or an id stands in a path, `*`, so that a route is one."""
    now = time.monotonic()
    with _lock:
        if now - _told.get(line, -_HOUR) < _HOUR:
            return
        for old in [told for told, at in _told.items() if now - at >= _HOUR]:
            del _told[old]
        if len(_told) > MOST_ROUTES:
            return
        _told[line] = now
        if len(_told) > MOST_ROUTES:
            line = f"More than {MOST_ROUTES} unknown writes within an hour: no more of them are told in it."
    logger.warning("%s", line)
    sightings.remember(line)
