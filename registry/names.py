"""Tells which spellings mean one name: the one function that folds names, for rules, requests, guard and seal.

MLflow's database may take two spellings for one name. MySQL compares by the primary weights of Unicode's collation
(UTS 10): an o with a stroke equals an o without, 3 equals a sign for 3 of any script, and a soft hyphen is ignored.
`plain` is that for all that equals Latin letters and digits in MySQL 8's `utf8mb4_0900_ai_ci`, but for signs that stand
for a word (`\U0001f195`), which no alias or tag's key can hold.
"""

import math
import re
import unicodedata

LONGEST_KEY = 256
"""The most characters of a `key_of`."""
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Lm"})
_UNSEEN_LETTERS = frozenset("\u1cf2\u1cf3\ufe73")
"""Letters by their category, so that MLflow takes them in an alias; the collation ignores them."""
_LATIN = re.compile(
    r"(?:(?:CROSSED )?(?:COMBINING|NEGATIVE CIRCLED|NEGATIVE SQUARED|SQUARED) )?LATIN (?:SMALL|CAPITAL) "
    r"(?:LETTER|LIGATURE) (?:DOTLESS |INSULAR |MIDDLE-WELSH |VOLAPUK (?=[AOU]E))?([A-Z]{1,2}|ETH)"
    r"(?: DIGRAPH| WITH .+)?"
)
_LATIN_NAMES = {"ETH": "d"}
_ODD_LETTERS = {"\u018d": "zw", "\u01be": "ts"}


def spellings(name: str) -> set[str]:
    """Returns a name and its plain form, from `plain`."""
    return {name, plain(name)}


def plain(name: str) -> str:
    """Returns a name without case, accents, strokes, width, script of its digits, and invisible characters."""
    if name.isascii():
        return name.casefold()
    return "".join(map(_plain_character, name)).casefold()


def key_of(name: str) -> str:
    """Returns a name as it is compared in a column, short enough for it whatever it is made of.

    Of two names that are as long as that and begin alike it is the same: then rules hold for one that hold for the
    other.
    """
    return plain(name)[:LONGEST_KEY]


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    decomposed = unicodedata.normalize("NFKD", character)
    if len(decomposed) > 1:
        # A mark that stands alone is written with a space, which is not there; nor is the dot behind the l of `\u0140`.
        return "".join(map(_plain_character, decomposed.lstrip(" ").replace("l\u00b7", "l").replace("L\u00b7", "L")))
    return _plain_letter(decomposed)


def _plain_letter(character: str) -> str:
    """Returns what a character that is not made of others counts as."""
    if character.isascii():
        return character
    category = unicodedata.category(character)
    latin = _LATIN.fullmatch(unicodedata.name(character, ""))
    if latin:
        letters = _LATIN_NAMES.get(latin[1], latin[1])
        return letters[0] if "VOLAPUK" in latin[0] else letters
    if category in _UNSEEN or character in _UNSEEN_LETTERS:
        return ""
    number = unicodedata.numeric(character, None) if category.startswith("N") else None
    # Tibetan has digits for halves, `half two` for one and a half: the collation takes them for the digit named.
    if number is not None and (2 * number).is_integer():
        return str(math.ceil(number))
    return _ODD_LETTERS.get(character, character)
