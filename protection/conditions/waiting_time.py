"""The condition that some time passes between the decision and the promotion."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted
from protection.conditions.approvals import MOST as MOST_APPROVALS
from protection.conditions.approvals import Approvals
from protection.conditions.base import Condition, Ending, Facts, Unmet

MOST_MINUTES = 60 * 24 * 30


@dataclass(frozen=True, slots=True)
class WaitingTime(Condition):
    """Nothing is promoted before `minutes` have passed since the last approval that was needed.

    Attributes:
        minutes: How long it waits.
        approvals: How many approvals its rule asks for: the time begins with the last of them.
    """

    minutes: int
    approvals: int = -1

    key: ClassVar[str] = "waiting_time"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads a whole number of minutes, or `{minutes, approvals}`: what several rules together ask for."""
        approvals = -1
        if isinstance(value, dict) and value.keys() == {"minutes", "approvals"}:
            value, approvals = value["minutes"], value["approvals"]
            if isinstance(approvals, bool) or not isinstance(approvals, int) or not 0 <= approvals <= MOST_APPROVALS:
                raise InvalidInput("Waiting begins after a number of approvals.", field=cls.key)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_MINUTES:
            raise InvalidInput(f"Waiting takes a whole number of minutes from 1 to {MOST_MINUTES}.", field=cls.key)
        return cls(value, approvals)

    @override
    def as_json(self) -> Any:
        return self.minutes if self.approvals < 0 else {"minutes": self.minutes, "approvals": self.approvals}

    @override
    def within(self, rule: Iterable[Condition]) -> Self:
        count = next((condition.count for condition in rule if isinstance(condition, Approvals)), 0)
        return replace(self, approvals=count if self.approvals < 0 else self.approvals)

    @override
    def stricter(self, other: Self) -> Self:
        return type(self)(max(self.minutes, other.minutes), max(self.approvals, other.approvals))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says when the time will have passed, or that it has not begun."""
        since = self._since(facts)
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
        since = self._since(facts)
        if since is not None and (until := since + timedelta(minutes=self.minutes)) > facts.now:
            words = f"The waiting time ends on {until:%d %B %Y, %H:%M} UTC: until then there is time to object."
            yield Ending("waiting", until, since, words)

    def _since(self, facts: Facts) -> datetime | None:
        if self.approvals <= 0:
            return facts.opened_at or facts.now
        times = sorted(judgement.at for judgement in facts.approvals)
        return times[self.approvals - 1] if len(times) >= self.approvals else None

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
