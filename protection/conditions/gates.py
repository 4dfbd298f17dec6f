"""The condition that the facts themselves are good enough."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from typing_extensions import override

from foundation.exceptions import InvalidInput
from protection.conditions.base import BoundedCondition, Facts, Unmet
from protection.gates import Gate, parse_gate
from protection.gates.base import NOT_JUDGED

MOST = 30
"""Gates of one rule."""
NOT_PASSED = "gate_not_passed"
"""The code of what is missing where a gate is not passed."""


@dataclass(frozen=True, slots=True)
class Gates(BoundedCondition):
    """Every gate is passed. One that could not be measured is not passed."""

    gates: tuple[Gate, ...]

    key: ClassVar[str] = "gates"
    is_about_quality: ClassVar[bool] = True

    @classmethod
    @override
    def _read(cls, value: Any, *, is_of_one_rule: bool) -> Self:
        lines = value.splitlines() if isinstance(value, str) else value
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise InvalidInput("Gates are a list of texts, such as metric rmse <= 0.8.", field=cls.key)
        lines = [line.strip() for line in lines if line.strip()]
        if not lines:
            raise InvalidInput("There is no gate: leave gates out where none is asked for.", field=cls.key)
        if is_of_one_rule and len(lines) > MOST:
            raise InvalidInput(f"A rule has at most {MOST} gates.", field=cls.key)
        return cls(tuple({str(gate): gate for gate in map(parse_gate, lines)}.values()))

    @override
    def as_json(self) -> list[str]:
        return [str(gate) for gate in self.gates]

    @override
    def stricter(self, other: Self) -> Self:
        return type(self)(tuple({str(gate): gate for gate in (*self.gates, *other.gates)}.values()))

    @override
    def unmet(self, facts: Facts) -> Unmet | None:
        """Names each gate that is not passed, with what was measured."""
        results = ((str(gate), facts.gates.get(str(gate), NOT_JUDGED)) for gate in self.gates)
        sentences = [f"The gate {gate} is not passed: {found.words}." for gate, found in results if not found.passed]
        return Unmet.of(NOT_PASSED, sentences) if sentences else None

    @override
    def __str__(self) -> str:
        return "; ".join(f"gate {gate}" for gate in self.gates)

    @classmethod
    @override
    def form_field(cls) -> forms.Field:
        """Asks for one gate a line."""
        return GatesField(
            required=False,
            help_text="One a line, for example: metric rmse <= 0.8; metric auc no worse than champion by 2%; "
            "tag validated = yes; artifact model_card.md exists; signature compatible; size <= 2 GiB; age <= 30 days.",
        )


class GatesField(forms.CharField):
    """Gates, one a line; an error names the line's character and what was expected there."""

    widget = forms.Textarea(attrs={"rows": 5, "cols": 80, "spellcheck": "false"})

    @override
    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    @override
    def clean(self, value: Any) -> list[str]:
        text = super().clean(value)
        if not text.strip():
            return []
        try:
            return Gates.parse(text).as_json()
        except InvalidInput as wrong:
            raise ValidationError(wrong.message) from None
