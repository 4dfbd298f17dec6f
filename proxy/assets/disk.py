"""The kept files on the disk, shared by all worker processes of an installation.

Each file has one description `<key>.json`, and beside it its forms, named after their content. A form is written before
the description that names it, and both by an atomic rename. So readers need no lock: what they find is whole, or it is
missing and they ask MLflow. A checksum shows what a power cut left half-written.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy.assets import entries
from proxy.assets.entries import Corrupted, Entry

logger = logging.getLogger("checkpoint.assets")

_DRAFT_SECONDS = 3600


class Disk:
    """A folder of kept files, bounded in size."""

    def __init__(self, folder: Path, limit: int) -> None:
        """Takes the limit in bytes."""
        self.folder = folder
        self._limit = limit

    def entry(self, key: str) -> Entry | None:
        """Returns the description of a file; None if the file is not kept.

        Raises:
            Corrupted: the description is damaged.
        """
        try:
            found = entries.load(self._description(key).read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupted(f"its description cannot be read ({error.strerror})") from error
        if found.key != key:
            raise Corrupted("it describes another file")
        return found

    def body(self, entry: Entry, coding: str) -> bytes | None:
        """Returns one form of a file; None if another process has just replaced or removed it.

        Raises:
            Corrupted: it does not match the description.
        """
        try:
            data = self._form(entry, coding).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Corrupted(f"its form {coding} cannot be read ({error.strerror})") from error
        if entries.Body.of(data) != entry.bodies[coding]:
            raise Corrupted(f"its form {coding} is damaged")
        return data

    def save(self, entry: Entry, bodies: dict[str, bytes]) -> None:
        """Stores a file, replacing its former version, and then removes the files beyond the limit.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for coding, data in bodies.items():
            self._write(self._form(entry, coding), data)
        self._write(self._description(entry.key), entry.dump())
        kept = {self._form(entry, coding).name for coding in bodies}
        for path in self.folder.glob(f"{entry.key}-*"):
            if path.name not in kept:
                path.unlink(missing_ok=True)
        self._shrink()

    def touch(self, key: str) -> None:
        """Records that the file is in use and was just compared with MLflow's."""
        try:
            os.utime(self._description(key))
        except FileNotFoundError:
            return  # another process has removed it

    def age(self, key: str) -> float | None:
        """Returns the seconds since `touch` or `save` by any process; None if the file is not kept."""
        try:
            return time.time() - self._description(key).stat().st_mtime
        except FileNotFoundError:
            return None

    def drop(self, key: str) -> None:
        """Removes a file, its description first; one that cannot be removed will be found damaged again."""
        try:
            self._description(key).unlink(missing_ok=True)
            for path in self.folder.glob(f"{key}-*"):
                path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be cleaned up: %s", self.folder, error.strerror)

    @contextmanager
    def making(self) -> Iterator[None]:
        """Lets only one process make files at a time; the lock ends with its process.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "making.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _shrink(self) -> None:
        """Removes the least recently used files until the rest is within the limit."""
        sizes: dict[str, int] = {}
        touched: dict[str, float] = {}
        for path in self.folder.iterdir():
            try:
                found = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix == ".draft" and time.time() - found.st_mtime > _DRAFT_SECONDS:
                path.unlink(missing_ok=True)
            key = path.name[:32]
            sizes[key] = sizes.get(key, 0) + found.st_size
            if path.suffix == ".json":
                touched[key] = found.st_mtime
        excess = sum(sizes.values()) - self._limit
        for key in sorted(touched, key=lambda name: touched[name]):
            if excess <= 0:
                return
            self.drop(key)
            excess -= sizes[key]

    def _write(self, path: Path, data: bytes) -> None:
        draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
        draft.write_bytes(data)
        draft.replace(path)

    def _description(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _form(self, entry: Entry, coding: str) -> Path:
        return self.folder / f"{entry.key}-{entry.bodies[coding].digest[:24]}.{coding}"
