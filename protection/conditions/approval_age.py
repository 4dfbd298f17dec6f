"""The condition that approvals are not too old."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.base import Condition, Ending, Facts, Unmet

FEWEST_DAYS, MOST_DAYS = 1, 3650


@dataclass(frozen=True, slots=True)
class ApprovalAge(Condition):
    """Approvals that were given more than `days` ago no longer count."""

    days: int

    key: ClassVar[str] = "approval_age"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads a whole number of days."""
        if isinstance(value, bool) or not isinstance(value, int) or not FEWEST_DAYS <= value <= MOST_DAYS:
            raise InvalidInput(
                f"Approvals last for a whole number of days from {FEWEST_DAYS} to {MOST_DAYS}.", field=cls.key
            )
        return cls(value)

    @override
    def as_json(self) -> int:
        return self.days

    @override
    def stricter(self, other: Self) -> Self:
        return min(self, other, key=lambda condition: condition.days)

    @override
    def narrowed(self, facts: Facts) -> Facts:
        """Marks the approvals that are too old."""
        oldest = facts.now - timedelta(days=self.days)
        return replace(
            facts,
            judgements=tuple(replace(each, is_expired=each.approves and each.at < oldest) for each in facts.judgements),
        )

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Returns None: that an approval is missing because it is too old, `Approvals` says."""
        return None

    @override
    def endings(self, facts: Facts) -> Iterator[Ending]:
        """Says of each approval until when it counts."""
        for each in facts.approvals:
            at = each.at + timedelta(days=self.days)
            words = f"The approval by {each.name} counts until {at:%d %B %Y, %H:%M} UTC."
            yield Ending(f"approval:{each.review}", at, each.at, words)

    @override
    def __str__(self) -> str:
        return f"approvals of at most {counted(self.days, 'day')}"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for the number of days."""
        return forms.IntegerField(
            label="Approvals count for days",
            min_value=FEWEST_DAYS,
            max_value=MOST_DAYS,
            required=False,
            help_text="Older ones no longer count. Empty: they count as long as the facts are the same.",
        )
