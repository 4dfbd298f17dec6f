"""Reads the files that tell about both versions of a comparison."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from evidence.contents.texts import LARGEST_BYTES, MLMODEL, REQUIREMENTS, text_of
from evidence.observe import Evidence
from evidence.recent.kept import Kept, Key
from foundation.database.side_by_side import side_by_side
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

_contents: Kept[Contents] = Kept(_MOST_KEPT)
_trees: Kept[FileTree] = Kept(_MOST_KEPT)


def with_files(
    registry: RegistryClient,
    evidence: Evidence,
    *,
    workspace: str,
    contents: bool = True,
    trees: bool = True,
    fresh: bool = False,
) -> Evidence:
    """Returns the evidence with what the files of both versions say of them, and with the lists of these files.

    Both sides and both kinds are asked for at once. A file that cannot be read is a sentence in `Contents.problems`, a
    list that cannot be had one in `FileTree.problem`; neither stops anything: the figures are there without it.

    Args:
        registry: The workspace's.
        evidence: From `observe`.
        workspace: Canonical.
        contents: Whether to read the files that tell about a version.
        trees: Whether to list all files.
        fresh: For what is frozen: asks for everything now.
    """
    challenger, champion = evidence.challenger, evidence.champion
    sides = [challenger] if champion is None or champion is challenger else [challenger, champion]
    asked: list[Callable[[], Contents | FileTree]] = []
    for facts in sides:
        if _has_files(facts):
            asked += [partial(_contents_of, registry, facts, workspace, fresh=fresh)] if contents else []
            asked += [partial(_tree_of, registry, facts, workspace, fresh=fresh)] if trees else []
    with patience.at_most(FRESH_SECONDS if fresh else PAGE_SECONDS):
        found = iter(side_by_side(asked))
    complete = [_with(facts, found, contents=contents, trees=trees) for facts in sides]
    return replace(evidence, challenger=complete[0], champion=None if champion is None else complete[-1])


def _with(facts: VersionFacts, found: Iterator[Contents | FileTree], *, contents: bool, trees: bool) -> VersionFacts:
    """Returns the facts with the next ones of what was found."""
    if not _has_files(facts):
        return facts
    for _ in range(contents + trees):
        one = next(found)
        facts = replace(facts, contents=one) if isinstance(one, Contents) else replace(facts, tree=one)
    return facts


def _has_files(facts: VersionFacts) -> bool:
    return facts.prompt_text is None and facts.version.family is Family.MODEL


def _key(facts: VersionFacts, workspace: str) -> Key:
    version = facts.version
    return workspace, version.name, version.version, version.created_at, version.source


def _tree_of(registry: RegistryClient, facts: VersionFacts, workspace: str, *, fresh: bool) -> FileTree:
    key = _key(facts, workspace)
    found = None if fresh else _trees.get(key, KEPT_SECONDS)
    if found is not None:
        return found
    try:
        found = registry.list_files(facts.version.name, facts.version.version)
    except RegistryError as error:
        return FileTree((), f"MLflow did not list them: {error.message}")
    if found.files and not found.problem:
        _trees.keep(key, found)
    return found


def _contents_of(registry: RegistryClient, facts: VersionFacts, workspace: str, *, fresh: bool) -> Contents:
    key = _key(facts, workspace)
    found = None if fresh else _contents.get(key, KEPT_SECONDS)
    if found is not None:
        return found
    found = _read(registry, facts)
    if found.files and not found.problems:
        _contents.keep(key, found)
    return found


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
