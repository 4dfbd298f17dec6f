"""Approvals count only for the title, description and answers that they were given on."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms

from foundation.exceptions import InvalidInput
from foundation.words import listed
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class PresentText(Condition):
    """Whoever approved before an edit, or before the author changed an answer, has to look again.

    Without this condition the page only says so.
    """

    key: ClassVar[str] = "present_text"

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Reads `true`; a rule that does not ask for it leaves it out."""
        if value is not True:
            raise InvalidInput("This is true, or left out.", field=cls.key)
        return cls()

    def as_json(self) -> bool:
        """Returns true."""
        return True

    def stricter(self, other: Self) -> Self:
        """Returns either: they are the same."""
        return self

    def unmet(self, facts: Facts) -> Unmet | None:
        """Names who approved other words than the present ones."""
        earlier: dict[str, list[str]] = {}
        for each in facts.judgements:
            if each.counts and each.predates:
                earlier.setdefault(each.predates, []).append(each.name)
        if not earlier:
            return None
        return Unmet.of(
            "text_edited",
            (f"{listed(names)} approved before {what}: a fresh look is needed." for what, names in earlier.items()),
        )

    def __str__(self) -> str:
        return "approvals of the present title, description and answers"

    @classmethod
    def form_field(cls) -> forms.Field:
        """Asks whether it holds."""
        return forms.BooleanField(
            label="Ask again when title or description is edited or an answer is changed",
            required=False,
            help_text="Otherwise approvals stand, and the page says that they were given on earlier words.",
        )
