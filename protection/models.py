"""The table of protection rules."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from audit.trail import About
from foundation.exceptions import InvalidInput
from protection.choices import DirectWrite, Enforcement, Outcome, PromoteWhen, ServiceDirectWrite
from protection.conditions import Condition, as_document, parse
from protection.conditions.owners import Section
from protection.matching import Cover, Owned, pattern_problems
from protection.moves import Moves
from protection.references import People, Reference, references
from protection.windows import Window

_WINDOW = ("name", "start", "end", "timezone")
_PATTERNS = ("workspace_pattern", "model_pattern", "target_pattern")


def default_conditions() -> dict[str, Any]:
    """Returns what a new rule asks for."""
    return {"approvals": 1}


class ProtectionRule(models.Model):
    """Which targets of which models are protected, and what a request must have before it may be promoted.

    Patterns are shell globs (`*`, `?`), compared without regard to case. Of several matching rules every condition of
    each applies, the stricter where two have the same. A `model:` target protects the destination, whatever model the
    version comes from, so the model pattern is ignored; freeze windows and owners go by the destination's name, too.
    """

    description = models.CharField(max_length=200, blank=True)
    workspace_pattern = models.CharField(max_length=256, default="*")
    model_pattern = models.CharField(max_length=256, default="*", help_text="For example: * or fraud-*")
    target_pattern = models.CharField(
        max_length=270, help_text="For example: stage:*, stage:Production, alias:champion, model:prod.*, status:active"
    )
    conditions = models.JSONField(
        default=default_conditions, help_text="What a request must have: {condition: settings}."
    )
    enforcement = models.CharField(
        max_length=8,
        choices=Enforcement,
        default=Enforcement.ACTIVE,
        help_text="An active rule is enforced. One that is only evaluated refuses nothing.",
    )
    promote_when = models.CharField("promotion", max_length=8, choices=PromoteWhen, default=PromoteWhen.APPROVED)
    promoters = models.JSONField(
        default=list, blank=True, editable=False, help_text="The groups that may press Promote; empty for everybody."
    )

    on_direct_write = models.CharField(
        "on a direct change",
        max_length=6,
        choices=DirectWrite,
        default=DirectWrite.REFUSE,
        help_text="Of several rules all have to hold it.",
    )
    on_direct_write_by_service_accounts = models.CharField(
        "on a direct change by a service account",
        max_length=6,
        choices=ServiceDirectWrite,
        default=ServiceDirectWrite.SAME,
        help_text="Held, a pipeline's last line becomes a promote request.",
    )
    moves = models.JSONField(
        default=dict, blank=True, editable=False, help_text="The way back, a broken glass, the next review."
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Raised by each change.")

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
    def is_active(self) -> bool:
        """Whether it is enforced."""
        return self.enforcement == Enforcement.ACTIVE

    def holds_direct_writes(self, *, by_service_account: bool) -> bool:
        """Tells whether a direct change opens the request for its caller."""
        own = self.on_direct_write_by_service_accounts
        if by_service_account and own != ServiceDirectWrite.SAME:
            return own == ServiceDirectWrite.HOLD
        return self.on_direct_write == DirectWrite.HOLD

    @property
    def parsed_promoters(self) -> tuple[Reference, ...]:
        """The groups that may press Promote; empty for everybody.

        Raises:
            InvalidInput: `clean` would refuse the list.
        """
        return references(self.promoters, field="promoters")

    @property
    def parsed_conditions(self) -> tuple[Condition, ...]:
        """What the rule asks for.

        Raises:
            InvalidInput: `clean` would refuse the document.
        """
        return parse(self.conditions)

    @property
    def asked(self) -> tuple[Condition, ...]:
        """What the rule asks for, each condition as it stands beside the others; for showing.

        Raises:
            InvalidInput: `clean` would refuse the document.
        """
        conditions = self.parsed_conditions
        return tuple(condition.within(conditions) for condition in conditions)

    @property
    def parsed_moves(self) -> Moves:
        """What the rule says of the way back, a broken glass and the next review.

        Raises:
            InvalidInput: `clean` would refuse the document.
        """
        return Moves.parse(self.moves)

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
        try:
            self.moves = self.parsed_moves.as_document()
        except InvalidInput as wrong:
            problems[wrong.field] = wrong.message
        try:
            if self.parsed_promoters and self.promote_when != PromoteWhen.PRESSED:
                problems["promote_when"] = "Groups press Promote: choose that somebody presses it, or name no group."
        except InvalidInput as wrong:
            problems["promote_when"] = wrong.message
        if problems:
            raise ValidationError(problems)


class FreezeWindow(models.Model):
    """A time in which nothing is promoted to the protected targets that it covers, whatever their rules say."""

    name = models.CharField(max_length=100, unique=True, help_text="Why, in a few words: people read it.")
    start = models.CharField(
        max_length=120, help_text="A date such as 2026-12-20 18:00, or cron such as 0 18 * * 5 (Fridays at 18:00)."
    )
    end = models.CharField(max_length=120, help_text="Of the same kind as the start.")
    timezone = models.CharField(max_length=64, default="UTC", help_text="For example Europe/Berlin.")
    workspace_pattern = models.CharField(max_length=256, default="*")
    model_pattern = models.CharField(max_length=256, default="*", help_text="For example: * or fraud-*")
    target_pattern = models.CharField(
        max_length=270, default="*", help_text="* for every protected target, or as in a rule: stage:Production."
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Raised by each change.")

    class Meta:
        ordering: ClassVar = ["name"]

    @override
    def __str__(self) -> str:
        return self.name

    @property
    def about(self) -> About:
        """What an audit row about this window is about."""
        return About(self.workspace_pattern, self.model_pattern, target=self.target_pattern)

    @property
    def document(self) -> dict[str, str]:
        """What it says, as people write it."""
        return {name: getattr(self, name) for name in (*_WINDOW, *_PATTERNS)}

    @property
    def cover(self) -> Cover:
        """What the rulebook has of it."""
        window = {name: getattr(self, name) for name in _WINDOW}
        return Cover(Window(**window), *(getattr(self, name) for name in _PATTERNS))

    @override
    def clean(self) -> None:
        """Takes the spaces around its parts away, as `Window.parse` reads them.

        Raises ValidationError, by field, for a window that never begins or ends, and patterns that cover nothing.
        """
        pattern = "stage:*" if self.target_pattern == "*" else self.target_pattern
        problems = pattern_problems(
            workspace_pattern=self.workspace_pattern, model_pattern=self.model_pattern, target_pattern=pattern
        )
        try:
            window = Window.parse({name: getattr(self, name) for name in _WINDOW})
        except InvalidInput as wrong:
            problems[wrong.field] = wrong.message
        else:
            for name, part in window.as_json().items():
                setattr(self, name, part)
        if problems:
            raise ValidationError(problems)


class Ownership(models.Model):
    """Who owns the models of a pattern in one respect: rules may ask for their approval."""

    section = models.CharField(max_length=100, help_text="In which respect: ML lead, Risk.")
    workspace_pattern = models.CharField(max_length=256, default="*")
    model_pattern = models.CharField(max_length=256, default="*", help_text="For example: * or fraud-*")
    people = models.JSONField(help_text="{groups, users}.")
    approvals = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(6)],
        help_text="How many of them have to approve.",
    )
    version = models.PositiveIntegerField(default=1, editable=False, help_text="Raised by each change.")

    class Meta:
        ordering: ClassVar = ["section", "model_pattern", "pk"]
        verbose_name_plural = "ownership"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["section", "workspace_pattern", "model_pattern"], name="one_ownership_per_pattern"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.section} of {self.model_pattern}"

    @property
    def about(self) -> About:
        """What an audit row about this row is about."""
        return About(self.workspace_pattern, self.model_pattern, target=f"owners:{self.section}"[:270])

    @property
    def owned(self) -> Owned:
        """What the rulebook has of it."""
        people = People.parse(self.people, field="people")
        return Owned(Section(self.section, people, self.approvals), self.workspace_pattern, self.model_pattern)

    @property
    def document(self) -> dict[str, Any]:
        """What it says, as people write it; `protection.people.named` puts in the names of today."""
        patterns = {name: getattr(self, name) for name in _PATTERNS[:2]}
        return {"section": self.section, **patterns, "approvals": self.approvals, **self.people}

    @override
    def clean(self) -> None:
        """Raises ValidationError, by field, for patterns that cover nothing and owners that are none."""
        problems = pattern_problems(
            workspace_pattern=self.workspace_pattern, model_pattern=self.model_pattern, target_pattern="stage:*"
        )
        if self.section != self.section.strip() or not self.section.isprintable():
            problems["section"] = "Remove spaces at the ends, and characters that cannot be printed."
        try:
            People.parse(self.people, field="people")
        except InvalidInput as wrong:
            problems["people"] = wrong.message
        if problems:
            raise ValidationError(problems)


class RuleVersion(AppendOnly):
    """A rule as it was from one change to the next, kept after the rule is deleted."""

    rule_id = models.BigIntegerField(help_text="The rule's key; the rule may be gone.")
    number = models.PositiveIntegerField()
    document = models.JSONField(null=True, help_text="The rule with names, as the API shows it; null: deleted.")
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", help_text="Null: Checkpoint."
    )
    changed_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["rule_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule_id", "number"], name="one_row_per_rule_version"),
        ]

    @override
    def __str__(self) -> str:
        return f"Version {self.number} of rule {self.rule_id}"


class RuleInsight(models.Model):
    """That a rule judged a direct change or a promotion, and what came of it, or would have come of it.

    Not the record: the trail is. Old rows may be deleted.
    """

    rule_id = models.BigIntegerField(help_text="The rule's key; the rule may be gone.")
    rule_version = models.PositiveIntegerField()
    rule_name = models.CharField(max_length=540)
    outcome = models.CharField(max_length=12, choices=Outcome)
    actor_name = models.CharField(max_length=150)
    promote_request_number = models.BigIntegerField(null=True, help_text="Null: a call that was made directly.")
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    version = models.CharField(max_length=32, blank=True)
    target = models.CharField(max_length=270, blank=True)
    reason = models.TextField(blank=True, help_text="What was missing, as sentences.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="insight_by_time"),
            models.Index(fields=["rule_id", "-at"], name="insight_by_rule"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(outcome__in=Outcome.values), name="insight_outcome_is_known"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.rule_name}: {self.outcome}"
