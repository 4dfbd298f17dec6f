"""Compresses MLflow's files, and runs jobs for which no caller should wait.

A job that fails leaves the file as it was: the next call for it is streamed from MLflow, and tries again.
"""

import gzip
import threading
from collections.abc import Callable

import brotli

_WAITING_BYTES = 32 * 1024 * 1024
_BROTLI_QUALITY = 9  # 11 takes fifteen times as long to make MLflow's main script a tenth smaller
_GZIP_LEVEL = 6
_WORTH_IT = 0.95


def forms(data: bytes, *, compressible: bool) -> dict[str, bytes]:
    """Returns {coding: bytes}; compressed forms only if they are smaller."""
    found = {"identity": data}
    if compressible:
        for coding, made in (
            ("br", brotli.compress(data, quality=_BROTLI_QUALITY)),
            ("gzip", gzip.compress(data, _GZIP_LEVEL, mtime=0)),
        ):
            if len(made) < len(data) * _WORTH_IT:
                found[coding] = made
    return found


class Background:
    """Runs jobs one after the other, each in a daemon thread, for which a process that stops does not wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._names: set[str] = set()
        self._bytes = 0

    def begin(self, name: str, size: int) -> bool:
        """Claims a job; returns False if one of this name is under way, or too many bytes wait already.

        Whoever claimed it must call `run` or `give_up`.
        """
        with self._lock:
            if name in self._names or self._bytes + size > _WAITING_BYTES:
                return False
            self._names.add(name)
            self._bytes += size
            return True

    def give_up(self, name: str, size: int) -> None:
        """Releases a claimed job."""
        with self._lock:
            self._names.discard(name)
            self._bytes -= size

    def run(self, name: str, size: int, job: Callable[[], None]) -> None:
        """Runs a claimed job soon."""
        threading.Thread(target=self._work, args=(name, size, job), name="assets", daemon=True).start()

    def _work(self, name: str, size: int, job: Callable[[], None]) -> None:
        try:
            with self._turn:
                job()
        finally:
            self.give_up(name, size)
