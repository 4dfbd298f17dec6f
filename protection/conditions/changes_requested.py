"""The condition that no reviewer's request for changes is open."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import inflected, listed
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class ChangesRequested(Condition):
    """A request for changes blocks until the same reviewer approves."""

    key: ClassVar[str] = "changes_requested"
    is_always: ClassVar[bool] = True

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads `true`: this condition has no settings and cannot be switched off."""
        if value is not True:
            raise InvalidInput("A request for changes always blocks: this cannot be switched off.", field=cls.key)
        return cls()

    @override
    def as_json(self) -> bool:
        return True

    @override
    def stricter(self, other: Self) -> Self:
        return self

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        blocking = [judgement.name for judgement in facts.judgements if not judgement.approves]
        if not blocking:
            return None
        verb = inflected(len(blocking), "has", "have")
        return Unmet("changes_requested", f"{listed(blocking)} asked for changes and {verb} to approve first.")

    @override
    def __str__(self) -> str:
        return "no request for changes"
