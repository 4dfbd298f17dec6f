"""The condition that every blocking thread is resolved."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import counted, listed
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class Threads(Condition):
    """A question that somebody marked as blocking waits for an answer that settles it."""

    key: ClassVar[str] = "threads"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads `true`; a rule that does not ask for it leaves it out."""
        if value is not True:
            raise InvalidInput("This is true, or left out.", field=cls.key)
        return cls()

    @override
    def as_json(self) -> bool:
        return True

    @override
    def stricter(self, other: Self) -> Self:
        return self

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Says how many are open and who opened them."""
        number = len(facts.blocking_threads)
        if not number:
            return None
        by = [name if times == 1 else f"{name} ({times})" for name, times in Counter(facts.blocking_threads).items()]
        return Unmet(
            "threads_unresolved",
            f"{counted(number, 'blocking thread is', 'blocking threads are')} not resolved: opened by {listed(by)}.",
        )

    @override
    def __str__(self) -> str:
        return "every blocking thread resolved"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks whether blocking threads block."""
        return forms.BooleanField(
            label="Every blocking thread is resolved",
            required=False,
            help_text="Whoever comments may mark a question as blocking; who asked it, or a reviewer, resolves it.",
        )
