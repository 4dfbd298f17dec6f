"""The kept files in memory: those that this process used last."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from proxy.assets.entries import Entry


@dataclass(slots=True)
class Kept:
    """One file in memory.

    Attributes:
        compare_at: When to compare it with MLflow's, on the monotonic clock.
        bodies: {coding: bytes} of the forms that somebody asked for.
    """

    entry: Entry
    compare_at: float
    bodies: dict[str, bytes] = field(default_factory=dict)


class Memory:
    """Descriptions and forms by key; at most `limit` bytes of forms, of which the least recently used go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0

    def get(self, key: str) -> Kept | None:
        """Returns a file; some of its forms may be on the disk only."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
            return kept

    def put(self, entry: Entry, bodies: dict[str, bytes], compare_after: float) -> None:
        """Stores forms of a file and removes those of other versions of it. `compare_after` is in seconds."""
        key = entry.key
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.entry != entry:
                self._remove(key)
                kept = self._kept[key] = Kept(entry, time.monotonic() + compare_after)
            for coding, data in bodies.items():
                if coding not in kept.bodies and len(data) <= self._limit:
                    kept.bodies[coding] = data
                    self._size += len(data)
            self._kept.move_to_end(key)
            while self._size > self._limit and len(self._kept) > 1:
                self._remove(next(iter(self._kept)))
            if self._size > self._limit:
                self._size -= sum(map(len, kept.bodies.values()))
                kept.bodies = {}

    def is_due(self, kept: Kept, again_after: float) -> bool:
        """Tells whether to compare a file with MLflow's; tells one caller only, again after `again_after` seconds."""
        now = time.monotonic()
        if kept.compare_at > now:
            return False
        with self._lock:
            is_mine = kept.compare_at <= now
            if is_mine:
                kept.compare_at = now + again_after
            return is_mine

    def drop(self, key: str) -> None:
        with self._lock:
            self._remove(key)

    def _remove(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= sum(map(len, kept.bodies.values()))
