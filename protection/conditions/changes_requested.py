"""Nobody's request for changes stands."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from foundation.exceptions import InvalidInput
from foundation.words import listed
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class ChangesRequested(Condition):
    """A request for changes blocks until the same reviewer approves."""

    key: ClassVar[str] = "changes_requested"
    is_always: ClassVar[bool] = True

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `true`: this condition has no settings and cannot be switched off."""
        if value is not True:
            raise InvalidInput("A request for changes always blocks: this cannot be switched off.", field=cls.key)
        return cls()

    def as_json(self) -> bool:
        """Returns true."""
        return True

    def stricter(self, other: Self) -> Self:
        """Returns either: they are the same."""
        return self

    def unmet(self, facts: Facts) -> Unmet | None:
        """Names whose request for changes stands."""
        blocking = [judgement.name for judgement in facts.judgements if not judgement.approves]
        if not blocking:
            return None
        verb = "has" if len(blocking) == 1 else "have"
        return Unmet("changes_requested", f"{listed(blocking)} asked for changes and {verb} to approve first.")

    def __str__(self) -> str:
        return "no request for changes"
