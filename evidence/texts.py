"""Where two texts differ, so that nobody has to look for it, and so that two that differ never look alike. Pure."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from evidence.budget import Budget

_TOKENS = re.compile(r"\w+|\s|[^\w\s]")
_MOST_TOKENS = 600
"""difflib's time grows with the square of these, and the author chooses the text."""
_ALIKE_SHARE = 0.3
"""Texts that have less than this in common are shown whole: marks would be noise."""
_CONTEXT = 40
_SHORT = 100
_PICTURES = {" ": "␣", "\t": "⇥", "\r": "[CR]", "\n": "↵"}
"""Signs that fonts have: those that Unicode made for it are boxes in most of them."""
_SIGNS = frozenset("␣⇥↵")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a text: `same` or `differs` in comparison with the other side, or `left_out` for how much is the same."""

    kind: str
    text: str


Parts = tuple[Part, ...]


class Marks:
    """Where two texts differ, found out when somebody looks: of thousands that differ a page shows a hundred.

    Args:
        old: The champion's.
        new: The challenger's.
        budget: What comparing costs is taken from it then.
    """

    def __init__(self, old: str, new: str, budget: Budget) -> None:
        self._asked = (old, new, budget)
        self._found: tuple[Parts, Parts] | None = None

    @property
    def sides(self) -> tuple[Parts, Parts]:
        """Returns both texts in parts, see `side_by_side`."""
        if self._found is None:
            self._found = side_by_side(*self._asked)
        return self._found


def visible(text: str) -> str:
    """Returns a text with a code for each character that shows nothing, or that changes how others are shown.

    Direction marks can make a value read backwards, and characters without width make two values look alike. What is
    part of ordinary text, spaces and line breaks, stays.
    """
    if text.isprintable():  # most are, and it is one look
        return text
    return "".join(_code(character) if _is_hidden(character) else character for character in text)


def side_by_side(old: str, new: str, budget: Budget) -> tuple[Parts, Parts]:
    """Returns both texts in parts, with what differs marked and long passages that are the same left out.

    In what differs, a character that shows nothing has a picture or a code, and so has a letter that stands in for one
    that looks like it. Empty where the texts have too little in common, so that they are better shown whole.
    """
    if new < old:  # difflib may find something else the other way round
        return side_by_side(new, old, budget)[::-1]
    if not old:
        return (), ()
    pieces = _pieces(old, new, budget)
    shared = sum(len(before) for is_same, before, _ in pieces if is_same)
    is_long = max(len(old), len(new)) > _SHORT
    if not is_long and shared < _ALIKE_SHARE * min(len(old), len(new)) and not _reads_alike(old, new):
        return (), ()
    last = len(pieces) - 1
    sides: tuple[list[Part], list[Part]] = ([], [])
    for position, (is_same, before, after) in enumerate(pieces):
        for side, text, other in ((sides[0], before, after), (sides[1], after, before)):
            if is_same:
                side += _shortened(text, is_first=position == 0, is_last=position == last, is_long=is_long)
            elif text:
                side.append(Part("differs", _spelled(text, other)))
    return tuple(sides[0]), tuple(sides[1])


def _pieces(old: str, new: str, budget: Budget) -> list[tuple[bool, str, str]]:
    """Returns (is it the same?, old, new) for each stretch of both texts, in order."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    longest = max(len(before), len(after))
    if longest > _MOST_TOKENS or not budget.affords(longest):
        return _ends(old, new)
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found = [(tag == "equal", "".join(before[i:j]), "".join(after[k:m])) for tag, i, j, k, m in matcher.get_opcodes()]
    return [piece for part in found for piece in ([part] if part[0] else _narrowed(part[1], part[2]))]


def _narrowed(old: str, new: str) -> list[tuple[bool, str, str]]:
    """Looks into a pair of words of which a part is the same, as in `v1.2` and `v1.3`; of long ones most of it."""
    if not old or not new:
        return [(False, old, new)]
    pieces = _ends(old, new)
    shared = sum(len(before) for is_same, before, _ in pieces if is_same)
    is_long = max(len(old), len(new)) > _SHORT
    return [(False, old, new)] if is_long and 2 * shared < min(len(old), len(new)) else pieces


def _ends(old: str, new: str) -> list[tuple[bool, str, str]]:
    """Returns what both begin with, what is between, and what both end with."""
    shortest = min(len(old), len(new))
    start = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    rest = shortest - start
    end = next((n for n in range(rest) if old[-1 - n] != new[-1 - n]), rest)
    pieces = [
        (True, old[:start], new[:start]),
        (False, old[start : len(old) - end], new[start : len(new) - end]),
        (True, old[len(old) - end :], new[len(new) - end :]),
    ]
    return [piece for piece in pieces if piece[1] or piece[2]]


def _shortened(text: str, *, is_first: bool, is_last: bool, is_long: bool) -> list[Part]:
    head, tail = 0 if is_first else _CONTEXT, 0 if is_last else _CONTEXT
    left_out = len(text) - head - tail
    if not is_long or left_out <= _CONTEXT:
        return [Part("same", visible(text))]
    parts = [
        Part("same", visible(text[:head])),
        Part("left_out", str(left_out)),
        Part("same", visible(text[len(text) - tail :] if tail else "")),
    ]
    return [part for part in parts if part.text]


def _spelled(text: str, other: str) -> str:
    """Returns what differs so that it does not look like what stands in its place on the other side."""
    # Between words that differ, spaces are spaces: a phrase that came should be readable.
    is_blank = not text.strip() or "".join(text.split()) == "".join(other.split())
    if not is_blank and text.isascii() and text.isprintable():
        return text
    swapped = _swapped(text, other)
    return "".join(
        _PICTURES[character]
        if character in _PICTURES and (is_blank or character in "\r\t")
        else _code(character)
        if _is_hidden(character)
        else f"{character}{_code(character)}"
        if position in swapped or character in _SIGNS
        else character
        for position, character in enumerate(text)
    )


def _swapped(text: str, other: str) -> frozenset[int]:
    """Returns where a letter outside ASCII stands for one of ASCII, which it may look like, or the other way round."""
    if len(text) != len(other):
        return frozenset()
    return frozenset(
        position
        for position, (one, two) in enumerate(zip(text, other, strict=True))
        if one != two and not one.isascii() and two.isascii() and one.isalnum() and two.isalnum()
    )


def _reads_alike(old: str, new: str) -> bool:
    return bool(_swapped(old, new) or _swapped(new, old)) or "".join(_shown(old)) == "".join(_shown(new))


def _shown(text: str) -> Sequence[str]:
    return [character for character in text if not character.isspace() and not _is_hidden(character)]


def _is_hidden(character: str) -> bool:
    if character in "\t\n\r ":
        return False
    # Controls, formats such as direction marks, surrogates, and spaces that no keyboard has (Unicode, table 4-4).
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"}


def _code(character: str) -> str:
    return f"[U+{ord(character):04X}]"
