"""Where two versions come from: as their runs say, and who made them by Checkpoint's own record. Pure."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from evidence.budget import Budget
from evidence.rows import Group, Kind, TextRow, in_order, kind_of
from evidence.texts import Marks
from foundation.words import listed
from registry.makers import Deed, Maker
from registry.types import VersionFacts

_NAMES = {
    "commit": "Git commit",
    "repository": "Git repository",
    "source": "source",
    "user": "run by, as the client says",
    "parent run": "parent run",
}
_DEEDS = {
    Deed.REGISTERED: "registered by",
    Deed.CREATED_RUN: "run created by",
    Deed.CREATED_LOGGED_MODEL: "logged model created by",
}
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_SSH = re.compile(r"(?:ssh://)?git@([\w.-]+)[:/]([\w./-]+?)(?:\.git)?/?")


def compare_lineage(challenger: VersionFacts, champion: VersionFacts | None) -> Group:
    """Returns a row for each thing that either run says of where it comes from, and for who made what."""
    new_side, old_side = _shown(challenger), _shown(champion) if champion else {}
    rows, budget = [], Budget()
    for name in {**new_side, **old_side}:
        new, old = new_side.get(name), old_side.get(name)
        kind = kind_of(old, new, has_champion=champion is not None, equal=old == new)
        is_commit = name == _NAMES["commit"]
        is_marked = kind is Kind.CHANGED and not is_commit
        rows.append(
            TextRow(
                name,
                kind,
                old,
                new,
                Marks(old or "", new or "", budget) if is_marked else None,
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
    said = {_NAMES[what]: text for what, text in facts.origin.items() if what in _NAMES}
    return {**_on_record(facts), **said}


def _on_record(facts: VersionFacts) -> dict[str, str]:
    said = {name: who(maker for maker in facts.makers if maker.deed is deed) for deed, name in _DEEDS.items()}
    return {name: text for name, text in said.items() if text}


def who(makers: Iterable[Maker]) -> str:
    """Returns `ada (known to Checkpoint) and unknown` for these makers, each once; "" for none."""
    return listed(list(dict.fromkeys(map(_named, makers))))


def _named(maker: Maker) -> str:
    if not maker.is_known:
        return "unknown"
    answering = f"a service account of {maker.owner_name}, " if maker.owner_name else ""
    return f"{maker.name} ({answering}known to Checkpoint)"
