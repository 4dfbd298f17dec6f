"""Tells which spellings mean one name: the one function that folds names, for rules, requests, guard and seal.

MLflow's database may take two spellings for one name. MySQL compares by the primary weights of Unicode's collation
(UTS 10): an o with a stroke equals an o without, 3 equals the digit 3 of any script, and a soft hyphen is ignored.
`plain` is close to that for Latin letters and digits.
"""

import re
import unicodedata

_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cc", "Lm"})
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) (?:LETTER|LIGATURE) (?:DOTLESS )?([A-Z]{1,2}|ETH)(?: DIGRAPH| WITH .+)?")
_LATIN_NAMES = {"ETH": "d"}


def spellings(name: str) -> set[str]:
    """Returns a name and its plain form, from `plain`."""
    return {name, plain(name)}


def plain(name: str) -> str:
    """Returns a name without case, accents, strokes, width, script of its digits, and invisible characters."""
    if name.isascii():
        return name.casefold()
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(map(_plain_character, decomposed)).casefold()


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) in _UNSEEN:
        return ""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    latin = _LATIN.fullmatch(unicodedata.name(character, ""))
    return _LATIN_NAMES.get(latin[1], latin[1]) if latin else character
