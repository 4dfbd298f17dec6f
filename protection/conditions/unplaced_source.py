"""Nobody promotes a version of whose files it cannot be told where they lie, unless a rule lets them."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class UnplacedSource(Condition):
    """Checkpoint seals files by their place: what it cannot place, anybody who may upload can change afterwards.

    Attributes:
        is_allowed: Whether the rule lets such versions pass. Every rule that matches has to.
    """

    key: ClassVar[str] = "unplaced_source"
    is_always: ClassVar[bool] = True
    is_allowed: bool = False

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads whether it is allowed."""
        if not isinstance(value, bool):
            raise InvalidInput("This is true or false.", field=cls.key)
        return cls(value)

    @classmethod
    @override
    def default(cls) -> Self:
        return cls()

    @override
    def as_json(self) -> bool:
        return self.is_allowed

    @override
    def stricter(self, other: Self) -> Self:
        return other if self.is_allowed else self

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        if self.is_allowed or not facts.unplaced_source:
            return None
        return Unmet(
            "unplaced_source",
            f"Where the version's files lie cannot be told from {facts.unplaced_source}, so they cannot be kept from "
            "being changed: register it from a run or a logged model, or have a rule allow it.",
        )

    @override
    def __str__(self) -> str:
        return "files in any place" if self.is_allowed else "files in a known place"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks whether such versions pass."""
        return forms.BooleanField(
            label="Allow files whose place cannot be told",
            required=False,
            help_text="For example s3://bucket/root/777: nothing keeps such files from being changed afterwards.",
        )
