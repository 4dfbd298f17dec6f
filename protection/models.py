"""The rules."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from audit.trail import About
from protection.matching import pattern_problems


class ProtectionRule(models.Model):
    """Which targets of which models are protected, and what a request must have before it may be promoted.

    Patterns are shell globs (`*`, `?`), compared without regard to case. Of several matching rules the strictest of
    each requirement applies. For `model:` targets the destination is what is protected, whatever model the version
    comes from, so the model pattern is not consulted.
    """

    description = models.CharField(max_length=200, blank=True)
    workspace_pattern = models.CharField(max_length=256, default="*")
    model_pattern = models.CharField(max_length=256, default="*", help_text="For example: * or fraud-*")
    target_pattern = models.CharField(
        max_length=270, help_text="For example: stage:*, stage:Production, alias:champion, model:prod.*"
    )
    required_approvals = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(6)]
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
            models.CheckConstraint(
                condition=Q(required_approvals__gte=1, required_approvals__lte=6), name="one_to_six_approvals"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_pattern} of {self.model_pattern}"

    @property
    def about(self) -> About:
        """What an audit row about this rule says."""
        return About(self.workspace_pattern, self.model_pattern, target=self.target_pattern)

    def clean(self) -> None:
        """Raises ValidationError, by field, for patterns that could not protect anything."""
        problems = pattern_problems(
            workspace_pattern=self.workspace_pattern,
            model_pattern=self.model_pattern,
            target_pattern=self.target_pattern,
        )
        if problems:
            raise ValidationError(problems)
