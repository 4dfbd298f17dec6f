"""The record: promote requests, what was said of them, the rules, and the audit trail.

Only `promote_requests.services` writes these; everything else reads.
"""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from promote_requests.choices import AuditAction, CloseReason, RequestAction, Status, TargetKind, Verdict
from promote_requests.protection import pattern_problems
from promote_requests.querysets import AppendOnlyQuerySet, PromoteRequestQuerySet
from promote_requests.targets import Target


def _person(**options: Any) -> models.ForeignKey:
    # PROTECT: a person who decided something stays in the record; accounts are deactivated, not deleted.
    return models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, **options)


class PromoteRequest(models.Model):
    """Somebody's wish that a model version get (or lose) a target.

    `champion_version`, `challenger_stage` and `evidence_fingerprint` are what was last observed while the request was
    open: reviews count only for the fingerprint that they were given on. The two `*_evidence` fields are frozen when it
    is promoted.
    """

    number = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="Markdown.")
    workspace = models.CharField(max_length=256, blank=True, default="", editable=False)
    model_name = models.CharField(max_length=256, editable=False)
    version = models.CharField(max_length=32, editable=False)
    target_kind = models.CharField(max_length=8, choices=TargetKind, editable=False)
    target_name = models.CharField(max_length=256, editable=False)
    action = models.CharField(max_length=8, choices=RequestAction, default=RequestAction.SET, editable=False)
    archive_existing_versions = models.BooleanField(default=False, editable=False)
    author = _person(related_name="promote_requests", editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN, editable=False)

    champion_version = models.CharField(max_length=32, null=True, editable=False)  # noqa: DJ001 - None: nobody holds it
    challenger_stage = models.CharField(
        max_length=16, blank=True, editable=False, help_text="The stage it would leave."
    )
    evidence_fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    champion_evidence = models.JSONField(null=True, editable=False)
    challenger_evidence = models.JSONField(null=True, editable=False)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    opened_at = models.DateTimeField(default=timezone.now, editable=False, help_text="Earlier reviews do not count.")
    promoting_since = models.DateTimeField(null=True, editable=False)
    promoted_at = models.DateTimeField(null=True, editable=False)
    promoted_by = _person(null=True, related_name="+", editable=False)
    promoted_version = models.CharField(max_length=32, blank=True, editable=False, help_text="The copy's version.")
    last_failure = models.TextField(blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    closed_by = _person(null=True, related_name="+", editable=False)
    close_reason = models.CharField(max_length=10, choices=CloseReason, blank=True, editable=False)

    objects = PromoteRequestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            models.Index(fields=["status", "-number"], name="request_by_status"),
            models.Index(fields=["workspace", "model_name", "version"], name="request_by_version"),
            models.Index(fields=["author", "status"], name="request_by_author"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "target_kind", "target_name"],
                condition=Q(status__in=[Status.DRAFT, Status.OPEN, Status.PROMOTING]),
                name="one_unfinished_request",
            ),
            # One promotion at a time for what it changes: a target of a model, a destination, a version's stage.
            models.UniqueConstraint(
                fields=["workspace", "model_name", "target_kind", "target_name"],
                condition=Q(status=Status.PROMOTING) & ~Q(target_kind=TargetKind.MODEL),
                name="one_promotion_per_target",
            ),
            models.UniqueConstraint(
                fields=["workspace", "target_name"],
                condition=Q(status=Status.PROMOTING, target_kind=TargetKind.MODEL),
                name="one_promotion_per_destination",
            ),
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version"],
                condition=Q(status=Status.PROMOTING, target_kind=TargetKind.STAGE),
                name="one_stage_move_per_version",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.CLOSED, closed_at__isnull=False, closed_by__isnull=False)
                & Q(close_reason__in=CloseReason.values)
                | ~Q(status=Status.CLOSED) & Q(closed_at=None, closed_by=None, close_reason=""),
                name="closed_rows_say_why",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.PROMOTED, promoted_at__isnull=False, promoted_by__isnull=False)
                & Q(challenger_evidence__isnull=False)
                | ~Q(status=Status.PROMOTED) & Q(promoted_at=None),
                name="promoted_rows_are_frozen",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.PROMOTING, promoting_since__isnull=False, promoted_by__isnull=False)
                | ~Q(status=Status.PROMOTING),
                name="promoting_rows_say_since_when",
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="request_status_is_known"),
            models.CheckConstraint(
                condition=~Q(action=RequestAction.REMOVE) | Q(target_kind=TargetKind.ALIAS),
                name="only_aliases_are_removed",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        """Returns the request's page."""
        return reverse("promote_requests:detail", args=[self.number])

    @property
    def target(self) -> Target:
        """Where the version is to go."""
        return Target(TargetKind(self.target_kind), self.target_name)


class Review(models.Model):
    """A reviewer's judgement of the evidence that `evidence_fingerprint` names. Never changed, only followed."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="reviews")
    reviewer = _person(related_name="reviews")
    request_author = _person(related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict)
    body = models.TextField(blank=True)
    champion_version = models.CharField(max_length=32, null=True)  # noqa: DJ001 - None: nobody held it
    evidence_fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verdict_is_known"),
            # Four eyes, where no door can forget it.
            models.CheckConstraint(
                condition=Q(verdict=Verdict.COMMENT) | ~Q(reviewer=F("request_author")), name="nobody_judges_their_own"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} on #{self.promote_request_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a second save is refused."""
        _refuse_second_save(self)
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Is refused: reviews are part of the record."""
        raise TypeError("Reviews are append-only.")


class Comment(models.Model):
    """A remark in a request's timeline."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="comments")
    author = _person(related_name="promote_request_comments")
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"Comment on #{self.promote_request_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a second save is refused."""
        _refuse_second_save(self)
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Is refused: comments are part of the record."""
        raise TypeError("Comments are append-only.")


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

    def clean(self) -> None:
        """Raises ValidationError, by field, for patterns that could not protect anything."""
        problems = pattern_problems(
            workspace_pattern=self.workspace_pattern,
            model_pattern=self.model_pattern,
            target_pattern=self.target_pattern,
        )
        if problems:
            raise ValidationError(problems)


class AuditEvent(models.Model):
    """What happened: who, what, when (UTC), from, to, why. Append-only.

    `actor` is None for what Checkpoint did by itself and for anonymous callers; `actor_name` is the name at the time.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = _person(null=True, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=24, choices=AuditAction)
    promote_request = models.ForeignKey(
        PromoteRequest, null=True, on_delete=models.PROTECT, related_name="audit_events"
    )
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    version = models.CharField(max_length=32, blank=True)
    target = models.CharField(max_length=270, blank=True)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10, blank=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        indexes: ClassVar = [models.Index(fields=["workspace", "model_name", "-at"], name="audit_by_model")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_action_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Adds the row; a second save is refused."""
        _refuse_second_save(self)
        super().save(*args, **kwargs | {"force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Is refused: the trail is append-only."""
        raise TypeError("The audit trail is append-only.")


def _refuse_second_save(row: models.Model) -> None:
    # The callers force an insert besides: a new object with the key of a row that is there would overwrite that row.
    if not row._state.adding:
        raise TypeError(f"{type(row).__name__} rows are append-only.")
