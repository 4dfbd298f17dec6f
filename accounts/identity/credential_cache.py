"""Remembers for a few seconds who a credential belongs to, so that the proxy's hot path makes no database query.

The risks, and what prevents each:

- A revoked credential still works: an entry lives at most CHECKPOINT_CREDENTIAL_CACHE_SECONDS (5 at most), counted from
  *before* the database was read, so a revocation made on another replica takes effect here within that time.
  Revocations made in this process take effect at once (`accounts.signals`).
- A revocation happens between reading the database and storing the entry: every `forget_*` begins a new generation,
  and an entry that was read in an older one is not stored.
- Somebody fills the memory: there are at most `capacity` entries; the least recently used are dropped first.
- Somebody reads the memory: keys are digests under a key that only this process knows.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from os import urandom
from threading import Lock

from django.conf import settings

from accounts.identity.callers import Caller

CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Reading:
    """When a read of the database began; passed to `remember`."""

    started: float
    generation: int


@dataclass(frozen=True, slots=True)
class _Entry:
    caller: Caller
    until: float


class CredentialCache:
    """Maps credentials to callers; bounded, short-lived, safe to use from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self.clock = clock
        self.capacity = capacity
        self._secret = urandom(32)
        self._lock = Lock()
        self._generation = 0
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()

    def digest(self, kind: str, credential: str) -> bytes:
        """Returns the key of a credential in the cache; it means nothing outside this process."""
        data = f"{kind}\0{credential}".encode("utf-8", "surrogateescape")
        return blake2b(data, key=self._secret, digest_size=32).digest()

    def get(self, key: bytes) -> Caller | None:
        """Returns whom the credential belongs to, or None if the cache does not know."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry.until <= self.clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry.caller

    def begin(self) -> Reading:
        """Returns the present moment; call it before reading the database."""
        with self._lock:
            return Reading(self.clock(), self._generation)

    def remember(self, key: bytes, caller: Caller, reading: Reading, *, life: float | None = None) -> None:
        """Stores the caller, unless something was revoked since `reading`.

        Args:
            key: From `digest`.
            caller: Whom the credential belongs to.
            reading: From `begin`, taken before the database was read.
            life: Seconds that the credential itself has left, None if it does not expire.
        """
        seconds = float(settings.CHECKPOINT_CREDENTIAL_CACHE_SECONDS)
        until = reading.started + (seconds if life is None else min(seconds, life))
        with self._lock:
            if reading.generation != self._generation:
                return
            self._entries[key] = _Entry(caller, until)
            self._entries.move_to_end(key)
            while len(self._entries) > self.capacity:
                self._entries.popitem(last=False)

    def forget_user(self, user_id: int | None) -> None:
        """Drops all entries of one person: sessions, tokens and passwords."""
        with self._lock:
            self._generation += 1
            stale = [key for key, entry in self._entries.items() if entry.caller.user_id == user_id]
            for key in stale:
                del self._entries[key]

    def forget(self, key: bytes) -> None:
        """Drops one credential."""
        with self._lock:
            self._generation += 1
            self._entries.pop(key, None)

    def clear(self) -> None:
        """Drops everything."""
        with self._lock:
            self._generation += 1
            self._entries.clear()

    def __len__(self) -> int:
        with self._lock:
            return len(self._entries)


cache = CredentialCache()
"""The cache of this process."""
