"""What the built-in check found: a word, a sentence, and whether it is as it should be. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """Whether something is as it should be."""

    PASSED = "ok"
    FAILED = "failed"
    UNKNOWN = "could not be told"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        code: One of `CODES`.
        sentence: For people; what it quotes of the files is cut off and has no line ends.
        outcome: Whether it is as it should be.
    """

    code: str
    sentence: str
    outcome: Outcome

    def as_dict(self) -> dict[str, str]:
        """Returns the finding for JSON."""
        return {"code": self.code, "sentence": self.sentence, "outcome": str(self.outcome)}


NECESSARY = ("mlmodel", "files", "environment")
"""What has to be known to be in order. The others may be unknown: no model must have an input example."""
CODES = frozenset({*NECESSARY, "signature", "input_example", "prompt", "process"})
LONGEST_SENTENCE = 500


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """Returns what the findings come to: failed if anything is, passed if everything necessary is known to be right."""
    given = list(findings)
    if any(found.outcome is Outcome.FAILED for found in given):
        return Outcome.FAILED
    passed = {found.code for found in given if found.outcome is Outcome.PASSED}
    unknown = {found.code for found in given if found.outcome is Outcome.UNKNOWN}
    if passed == {"prompt"} or (passed.issuperset(NECESSARY) and not unknown.intersection(NECESSARY)):
        return Outcome.PASSED
    return Outcome.UNKNOWN


def quoted(value: object) -> str:
    """Returns what somebody wrote into a file, to stand in a sentence: 80 printable characters at most."""
    text = str(value)[:81]
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:80])
    return f"{shown}\N{HORIZONTAL ELLIPSIS}" if len(text) > 80 else shown
