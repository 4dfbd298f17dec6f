"""Compares the challenger with the champion, ready to be shown. Pure."""

import difflib
from dataclasses import dataclass
from typing import Any

from evidence.metrics import compare_metrics
from evidence.numbers import Value
from evidence.rows import DIFFERENCES, Group, Kind, Row, in_order, kind_of
from registry.types import VersionFacts

_DIFFABLE_LINES = 2_000
"""Longer texts are shown whole: difflib's time grows with the square of the lines, and the author chooses the text."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a unified diff: `kind` is hunk, context, added or removed; `text` is without its sign."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class PromptComparison:
    """The prompt's text on both sides, None where there is none; `lines` only when both have text and differ."""

    kind: Kind
    champion: str | None
    challenger: str | None
    lines: tuple[DiffLine, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"kind": str(self.kind), "champion": self.champion, "challenger": self.challenger}


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that is shown of two versions side by side; `prompt` is None unless one of them belongs to a prompt.

    `settings` are a prompt's: which model it is for, with which parameters, and what it answers with.
    """

    has_champion: bool
    metrics: Group
    parameters: Group
    tags: Group
    prompt: PromptComparison | None
    settings: Group

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups in the order in which they are shown."""
        return (self.settings, self.metrics, self.parameters, self.tags)

    @property
    def differs(self) -> bool:
        """Whether anything differs; false without a champion."""
        return any(group.differences for group in self.groups) or (
            self.prompt is not None and self.prompt.kind in DIFFERENCES
        )

    def as_dict(self, *, only_differences: bool = False) -> dict[str, Any]:
        """Returns the comparison for the API, without equal rows when asked."""
        return {
            "has_champion": self.has_champion,
            **{group.name: group.as_dict(only_differences=only_differences) for group in self.groups},
            "prompt": self.prompt and self.prompt.as_dict(),
        }


def compare(challenger: VersionFacts, champion: VersionFacts | None) -> Comparison:
    """Returns what differs between two versions; every parameter, metric and tag of either is one row."""
    return Comparison(
        has_champion=champion is not None,
        metrics=compare_metrics(challenger.metrics, champion.metrics if champion else None),
        parameters=_texts("parameters", challenger.params, champion.params if champion else None),
        tags=_texts("tags", challenger.tags, champion.tags if champion else None),
        prompt=_prompt(challenger, champion),
        settings=_texts("settings", challenger.prompt_settings, champion.prompt_settings if champion else None),
    )


def _texts(name: str, challenger: dict[str, str], champion: dict[str, str] | None) -> Group:
    # Parameters are texts even where they look like numbers: "1e-3" and "0.001" are different texts.
    rows = []
    for key in {**challenger, **(champion or {})}:
        new, old = challenger.get(key), (champion or {}).get(key)
        kind = kind_of(old, new, has_champion=champion is not None, equal=old == new)
        rows.append(Row(key, kind, _plain(old), _plain(new)))
    return Group(name, in_order(rows))


def _plain(text: str | None) -> Value | None:
    return None if text is None else Value(text, text)


def _prompt(challenger: VersionFacts, champion: VersionFacts | None) -> PromptComparison | None:
    new, old = challenger.prompt_text, champion.prompt_text if champion else None
    if new is None and old is None:
        return None
    kind = kind_of(old, new, has_champion=champion is not None, equal=old == new)
    lines = text_diff(old, new) if old is not None and new is not None and old != new else ()
    return PromptComparison(kind, old, new, lines)


def text_diff(old: str, new: str) -> tuple[DiffLine, ...]:
    """Returns the lines of a unified diff; all of both texts where they are too long to be compared."""
    # Not splitlines(): a final line break that was added or lost is a difference too.
    before, after = old.split("\n"), new.split("\n")
    if max(len(before), len(after)) > _DIFFABLE_LINES:
        return (*(DiffLine("removed", line) for line in before), *(DiffLine("added", line) for line in after))
    kinds = {"@": "hunk", "+": "added", "-": "removed", " ": "context"}
    lines = list(difflib.unified_diff(before, after, lineterm=""))[2:]
    return tuple(DiffLine(kinds[line[0]], _where(line) if line[0] == "@" else line[1:]) for line in lines)


def _where(hunk: str) -> str:
    """Returns where a hunk such as `@@ -1,3 +4,5 @@` begins in the new text, in words."""
    begins = hunk.split()[2].lstrip("+").partition(",")[0]
    return f"Line {begins}"
