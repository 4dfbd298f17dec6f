"""The condition that approvals are signed."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from django import forms
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.conditions.base import Condition, Facts, Unmet


@dataclass(frozen=True, slots=True)
class Signature(Condition):
    """An approval counts only if its giver entered the password once more for it (21 CFR 11.50, 11.70).

    One that was given by token counts never: a token is no signature.
    """

    key: ClassVar[str] = "signature"

    @classmethod
    @override
    def parse(cls, value: Any) -> Self:
        """Reads true: whoever wants no signature leaves it out."""
        if value is not True:
            raise InvalidInput("Signature is true, or left out.", field=cls.key)
        return cls()

    @override
    def as_json(self) -> bool:
        return True

    @override
    def stricter(self, other: Self) -> Self:
        return self

    @override
    def narrowed(self, facts: Facts) -> Facts:
        """Marks the approvals that are not signed."""
        return replace(
            facts,
            judgements=tuple(
                replace(each, lacks_signature=each.approves and not each.is_signed) for each in facts.judgements
            ),
        )

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names those whose approval does not count for want of a signature."""
        names = [each.name for each in facts.judgements if each.lacks_signature and each.is_fresh]
        if not names:
            return None
        sentences = [
            f"{name} approved without a signature: approve once more on the page, with the password." for name in names
        ]
        return Unmet.of("signature_missing", sentences)

    @override
    def __str__(self) -> str:
        return "signed approvals"

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks whether approvals are signed."""
        return forms.BooleanField(
            label="Approvals are signed",
            required=False,
            help_text="Approving asks for the password again, however lately it was entered, and records printed name, "
            "time and meaning. An approval by token does not count.",
        )
