"""The condition that enough reviewers approve the present facts."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.base import Condition, Facts, Judgement, Unmet

FEWEST, MOST = 0, 6


@dataclass(frozen=True, slots=True)
class Approvals(Condition):
    """At least `count` approvals, by anybody but the author."""

    count: int

    key: ClassVar[str] = "approvals"
    is_about_approvals: ClassVar[bool] = True

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        if isinstance(value, bool) or not isinstance(value, int) or not FEWEST <= value <= MOST:
            raise InvalidInput(f"Approvals must be a whole number from {FEWEST} to {MOST}.", field=cls.key)
        return cls(value)

    @override
    def as_json(self) -> int:
        return self.count

    @override
    def stricter(self, other: Self) -> Self:
        return max(self, other, key=lambda condition: condition.count)

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says how many approvals are missing, and whose earlier ones no longer count.

        Whoever asked for changes must approve in any case (`changes_requested`), so the sentence does not count that
        approval again.
        """
        missing = self.count - len(facts.approvals)
        if missing <= 0:
            return None
        # That one lacks a signature, and what then, `Signature` says.
        approving = [
            judgement
            for judgement in facts.judgements
            if judgement.approves and not judgement.counts and not (judgement.lacks_signature and judgement.is_fresh)
        ]
        sentences = [_why_not(given) for given in approving]
        more = missing - sum(judgement.is_answered_by_approving for judgement in facts.judgements)
        if more > 0:
            needed = counted(more, "more approval is", "more approvals are")
            nobody_of = " or ".join(dict.fromkeys([facts.author, *facts.barred_names]))
            sentences.insert(0, f"{needed} needed, by somebody other than {nobody_of}.")
        return Unmet("approvals_missing", " ".join(sentences) or "Their approval is the last one needed.")

    @override
    def __str__(self) -> str:
        return counted(self.count, "approval") if self.count else "no approval"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        return forms.IntegerField(
            label="Approvals",
            min_value=FEWEST,
            max_value=MOST,
            initial=1,
            help_text="By people other than the author. 0: it only has to be a request.",
        )


def _why_not(given: Judgement) -> str:
    if given.is_makers:
        return f"{given.name} made this version, so that approval does not count."
    if given.is_fresh:
        return f"{given.name} approved too long ago: a fresh look is needed."
    return f"{given.name} approved earlier facts: a fresh look is needed."
