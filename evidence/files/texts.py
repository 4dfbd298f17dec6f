"""The difference of two text files, within a bound whatever is in them. Pure."""

from dataclasses import replace

from evidence.budget import BoundedMatcher, Budget, TooMany
from evidence.prompts import DiffLine, with_words

MOST_SHOWN = 1_000
"""Lines of a difference."""
LONGEST = 20_000
"""Characters of a line, or of a piece of it that differs: a file may be one line of a megabyte."""
_MOST_LINES = 100_000
_CONTEXT = 3
Change = tuple[str, int, int, int, int]
"""What difflib calls an opcode: what to do with which lines of the old text and of the new one."""


def difference(old: str | None, new: str | None) -> tuple[tuple[DiffLine, ...], str]:
    """Returns the lines of a unified difference, and a sentence where these are not all; None is no file."""
    before, after = _lines(old, beside=new), _lines(new, beside=old)
    head = _shared(before, after)
    tail = _shared(before[head:][::-1], after[head:][::-1])
    start = max(head - _CONTEXT, 0)
    before = before[start : len(before) - max(tail - _CONTEXT, 0)]
    after = after[start : len(after) - max(tail - _CONTEXT, 0)]
    try:
        groups = _grouped(before, after)
    except TooMany:
        return (), (
            f"The files differ from line {head + 1} on, in too many lines to be compared line by line: "
            f"{len(before):,} and {len(after):,} lines."
        )
    lines: list[tuple[str, str]] = []
    for group in groups:
        lines.append(("hunk", f"From line {start + _first(group)}"))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [("context", line) for line in before[i1:i2]]
                continue
            lines += [("removed", line) for line in before[i1:i2]] + [("added", line) for line in after[j1:j2]]
    cut = [f"Only the first {MOST_SHOWN:,} lines of the difference are shown."] if len(lines) > MOST_SHOWN else []
    found = with_words(lines[:MOST_SHOWN])
    shown = tuple(_shortened(line) for line in found)
    if any(one is not other for one, other in zip(found, shown, strict=True)):
        cut.append(f"Of what is longer than {LONGEST:,} characters the first are shown.")
    return shown, " ".join(cut)


def _shortened(line: DiffLine) -> DiffLine:
    """Returns a line of which no piece is longer than `LONGEST`; the same one where none is."""
    pieces = line.parts or (line,)
    if all(len(piece.text) <= LONGEST for piece in pieces):
        return line
    parts = tuple(replace(part, text=part.text[:LONGEST]) for part in line.parts)
    return replace(line, text=line.text[:LONGEST], parts=parts)


def _lines(text: str | None, *, beside: str | None) -> list[str]:
    if text is None:
        return []
    # What follows the last line break is a line only where the other side may have something else there.
    return (text if beside is not None else text.removesuffix("\n")).split("\n")


def _shared(one: list[str], other: list[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _grouped(before: list[str], after: list[str]) -> list[list[Change]]:
    """Returns the changes with the lines around them.

    Raises:
        TooMany: it would take too long to find them.
    """
    if max(len(before), len(after)) > _MOST_LINES:
        raise TooMany
    return list(BoundedMatcher(before, after, Budget()).get_grouped_opcodes(_CONTEXT))


def _first(group: list[Change]) -> int:
    """Returns the number of the first line of the new text in a group, as a unified difference says it."""
    begin, end = group[0][3], group[-1][4]
    return begin + (end != begin)
