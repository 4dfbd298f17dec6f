"""Which MLflow was found behind Checkpoint, and what that means for the guard."""

import threading
import time
from dataclasses import dataclass

from django.conf import settings

from proxy.guard.known_writes import TESTED_VERSIONS
from registry import get_registry
from registry.exceptions import RegistryError

FRESH_SECONDS = 60.0
"""MLflow is asked again after this long: somebody may have put another one in its place."""


class _Found:
    """What MLflow said last in this process, and when."""

    def __init__(self) -> None:
        self.version: str | None = None
        self.until = 0.0
        self.lock = threading.Lock()


_found = _Found()


def forget() -> None:
    """Forgets what MLflow said, for tests that put another one in its place."""
    _found.version, _found.until = None, 0.0


def version() -> str:
    """Returns the version that MLflow says it has, for example `3.17.2`; empty where it says none.

    MLflow is asked by one thread at a time, and only the first of a process's calls waits for it.

    Raises:
        RegistryError: MLflow has to be asked for the first time and does not answer.
    """
    if time.monotonic() >= _found.until and _found.lock.acquire(blocking=_found.version is None):
        try:
            if time.monotonic() >= _found.until:
                _ask()
        finally:
            _found.lock.release()
    return _found.version or ""


def _ask() -> None:
    try:
        _found.version = get_registry().server_version()
    except RegistryError:
        if _found.version is None:
            raise
    _found.until = time.monotonic() + FRESH_SECONDS


def is_tested(version: str) -> bool:
    """Tells whether Checkpoint was tested with an MLflow of this minor version."""
    return any(version.startswith(f"{tested}.") for tested in TESTED_VERSIONS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about MLflow that an administrator should know; `is_good` where nothing need be done."""

    is_good: bool
    sentence: str


def findings() -> list[Finding]:
    """Returns what the self-test finds: it looks now, and asks MLflow once as Checkpoint and once as nobody.

    Raises:
        RegistryError: MLflow does not answer.
    """
    registry = get_registry()
    return [_of_version(registry.server_version()), _of_credentials(registry.answers_anybody()), _of_unknown_writes()]


def _of_version(version: str) -> Finding:
    tested = " and ".join(TESTED_VERSIONS)
    if is_tested(version):
        return Finding(True, f"MLflow {version} is behind Checkpoint, which was tested with {tested}.")
    becomes = "pass as they come" if settings.CHECKPOINT_UNKNOWN_WRITES == "pass" else "are refused"
    return Finding(
        False,
        f"MLflow {version or 'of an unknown version'} is behind Checkpoint, which was tested with {tested}: writes "
        f"that Checkpoint does not judge {becomes}.",
    )


def _of_credentials(answers_anybody: bool) -> Finding:
    if not answers_anybody:
        return Finding(True, "MLflow answers nobody who does not show Checkpoint's credentials, its own jobs included.")
    return Finding(
        False,
        "MLflow answers callers without credentials: whoever reaches its address goes past Checkpoint, and so does a "
        "job of MLflow's own that is made to call it. docs/mlflow-credentials.md says how to close that way.",
    )


def _of_unknown_writes() -> Finding:
    if settings.CHECKPOINT_UNKNOWN_WRITES == "pass":
        return Finding(False, "Writes that Checkpoint does not know pass as they come (CHECKPOINT_UNKNOWN_WRITES).")
    return Finding(True, "Writes that Checkpoint does not know are refused (CHECKPOINT_UNKNOWN_WRITES).")
