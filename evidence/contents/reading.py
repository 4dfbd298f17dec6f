"""Reads the files that tell about both versions of a comparison."""

import time
from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Generic, TypeVar

from evidence.contents.texts import LARGEST_BYTES, MLMODEL, REQUIREMENTS, text_of
from evidence.observe import Evidence
from registry import patience
from registry.client import RegistryClient
from registry.exceptions import RegistryError
from registry.types import Contents, Family, FileTree, VersionFacts

KEPT_SECONDS = 60.0
"""How long a page believes what it read before. Of a version under review no file changes meanwhile: it is sealed."""
PAGE_SECONDS = 3.0
"""The figures are there without the files: nobody waits longer for a store that is slow."""
FRESH_SECONDS = 10.0
_MOST_KEPT = 200

Key = tuple[object, ...]
T = TypeVar("T")


class _Kept(Generic[T]):
    """What was read of versions, for a while."""

    def __init__(self) -> None:
        self._found: OrderedDict[Key, tuple[float, T]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> T | None:
        with self._lock:
            at, found = self._found.get(key, (0.0, None))
            return found if found is not None and time.monotonic() - at < KEPT_SECONDS else None

    def keep(self, key: Key, found: T) -> None:
        with self._lock:
            self._found[key] = (time.monotonic(), found)
            self._found.move_to_end(key)
            if len(self._found) > _MOST_KEPT:
                self._found.popitem(last=False)


_contents: _Kept[Contents] = _Kept()
_trees: _Kept[FileTree] = _Kept()


def with_contents(registry: RegistryClient, evidence: Evidence, *, workspace: str, fresh: bool = False) -> Evidence:
    """Returns the evidence with what the files of both versions say of them.

    A file that cannot be read is a sentence in `Contents.problems` and stops nothing: the figures are there without it.

    Args:
        registry: The workspace's.
        evidence: From `observe`.
        workspace: Canonical.
        fresh: For what is frozen: reads every file now.
    """
    with patience.at_most(FRESH_SECONDS if fresh else PAGE_SECONDS):
        return _with_both(registry, evidence, workspace, fresh=fresh)


def with_trees(registry: RegistryClient, evidence: Evidence, *, workspace: str, fresh: bool = False) -> Evidence:
    """Returns the evidence with the list of files of both versions; see `with_contents` for the arguments.

    A version whose files cannot be listed has a tree that says so.
    """
    with patience.at_most(FRESH_SECONDS if fresh else PAGE_SECONDS):
        challenger = _listed(registry, evidence.challenger, workspace, fresh=fresh)
        champion = evidence.champion
        if champion is evidence.challenger:
            champion = challenger
        elif champion is not None:
            champion = _listed(registry, champion, workspace, fresh=fresh)
        return replace(evidence, challenger=challenger, champion=champion)


def _listed(registry: RegistryClient, facts: VersionFacts, workspace: str, *, fresh: bool) -> VersionFacts:
    version = facts.version
    if facts.prompt_text is not None or version.family is not Family.MODEL:
        return facts
    key = (workspace, version.name, version.version, version.created_at, version.source)
    found = None if fresh else _trees.get(key)
    if found is None:
        try:
            found = registry.list_files(version.name, version.version)
        except RegistryError as error:
            return replace(facts, tree=FileTree((), f"MLflow did not list them: {error.message}"))
        if found.files and not found.problem:
            _trees.keep(key, found)
    return replace(facts, tree=found)


def _with_both(registry: RegistryClient, evidence: Evidence, workspace: str, *, fresh: bool) -> Evidence:
    challenger = _complete(registry, evidence.challenger, workspace, fresh=fresh)
    if evidence.champion is None or evidence.champion is evidence.challenger:
        return replace(evidence, challenger=challenger, champion=challenger if evidence.champion else None)
    return replace(
        evidence, challenger=challenger, champion=_complete(registry, evidence.champion, workspace, fresh=fresh)
    )


def _complete(registry: RegistryClient, facts: VersionFacts, workspace: str, *, fresh: bool) -> VersionFacts:
    version = facts.version
    if facts.prompt_text is not None or version.family is not Family.MODEL:
        return facts
    key = (workspace, version.name, version.version, version.created_at, version.source)
    found = None if fresh else _contents.get(key)
    if found is None:
        found = _read(registry, facts)
        if found.files and not found.problems:
            _contents.keep(key, found)
    return replace(facts, contents=found)


def _read(registry: RegistryClient, facts: VersionFacts) -> Contents:
    if facts.unplaced_source:
        # MLflow would fetch whatever the source names, an address in the inner network too.
        return Contents({}, ("its files lie where Checkpoint does not look.",))
    files, problems = {}, []
    for path in (MLMODEL, REQUIREMENTS):
        try:
            content = registry.read_file(facts.version.name, facts.version.version, path, limit=LARGEST_BYTES)
        except RegistryError as error:
            problems.append(f"{path} could not be read: {error.message}")
            break  # the other would fail as well
        if content is not None:
            text, problem = text_of(path, content)
            if problem:
                problems.append(problem)
            else:
                files[path] = text
    return Contents(files, tuple(problems))
