"""So many reviewers approve the present facts."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.base import Condition, Facts, Unmet

FEWEST, MOST = 1, 6


@dataclass(frozen=True, slots=True)
class Approvals(Condition):
    """At least `count` approvals, by anybody but the author."""

    count: int

    key: ClassVar[str] = "approvals"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads a whole number."""
        if isinstance(value, bool) or not isinstance(value, int) or not FEWEST <= value <= MOST:
            raise InvalidInput(f"Approvals must be a whole number from {FEWEST} to {MOST}.", field=cls.key)
        return cls(value)

    def as_json(self) -> int:
        """Returns the number."""
        return self.count

    def stricter(self, other: Self) -> Self:
        """Returns the one that asks for more."""
        return max(self, other, key=lambda condition: condition.count)

    def unmet(self, facts: Facts) -> Unmet | None:
        """Says how many approvals are missing, and whose earlier ones no longer count.

        Whoever asked for changes has to approve in any case (`changes_requested`): the sentence does not ask for the
        same approval twice.
        """
        missing = self.count - sum(judgement.counts for judgement in facts.judgements)
        if missing <= 0:
            return None
        stale = [judgement.name for judgement in facts.judgements if judgement.approves and not judgement.is_fresh]
        sentences = [f"{name} approved earlier facts: a fresh look is needed." for name in stale]
        more = missing - sum(not judgement.approves for judgement in facts.judgements)
        if more > 0:
            verb = "is" if more == 1 else "are"
            sentences.insert(
                0, f"{counted(more, 'more approval')} {verb} needed, by somebody other than {facts.author}."
            )
        return Unmet("approvals_missing", " ".join(sentences) or "Their approval is the last one needed.")

    def __str__(self) -> str:
        return counted(self.count, "approval")

    @classmethod
    def form_field(cls) -> forms.Field:
        """Asks for the number."""
        return forms.IntegerField(
            label="Approvals",
            min_value=FEWEST,
            max_value=MOST,
            initial=FEWEST,
            help_text="By people other than the author.",
        )
