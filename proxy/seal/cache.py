"""Caches what is sealed, so that an upload of anything else waits for no look-up.

The cache is at most `STALE_SECONDS` old, unless one look at a very large registry takes long: then the next look begins
only after `REST` times as long, so that looking never takes more than a twentieth of MLflow's time. What this process
promotes itself, and what it changes in the rules, counts at once.

If MLflow does not answer, the cache stays valid for `GRACE_SECONDS` more: a busy MLflow must not fail the uploads that
make it busy, and what was sealed stays sealed. After that, and without a cache, nothing is passed on: the call goes to
the same MLflow and would not arrive either.
"""

import logging
import threading
import time
from typing import Any

from django.db import connections

from audit.choices import AuditAction
from audit.models import AuditEvent
from proxy.seal.observe import Observer, Seals
from registry.exceptions import RegistryError

STALE_SECONDS = 5.0
RENEW_SECONDS = STALE_SECONDS / 2
"""From this age on the next caller starts a thread that looks again; callers wait for it after `STALE_SECONDS`."""
REST = 20
LONGEST_REST_SECONDS = 30.0
GRACE_SECONDS = 60.0
RETRY_SECONDS = 1.0
"""Seconds after a failed look in which no other look is tried."""
RECENT_SECONDS = 0.5
"""How old the look behind a refusal may be."""

_CHANGING = frozenset(
    {
        AuditAction.REVIEWED,
        AuditAction.PROMOTION_STARTED,
        AuditAction.PROMOTED,
        AuditAction.PROMOTION_FAILED,
        AuditAction.RULE_CHANGED,
    }
)

logger = logging.getLogger(__name__)


class Watch:
    """What is sealed in one workspace, looked up by one thread at a time. Safe to use from any thread."""

    def __init__(self, workspace: str) -> None:
        self._observer = Observer(workspace)
        self._looking = threading.Lock()
        self._seals: Seals | None = None
        self._seen_at = 0.0  # when the last successful look began
        self._stale_after = STALE_SECONDS
        self._generation = 0
        self._seen_generation = -1
        self._failure: RegistryError | None = None
        self._failed_at = 0.0

    @property
    def has_looked(self) -> bool:
        """Whether MLflow has ever answered."""
        return self._seals is not None

    def seals(self) -> Seals:
        """Returns what is sealed, as fresh as this module promises; waits only if the cache is older.

        Raises:
            RegistryError: MLflow does not answer, and the cache is too old.
        """
        known = self._known(self._stale_after)
        if known is None:
            return self._look(self._stale_after)
        if self._age() > self._stale_after / 2 and self._looking.acquire(blocking=False):
            # The thread releases the lock: callers until then use the cache.
            threading.Thread(target=self._look_again, name="seals", daemon=True).start()
        return known

    def renewed(self) -> Seals:
        """Returns what is sealed now, so that nobody is refused for what was true before.

        Raises:
            RegistryError: as for `seals`.
        """
        return self._look(RECENT_SECONDS)

    def expire(self) -> None:
        """Marks the cache as too old."""
        self._generation += 1

    def _age(self) -> float:
        return time.monotonic() - self._seen_at

    def _known(self, age: float) -> Seals | None:
        if self._seals is None or self._seen_generation != self._generation or self._age() > age:
            return None
        return self._seals

    def _look(self, age: float) -> Seals:
        with self._looking:
            known = self._known(age)
            if known is not None:
                return known
            if self._failure is not None and time.monotonic() - self._failed_at < RETRY_SECONDS:
                return self._despite(self._failure)
            try:
                return self._look_now()
            except RegistryError as error:
                self._failure, self._failed_at = error, time.monotonic()
                return self._despite(error)

    def _look_now(self) -> Seals:
        began, generation, is_first = time.monotonic(), self._generation, self._seals is None
        seals = self._observer.look()
        took = time.monotonic() - began
        self._seals, self._seen_at, self._seen_generation, self._failure = seals, began, generation, None
        # The first look asks for everything, later ones only for what has changed.
        self._stale_after = STALE_SECONDS if is_first else max(STALE_SECONDS, min(REST * took, LONGEST_REST_SECONDS))
        return seals

    def _look_again(self) -> None:
        try:
            self._look_now()
        except RegistryError as error:
            logger.warning("What is sealed could not be looked up again: %s", error.message)
        finally:
            self._looking.release()
            connections.close_all()

    def _despite(self, error: RegistryError) -> Seals:
        """Returns the cache although MLflow does not answer, unless a promotion here has made it too old."""
        if self._seals is None or self._seen_generation != self._generation or self._age() > GRACE_SECONDS:
            raise error
        return self._seals


_watches: dict[str, Watch] = {}


def seals(workspace: str) -> Seals:
    """Returns what is sealed in a workspace (canonical), from the cache or, if that is too old, looked up.

    Raises:
        RegistryError: MLflow cannot be asked, or knows no such workspace.
    """
    watch = _watches.get(workspace)
    if watch is None:
        watch = _watches.setdefault(workspace, Watch(workspace))
    try:
        return watch.seals()
    except RegistryError:
        if not watch.has_looked:  # perhaps an invented workspace, and there may be many of those
            _watches.pop(workspace, None)
        raise


def renewed(workspace: str) -> Seals:
    """Returns what is sealed in a workspace now; `seals` must have been called for the workspace before.

    Raises:
        RegistryError: as for `seals`.
    """
    watch = _watches.get(workspace)
    return watch.renewed() if watch else seals(workspace)


def is_watched(workspace: str) -> bool:
    """Tells whether there is a cache for a workspace."""
    return workspace in _watches


def forget() -> None:
    """Clears the cache; for tests."""
    _watches.clear()


def on_event(sender: type[AuditEvent], event: AuditEvent, **_: Any) -> None:
    """Marks the caches as too old after this process changed what is protected or who holds it."""
    if event.action in _CHANGING:
        for found in list(_watches.values()):
            found.expire()
