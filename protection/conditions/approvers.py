"""The condition that the approvals come from certain people."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted, listed
from protection.conditions.approvals import MOST, Approvals
from protection.conditions.base import Condition, Facts, Unmet
from protection.conditions.fields import PeopleField
from protection.references import People


@dataclass(frozen=True, slots=True)
class Demand:
    """What one rule asks of certain people.

    Attributes:
        people: Whose approval counts.
        approvals: How many of them; 0 for as many as the rule asks for in all.
    """

    people: People
    approvals: int = 0

    @property
    def needed(self) -> int:
        """At least one: a rule that names people wants to hear them."""
        return max(self.approvals, 1)


@dataclass(frozen=True, slots=True)
class Approvers(Condition):
    """As many approvals as the rule asks for come from its groups and people.

    Of several rules each has its own people: somebody who is meant by two of them counts once for each.
    """

    demands: tuple[Demand, ...]

    key: ClassVar[str] = "approvers"
    is_about_approvals: ClassVar[bool] = True

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads `{groups, users}`, or a list of them with `approvals`: what several rules together ask for."""
        if not isinstance(value, list):
            return cls((_demand(value),))
        if not value:
            raise InvalidInput("Name groups and users, or leave approvers out.", field=cls.key)
        return cls(tuple(_demand(one) for one in value))

    @override
    def as_json(self) -> Any:
        if len(self.demands) == 1 and not self.demands[0].approvals:
            return self.demands[0].people.as_json()
        return [{**demand.people.as_json(), "approvals": demand.approvals} for demand in self.demands]

    @override
    def within(self, rule: Iterable[Condition]) -> Self:
        count = next((condition.count for condition in rule if isinstance(condition, Approvals)), 1)
        return type(self)(tuple(replace(each, approvals=each.approvals or max(count, 1)) for each in self.demands))

    @override
    def stricter(self, other: Self) -> Self:
        """Takes the demands of both; of two on the same people the one for more approvals."""
        found: dict[Any, Demand] = {}
        for demand in (*self.demands, *other.demands):
            before = found.setdefault(demand.people.keys, demand)
            found[demand.people.keys] = max(before, demand, key=lambda each: each.needed)
        return type(self)(tuple(found.values()))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says from whom how many approvals are missing."""
        sentences = []
        for demand in self.demands:
            given = sum(demand.people.include(each.reviewer_id, each.groups) for each in facts.approvals)
            if (missing := demand.needed - given) > 0:
                needed = counted(missing, "approval is", "approvals are")
                sentences.append(f"{needed} needed from {demand.people}.")
        return Unmet.of("approver_missing", sentences) if sentences else None

    @override
    def waits_for(self, facts: Facts) -> Iterator[People]:
        for demand in self.demands:
            if sum(demand.people.include(each.reviewer_id, each.groups) for each in facts.approvals) < demand.needed:
                yield demand.people

    @override
    def __str__(self) -> str:
        return listed([f"{counted(each.needed, 'approval')} by {each.people}" for each in self.demands])

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one group or user a line."""
        return PeopleField(
            required=False,
            help_text="Whose approvals count towards this rule, one a line: group Risk, or user grace. "
            "Empty: everybody's.",
        )


def _demand(value: Any) -> Demand:
    if not isinstance(value, dict):
        raise InvalidInput("Approvers are groups and users.", field=Approvers.key)
    approvals = value.get("approvals", 0)
    if isinstance(approvals, bool) or not isinstance(approvals, int) or not 0 <= approvals <= MOST:
        raise InvalidInput(f"Approvals must be a whole number from 0 to {MOST}.", field=Approvers.key)
    people = {key: given for key, given in value.items() if key != "approvals"}
    return Demand(People.parse(people, field=Approvers.key), approvals)
