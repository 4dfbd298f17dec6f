"""The difference of two text files, within a bound whatever is in them. Pure."""

import difflib
from collections import Counter

from evidence.prompts import DiffLine, with_words

MOST_SHOWN = 1_000
"""Lines of a difference."""
_MOST_LINES = 100_000
_MOST_PAIRS = 5_000_000
"""Pairs of equal lines, one of each side, that comparing looks at: its time grows with them. About a second."""
_CONTEXT = 3


def difference(old: str | None, new: str | None) -> tuple[tuple[DiffLine, ...], str]:
    """Returns the lines of a unified difference, and a sentence where these are not all; None is no file."""
    before, after = _lines(old, beside=new), _lines(new, beside=old)
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    start = max(head - _CONTEXT, 0)
    before = before[start : len(before) - max(tail - _CONTEXT, 0)]
    after = after[start : len(after) - max(tail - _CONTEXT, 0)]
    if max(len(before), len(after)) > _MOST_LINES or _pairs(before, after) > _MOST_PAIRS:
        return (), (
            f"The files differ from line {head + 1} on, in too many lines to be compared line by line: "
            f"{len(before):,} and {len(after):,} lines."
        )
    kinds = {"@": "hunk", "+": "added", "-": "removed", " ": "context"}
    lines: list[tuple[str, str]] = []
    cut = ""
    for line in list(difflib.unified_diff(before, after, lineterm="", n=_CONTEXT))[2:]:
        if len(lines) == MOST_SHOWN:
            cut = f"Only the first {MOST_SHOWN:,} lines of the difference are shown."
            break
        lines.append((kinds[line[0]], _where(line, start) if line[0] == "@" else line[1:]))
    return tuple(with_words(lines)), cut


def _lines(text: str | None, *, beside: str | None) -> list[str]:
    if text is None:
        return []
    # What follows the last line break is a line only where the other side may have something else there.
    return (text if beside is not None else text.removesuffix("\n")).split("\n")


def _shared(one: list[str], other: list[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _pairs(one: list[str], other: list[str]) -> int:
    counted = Counter(other)
    # difflib itself leaves out what is more than a hundredth of many lines.
    popular = len(other) // 100 + 1 if len(other) >= 200 else len(other)
    return sum(times * counted[line] for line, times in Counter(one).items() if counted[line] <= popular)


def _where(hunk: str, offset: int) -> str:
    begin = int(hunk.split("+")[1].split(",")[0].split(" ")[0]) + offset
    return f"From line {begin}"
