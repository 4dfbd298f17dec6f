"""What a process keeps for a while, bounded by how much it is."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Key = tuple[object, ...]
T = TypeVar("T")


class Kept(Generic[T]):
    """{key: what was read}, for a while. For many threads; what was kept longest ago goes first.

    Args:
        most: How much is kept at once.
        weight: Of one entry; one that weighs more than `most` is not kept.
    """

    def __init__(self, most: int, weight: Callable[[T], int] = lambda _: 1) -> None:
        self._found: OrderedDict[Key, tuple[float, T, int]] = OrderedDict()
        self._most, self._weight, self._held = most, weight, 0
        self._lock = Lock()

    def get(self, key: Key, seconds: float) -> T | None:
        """Returns what was kept under a key within the last seconds."""
        with self._lock:
            at, found, _ = self._found.get(key, (0.0, None, 0))
            return found if found is not None and time.monotonic() - at < seconds else None

    def keep(self, key: Key, found: T) -> None:
        """Keeps something, in place of what was kept under this key."""
        weight = self._weight(found)
        with self._lock:
            self._drop(key)
            if weight > self._most:
                return
            self._found[key] = (time.monotonic(), found, weight)
            self._held += weight
            while self._held > self._most:
                self._drop(next(iter(self._found)))

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._found.clear()
            self._held = 0

    def _drop(self, key: Key) -> None:
        _, _, weight = self._found.pop(key, (0.0, None, 0))
        self._held -= weight
