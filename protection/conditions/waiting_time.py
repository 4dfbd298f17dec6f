"""The condition that some time passes between the decision and the promotion."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.base import Condition, Ending, Facts, Unmet

MOST_MINUTES = 60 * 24 * 30


def approved_at(conditions: Collection[Condition], facts: Facts) -> datetime | None:
    """Returns the moment of the first approval with which all conditions on who approves held; None before it.

    Where none is needed that is when the request was opened.
    """
    asked = [condition for condition in conditions if condition.is_about_approvals]
    given = sorted(facts.approvals, key=lambda judgement: judgement.at)
    for count in range(len(given) + 1):
        until_then = replace(facts, judgements=tuple(given[:count]))
        if not any(condition.unmet(until_then) for condition in asked):
            return given[count - 1].at if count else facts.opened_at or facts.now
    return None


@dataclass(frozen=True, slots=True)
class WaitingTime(Condition):
    """Nothing is promoted before `minutes` have passed since the last approval that was needed (`Facts.approved_at`).

    Needed by any of the rules: it is time to object to the decision, and that is one of all rules together.
    """

    minutes: int

    key: ClassVar[str] = "waiting_time"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads a whole number of minutes."""
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_MINUTES:
            raise InvalidInput(f"Waiting takes a whole number of minutes from 1 to {MOST_MINUTES}.", field=cls.key)
        return cls(value)

    @override
    def as_json(self) -> int:
        return self.minutes

    @override
    def stricter(self, other: Self) -> Self:
        return max(self, other, key=lambda condition: condition.minutes)

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says when the time will have passed, or that it has not begun."""
        since = facts.approved_at
        span = counted(self.minutes, "minute")
        if since is None:
            return Unmet("waiting_time", f"It waits for {span} after the last approval that is needed.")
        until = since + timedelta(minutes=self.minutes)
        if facts.now >= until:
            return None
        return Unmet(
            "waiting_time", f"It waits for {span} after the approval, until {until:%d %B %Y, %H:%M} UTC.", until
        )

    @override
    def endings(self, facts: Facts) -> Iterator[Ending]:
        """Says until when there is time to object."""
        since = facts.approved_at
        if since is not None and (until := since + timedelta(minutes=self.minutes)) > facts.now:
            words = f"The waiting time ends on {until:%d %B %Y, %H:%M} UTC: until then there is time to object."
            yield Ending("waiting", until, since, words)

    @override
    def __str__(self) -> str:
        return f"{counted(self.minutes, 'minute')} of waiting after the approval"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for the number of minutes."""
        return forms.IntegerField(
            label="Minutes to wait after the approval",
            min_value=1,
            max_value=MOST_MINUTES,
            required=False,
            help_text="Time to object. Empty: none.",
        )
