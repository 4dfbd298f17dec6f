"""Stores MLflow's files where `serving` finds them, and compares them with MLflow's now and then."""

import logging

from proxy import destination
from proxy.assets import making, names
from proxy.assets.disk import Disk
from proxy.assets.entries import Body, Corrupted, Entry, key
from proxy.assets.memory import Memory
from proxy.exceptions import ProxyError
from proxy.transfer import headers as proxied_headers
from proxy.transfer import responses, upstream
from proxy.transfer.http1 import Headers

logger = logging.getLogger("checkpoint.assets")

FILE_BYTES = 16 * 1024 * 1024
"""A larger file is never kept."""

COMPARE_SECONDS = 600.0
"""How long a kept file is used without comparing it with MLflow's."""

# Headers that are written again for each form, or that are about the one response that was fetched.
_NOT_KEPT = frozenset(
    {"cache-control", "expires", "pragma", "age", "etag", "vary", "content-length", "accept-ranges", "connection"}
)


class Keeper:
    """Stores files of one MLflow on the disk and in memory; runs in the background."""

    def __init__(self, disk: Disk, memory: Memory, url: str) -> None:
        """Takes MLflow's address as `url`."""
        self.disk = disk
        self.memory = memory
        self._url = url

    def keep(self, path: str, head: Headers, data: bytes) -> None:
        """Stores a file in all forms, unless another process has just done so.

        If the disk cannot be written, the file is kept in memory.
        """
        etag = next((value for name, value in head if name.lower() == "etag"), "")
        made: tuple[Entry, dict[str, bytes]] | None = None
        try:
            with self.disk.making():
                there = self._on_disk(path)
                if there is not None and (there.etag, there.bodies["identity"]) == (etag, Body.of(data)):
                    made = there, {}
                else:
                    made = self._made(path, etag, head, data)
                    self.disk.save(*made)
        except OSError as error:
            logger.warning("MLflow's files are kept in memory only: %s (%s).", self.disk.folder, error.strerror)
        self.memory.put(*(made or self._made(path, etag, head, data)), COMPARE_SECONDS)

    def compare(self, entry: Entry) -> None:
        """Asks MLflow whether a file is still the same, and replaces it if not.

        A file that MLflow no longer has stays: a page that was opened before MLflow was upgraded still asks for it, and
        its name holds the hash of its content.
        """
        age = self.disk.age(entry.key)
        if age is not None and age < COMPARE_SECONDS:  # another process did it
            if self._on_disk(entry.path) != entry:
                self.memory.drop(entry.key)
            return
        conditions = [("If-None-Match", entry.etag)] if entry.etag else []
        try:
            answer = upstream.send(
                destination.mlflow(), "GET", entry.path, [("Accept-Encoding", "identity"), *conditions]
            )
            data = responses.read_whole(answer, FILE_BYTES)
            answer.close()
        except ProxyError as error:
            logger.info("MLflow's %s could not be compared with the kept one: %s", entry.path, error)
            return
        if data and is_usable(entry.path, answer.status, answer.headers) and not is_encoded(answer.headers):
            self.memory.drop(entry.key)
            self.keep(entry.path, answer.headers, data)
        self.disk.touch(entry.key)

    def _on_disk(self, path: str) -> Entry | None:
        try:
            return self.disk.entry(key(self._url, path))
        except Corrupted:
            return None  # it will be replaced

    def _made(self, path: str, etag: str, head: Headers, data: bytes) -> tuple[Entry, dict[str, bytes]]:
        forms = making.forms(data, compressible=names.is_compressible(names.extension(path)))
        kept = tuple(
            (name, value)
            for name, value in proxied_headers.for_client(head, destination.mlflow())
            if name.lower() not in _NOT_KEPT and value.isascii()
        )
        bodies = {coding: Body.of(form) for coding, form in forms.items()}
        return Entry(self._url, path, etag, kept, bodies), forms


def is_usable(path: str, status: int, headers: Headers) -> bool:
    """Tells whether a response is the file of this name, and the same for every caller."""
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    if status != 200 or not names.is_expected(names.extension(path), content_type):
        return False
    for name, value in headers:
        lower, value = name.lower(), value.lower()
        if lower == "set-cookie" or (lower == "cache-control" and ("no-store" in value or "private" in value)):
            return False
        # Origin is never sent to MLflow, so what depends on it is always the same.
        if lower == "vary" and {part.strip() for part in value.split(",")} - {"origin", "accept-encoding"}:
            return False
    return True


def is_encoded(headers: Headers) -> bool:
    """Tells whether a body is compressed already."""
    return any(name.lower() == "content-encoding" for name, _ in headers)
