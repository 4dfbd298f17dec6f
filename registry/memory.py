"""What the client of a registry keeps from one call to the next, so that it need not read everything again.

What is kept is only a help: whoever uses it asks MLflow whether it still holds.
"""

import hashlib
import logging
from collections import OrderedDict
from threading import Lock
from typing import Any, Protocol

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError
from typing_extensions import override

LONGEST = 1_000
"""Models of which a process keeps something."""

logger = logging.getLogger(__name__)


class Memory(Protocol):
    """{model name: JSON} of one workspace. May lose entries, and keeps of two that are written at once either."""

    def get(self, model_name: str) -> dict[str, Any] | None:
        """Returns what was kept of a model."""

    def put(self, model_name: str, value: dict[str, Any] | None) -> None:
        """Keeps something of a model, or forgets it."""


class ProcessMemory(Memory):
    """A memory that ends with the process. For many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = Lock()

    @override
    def get(self, model_name: str) -> dict[str, Any] | None:
        with self._lock:
            return self._kept.get(model_name)

    @override
    def put(self, model_name: str, value: dict[str, Any] | None) -> None:
        # What was written longest ago goes first.
        with self._lock:
            self._kept.pop(model_name, None)
            if value is not None:
                self._kept[model_name] = value
            if len(self._kept) > LONGEST:
                self._kept.popitem(last=False)


class KeptMemory(Memory):
    """A memory in Django's cache, which is in the database: all processes share it and it outlives them.

    What was read of another MLflow says nothing of this one.
    """

    def __init__(self, workspace: str) -> None:
        self._upstream: str = settings.CHECKPOINT_REGISTRY_URL
        self._workspace = workspace

    @override
    def get(self, model_name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = cache.get(self._key(model_name))
        except DatabaseError as error:
            logger.warning("What was read of %s cannot be found again: %s", model_name, error)
            return None
        return found

    @override
    def put(self, model_name: str, value: dict[str, Any] | None) -> None:
        try:
            if value is None:
                cache.delete(self._key(model_name))
            else:
                cache.set(self._key(model_name), value, timeout=None)
        except DatabaseError as error:
            logger.warning("What was read of %s cannot be kept: %s", model_name, error)

    def _key(self, model_name: str) -> str:
        # A cache's keys have no spaces and at most 250 characters.
        key = repr((self._upstream, self._workspace, model_name))
        return f"registry.memory:{hashlib.sha256(key.encode()).hexdigest()}"


_of_this_process: dict[str, ProcessMemory] = {}


def of_this_process(workspace: str) -> Memory:
    """Returns the memory of a workspace that ends with the process; a value for `CHECKPOINT_REGISTRY_MEMORY`."""
    return _of_this_process.setdefault(workspace, ProcessMemory())


def get_memory(workspace: str) -> Memory:
    """Returns the memory of a workspace, as the setting `CHECKPOINT_REGISTRY_MEMORY` says."""
    from django.utils.module_loading import import_string  # noqa: PLC0415

    factory = import_string(getattr(settings, "CHECKPOINT_REGISTRY_MEMORY", "registry.memory.KeptMemory"))
    memory: Memory = factory(workspace)
    return memory
