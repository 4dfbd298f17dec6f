"""The rows of the comparison that a thread can be about, and what such a row says. Pure."""

from collections.abc import Callable

from evidence.compare import Comparison
from evidence.numbers import Value
from evidence.prompts import PromptComparison
from evidence.rows import Group
from evidence.texts import visible
from promote_requests.choices import AnchorKind
from registry.types import FileEntry

LONGEST_LINE = 2_000
"""Characters by which a line of a prompt is told from others."""
_DIGEST = ", sha256 "


def value_of(comparison: Comparison, kind: str, key: str) -> str | None:
    """Returns what a row of the comparison says, in words; None where there is no such row."""
    return _READERS[AnchorKind(kind)](comparison, key)


def line_key(line: str) -> str:
    """Returns what a line of a prompt is called: as it is shown, so far as `LONGEST_LINE` goes."""
    return visible(line)[:LONGEST_LINE]


def has_moved(kind: str, then: str, now: str | None) -> bool:
    """Tells whether a row no longer says what it said. That a file's digest was taken meanwhile is no change."""
    if now is None or kind != AnchorKind.FILE or (_DIGEST in then) == (_DIGEST in now):
        return now != then
    return then.partition(_DIGEST)[0] != now.partition(_DIGEST)[0]


def _both(new: str | None, old: str | None, *, has_champion: bool) -> str:
    if not has_champion:
        return new or "none"
    if new == old:
        return f"{new} in both versions"
    return f"{'none' if new is None else new} (champion: {'none' if old is None else old})"


def _of_group(name: str) -> Callable[[Comparison, str], str | None]:
    def read(comparison: Comparison, key: str) -> str | None:
        group: Group = getattr(comparison, name)
        row = next((row for row in group.rows if row.key == key), None)
        if row is None:
            return None
        return _both(_shown(row.challenger), _shown(row.champion), has_champion=comparison.has_champion)

    return read


def _shown(value: Value | None) -> str | None:
    # As the table writes it: there two numbers that differ never look the same.
    return None if value is None else value.text


def _of_file(comparison: Comparison, key: str) -> str | None:
    rows = comparison.files.rows if comparison.files is not None else ()
    row = next((row for row in rows if row.key == key), None)
    if row is None:
        return None
    return _file(row.challenger) if row.challenger is not None else f"removed, was {_file(row.champion)}"


def _file(entry: FileEntry | None) -> str:
    if entry is None:
        return "none"
    return f"{entry.size:,} bytes" + (f"{_DIGEST}{entry.sha256}" if entry.sha256 else "")


def _of_prompt(comparison: Comparison, key: str) -> str | None:
    if comparison.prompt is None:
        return None
    is_new, is_old = (key in _lines(comparison.prompt, side) for side in ("challenger", "champion"))
    if is_new:
        return "in both versions" if is_old else "in the challenger"
    return "in the champion alone" if is_old else None


def _lines(prompt: PromptComparison, side: str) -> set[str]:
    texts = [getattr(message, side) for message in prompt.messages] or [getattr(prompt, side)]
    return {line_key(line) for text in texts if text is not None for line in text.split("\n")}


_READERS: dict[AnchorKind, Callable[[Comparison, str], str | None]] = {
    AnchorKind.METRIC: _of_group("metrics"),
    AnchorKind.PARAMETER: _of_group("parameters"),
    AnchorKind.TAG: _of_group("tags"),
    AnchorKind.FILE: _of_file,
    AnchorKind.PROMPT: _of_prompt,
}
