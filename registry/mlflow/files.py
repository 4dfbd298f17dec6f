"""Lists and reads the files of versions.

A file is read by the route that shows it on MLflow's own page of a version. No route lists them by version: what lies
at the version's place is listed by its logged model, its run, or MLflow's store of artifacts, whichever it lies in.
"""

import posixpath
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from mlflow.entities import LoggedModel

from registry.exceptions import RegistryError, RegistryNotFound
from registry.transport import Transport
from registry.types import FileEntry, FileTree

MOST_FILES = 2_000
MOST_FOLDERS = 100
"""Each is a call to MLflow."""


def read(transport: Transport, name: str, version: str, path: str, *, limit: int) -> bytes | None:
    """Returns a file, see `RegistryClient.read_file`."""
    status, content = transport.ask(_address(name, version, path), limit=limit)
    if status in (400, 404):
        return None
    if status != 200:
        raise RegistryError(f"MLflow did not show a file of the version ({status}).")
    return content


def stream(transport: Transport, name: str, version: str, path: str) -> Iterator[bytes]:
    """Yields a file piece by piece, see `RegistryClient.stream_file`."""
    return transport.stream(_address(name, version, path))


def listed(
    transport: Transport, location: str, logged: LoggedModel | None, run: tuple[str, Callable[[str], str]]
) -> FileTree:
    """Returns the files below a version's place, see `RegistryClient.list_files`.

    Args:
        transport: The workspace's.
        location: Where MLflow says that the version's files lie.
        logged: Its logged model, if it has one.
        run: Its run, "" for none, and what tells where its artifacts lie, "" for nowhere.
    """
    listing = _listing(transport, location, logged, run)
    if listing is None:
        return FileTree((), f"MLflow does not list what lies at {location}.")
    return _walk(listing)


def _listing(
    transport: Transport, location: str, logged: LoggedModel | None, run: tuple[str, Callable[[str], str]]
) -> Callable[[str], list[dict[str, Any]]] | None:
    """Returns what lists one folder below the location; None where MLflow has no route to it."""
    if logged is not None and (inside := _inside(location, logged.artifact_location)) is not None:
        route = f"/api/2.0/mlflow/logged-models/{quote(logged.model_id, safe='')}/artifacts/directories"
        return _by(transport, route, inside, "artifact_directory_path", {})
    run_id, place_of = run
    if (place := place_of(run_id) if run_id else "") and (inside := _inside(location, place)) is not None:
        return _by(transport, "/api/2.0/mlflow/artifacts/list", inside, "path", {"run_id": run_id})
    parts = urlsplit(location)
    if parts.scheme == "mlflow-artifacts" and parts.path.strip("/"):
        route = "/api/2.0/mlflow-artifacts/artifacts"
        return _by(transport, route, unquote(parts.path.strip("/")), "path", {})
    return None


def _by(
    transport: Transport, route: str, base: str, parameter: str, fixed: dict[str, str]
) -> Callable[[str], list[dict[str, Any]]]:
    def folder(path: str) -> list[dict[str, Any]]:
        where = posixpath.join(base, path) if path else base
        found, token = [], ""
        while True:
            asked = {**fixed, **({parameter: where} if where else {}), **({"page_token": token} if token else {})}
            answer = transport.call("GET", route, asked)
            found += answer.get("files", [])
            token = answer.get("next_page_token", "")
            if not token or len(found) > MOST_FILES:
                return found

    return folder


def _walk(listing: Callable[[str], list[dict[str, Any]]]) -> FileTree:
    files: list[FileEntry] = []
    folders = deque([""])
    asked = 0
    while folders:
        if asked >= MOST_FOLDERS:
            return _cut(files, f"There are more than {MOST_FOLDERS:,} folders; the rest is not listed.")
        folder, asked = folders.popleft(), asked + 1
        try:
            entries = listing(folder)
        except RegistryNotFound:
            if not folder:
                return FileTree((), "MLflow finds no files there.")
            continue
        for entry in entries:
            path = posixpath.join(folder, posixpath.basename(str(entry.get("path", "")).rstrip("/")))
            if path in ("", folder):
                continue
            if entry.get("is_dir"):
                folders.append(path)
            else:
                files.append(FileEntry(path, int(entry.get("file_size", 0))))
        if len(files) > MOST_FILES:
            return _cut(files[:MOST_FILES], f"There are more than {MOST_FILES:,} files; the rest is not listed.")
    return _cut(files, "")


def _cut(files: list[FileEntry], problem: str) -> FileTree:
    return FileTree(tuple(sorted(files, key=lambda entry: entry.path)), problem)


def _inside(location: str, root: str) -> str | None:
    """Returns where a location lies below a root, "" where it is the root; None where it lies elsewhere."""
    location, root = location.rstrip("/"), root.rstrip("/")
    if not root or (location != root and not location.startswith(f"{root}/")):
        return None
    return unquote(location[len(root) :].strip("/"))


def _address(name: str, version: str, path: str) -> str:
    return f"/model-versions/get-artifact?{urlencode({'name': name, 'version': version, 'path': path})}"
