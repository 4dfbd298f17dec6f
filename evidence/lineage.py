"""Where two versions come from, as their runs say. Pure."""

import re
from urllib.parse import urlsplit

from evidence.budget import Budget
from evidence.numbers import Value
from evidence.rows import Group, Kind, TextRow, in_order, kind_of
from evidence.texts import side_by_side, visible
from registry.types import VersionFacts

_NAMES = {
    "commit": "Git commit",
    "repository": "Git repository",
    "source": "source",
    "user": "run by, as the client says",
    "parent run": "parent run",
}
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/]([\w./-]+?)(?:\.git)?/?")


def compare_lineage(challenger: VersionFacts, champion: VersionFacts | None) -> Group:
    """Returns a row for each thing that either run says of where it comes from."""
    new_side, old_side = _shown(challenger), _shown(champion) if champion else {}
    rows, budget = [], Budget()
    for name in {**new_side, **old_side}:
        new, old = new_side.get(name), old_side.get(name)
        kind = kind_of(old, new, has_champion=champion is not None, equal=old == new)
        parts = side_by_side(old or "", new or "", budget) if kind is Kind.CHANGED else ((), ())
        is_commit = name == _NAMES["commit"]
        rows.append(
            TextRow(
                name,
                kind,
                None if old is None else Value(visible(old), old),
                None if new is None else Value(visible(new), new),
                *(((), ()) if is_commit else parts),
                champion_link=commit_address(champion.origin) if is_commit and champion else "",
                challenger_link=commit_address(challenger.origin) if is_commit else "",
            )
        )
    return Group("lineage", in_order(rows))


def commit_address(origin: dict[str, str]) -> str:
    """Returns the page of a run's commit at its code host; "" where what the run says does not tell.

    The run's client wrote it: only an address of http or https with a host and without credentials becomes a link.
    """
    commit, repository = origin.get("commit", ""), origin.get("repository", "").strip()
    if not _COMMIT.fullmatch(commit):
        return ""
    if found := _SSH.fullmatch(repository):
        repository = f"https://{found[1]}/{found[2]}"
    try:
        parts = urlsplit(repository)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return ""
    path = parts.path.rstrip("/").removesuffix(".git")
    return f"{parts.scheme}://{parts.netloc}{path}/commit/{commit}" if path else ""


def _shown(facts: VersionFacts) -> dict[str, str]:
    return {_NAMES[what]: text for what, text in facts.origin.items() if what in _NAMES}
