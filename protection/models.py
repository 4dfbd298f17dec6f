"""The table of protection rules."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from typing_extensions import override

from audit.trail import About
from foundation.exceptions import InvalidInput
from protection.conditions import Condition, as_document, parse
from protection.matching import pattern_problems


def default_conditions() -> dict[str, Any]:
    """Returns what a new rule asks for."""
    return {"approvals": 1}


class ProtectionRule(models.Model):
    """Which targets of which models are protected, and what a request must have before it may be promoted.

    Patterns are shell globs (`*`, `?`), compared without regard to case. Of several matching rules every condition of
    each applies, the stricter where two have the same. A `model:` target protects the destination, whatever model the
    version comes from, so the model pattern is ignored.
    """

    description = models.CharField(max_length=200, blank=True)
    workspace_pattern = models.CharField(max_length=256, default="*")
    model_pattern = models.CharField(max_length=256, default="*", help_text="For example: * or fraud-*")
    target_pattern = models.CharField(
        max_length=270, help_text="For example: stage:*, stage:Production, alias:champion, model:prod.*"
    )
    conditions = models.JSONField(
        default=default_conditions, help_text="What a request must have: {condition: settings}."
    )
    promote_when_approved = models.BooleanField(
        default=True, help_text="Promote at once when approved; otherwise somebody presses Promote."
    )
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["target_pattern", "model_pattern", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace_pattern", "model_pattern", "target_pattern"], name="one_rule_per_pattern"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.target_pattern} of {self.model_pattern}"

    @property
    def about(self) -> About:
        """What an audit row about this rule is about."""
        return About(self.workspace_pattern, self.model_pattern, target=self.target_pattern)

    @property
    def parsed_conditions(self) -> tuple[Condition, ...]:
        """What the rule asks for.

        Raises:
            InvalidInput: `clean` would refuse the document.
        """
        return parse(self.conditions)

    @override
    def clean(self) -> None:
        """Raises ValidationError, by field, for wrong conditions and patterns that can protect nothing."""
        problems = pattern_problems(
            workspace_pattern=self.workspace_pattern,
            model_pattern=self.model_pattern,
            target_pattern=self.target_pattern,
        )
        try:
            self.conditions = as_document(self.parsed_conditions)
        except InvalidInput as wrong:
            problems["conditions"] = wrong.message
        if problems:
            raise ValidationError(problems)
