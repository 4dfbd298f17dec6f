"""Looks at MLflow in a thread of its own, for as long as calls come that depend on it, so that none of them waits.

Every process has such a thread, and one of them all looks at a time (`store.begin`); what it finds is in the database.
"""

import logging
import threading
import time
from collections import OrderedDict

from django.db import DatabaseError, connections

from proxy.seal import look, store
from registry.exceptions import RegistryError

IDLE_SECONDS = 600.0
"""A workspace in which so long nothing was uploaded or deleted is not looked at any more."""
_ROUND_SECONDS = 1.0
_AFTER_A_FAILURE_SECONDS = 5.0
_WORKSPACES = 100

_wanted: OrderedDict[str, float] = OrderedDict()
_failed: dict[str, float] = {}
_thread: threading.Thread | None = None
_lock = threading.Lock()

logger = logging.getLogger(__name__)


def want(workspace: str) -> None:
    """Lets a workspace (canonical, and one that MLflow knows) be looked at from now on. Never waits, never fails."""
    global _thread
    with _lock:
        _wanted[workspace] = time.monotonic()
        _wanted.move_to_end(workspace)
        if len(_wanted) > _WORKSPACES:
            _wanted.popitem(last=False)
        if _thread is not None and _thread.is_alive():
            return
        _thread = threading.Thread(target=_run, name="seals", daemon=True)
        try:
            _thread.start()
        except RuntimeError as error:  # the machine has no thread left; the next call tries again
            _thread = None
            logger.warning("What is sealed cannot be looked up in the background: %s", error)


def _run() -> None:
    global _thread
    while True:
        with _lock:
            now = time.monotonic()
            for workspace in [name for name, wanted_at in _wanted.items() if now - wanted_at > IDLE_SECONDS]:
                del _wanted[workspace]
            workspaces = list(_wanted)
            if not workspaces:
                _thread = None
                return
        try:
            for workspace in workspaces:
                _bring_up_to_date(workspace)
        finally:
            connections.close_all()
        time.sleep(_ROUND_SECONDS)


def _bring_up_to_date(workspace: str) -> None:
    if time.monotonic() < _failed.get(workspace, 0.0):
        return
    try:
        state = store.state(workspace)
        age = state.age() if state else None
        if state is None or age is None or age >= state.rest_seconds:
            look.look(workspace)
        elif store.unlearnt(workspace):
            look.learn(workspace)
    except (RegistryError, DatabaseError) as error:
        logger.warning("What is sealed could not be looked up: %s", error)
        _failed[workspace] = time.monotonic() + _AFTER_A_FAILURE_SECONDS
    except Exception:
        # Whatever it is, it must not end the thread: then every call would be judged alone.
        logger.exception("What is sealed could not be looked up")
        _failed[workspace] = time.monotonic() + _AFTER_A_FAILURE_SECONDS
    else:
        _failed.pop(workspace, None)


def forget() -> None:
    """Lets the thread end; for tests."""
    with _lock:
        _wanted.clear()
        _failed.clear()
