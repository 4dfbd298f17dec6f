"""Promote requests, and what their texts were before."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from audit.trail import About
from evidence.freeze import Observation
from evidence.models import Inspection
from promote_requests.choices import CloseReason, Status
from promote_requests.models.folded import FoldedName
from promote_requests.models.person import person
from promote_requests.querysets import PromoteRequestQuerySet
from protection.conditions.base import Record
from protection.gates import GateResult
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind


class PromoteRequest(models.Model):
    """Somebody's proposal that a model version get (or lose) a target, and what became of it.

    `champion_version`, `challenger_stage` and `evidence_fingerprint` are what was last observed while the request was
    open: a review counts only for the fingerprint that it was given on. All of it is kept under `evidence_digest`, and
    stays as it is once the request is being promoted.
    """

    number = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True, help_text="Markdown.")
    workspace = models.CharField(max_length=256, blank=True, default="", editable=False)
    model_name = models.CharField(max_length=256, editable=False)
    model_key = FoldedName("model_name")
    version = models.CharField(max_length=64, editable=False)
    target_kind = models.CharField(max_length=8, choices=TargetKind, editable=False)
    target_name = models.CharField(max_length=256, editable=False)
    target_key = FoldedName("target_name")
    change = models.CharField(max_length=8, choices=Change, default=Change.SET, editable=False)
    archive_existing_versions = models.BooleanField(default=False, editable=False)
    author = person(related_name="promote_requests", editable=False)
    answered_for_by = person(
        null=True, related_name="+", editable=False, help_text="Who answered for the service account that asks, then."
    )
    text_revision = models.PositiveIntegerField(
        default=1, editable=False, help_text="Grows with each edit of title or description, and each changed answer."
    )
    title_edited_in = models.PositiveIntegerField(
        default=1, editable=False, help_text="The text revision in which the title was last edited."
    )
    description_edited_in = models.PositiveIntegerField(
        default=1, editable=False, help_text="The text revision in which the description was last edited."
    )
    answers_changed_in = models.PositiveIntegerField(
        default=1, editable=False, help_text="The text revision in which the author last changed an answer."
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN, editable=False)
    is_private = models.BooleanField(
        default=False, editable=False, help_text="Whether it is a draft that was never submitted, withdrawn or not."
    )

    champion_version = models.CharField(max_length=64, null=True, editable=False)  # noqa: DJ001 - None: nobody holds it
    challenger_stage = models.CharField(
        max_length=16, blank=True, editable=False, help_text="The stage it would leave."
    )
    evidence_fingerprint = models.CharField(max_length=80, blank=True, editable=False)
    is_prompt = models.BooleanField(
        default=False, editable=False, help_text="Whether it is a prompt, which MLflow keeps as a registered model."
    )
    unplaced_source = models.TextField(
        blank=True, editable=False, help_text="Where its files are said to lie, if their place cannot be told from it."
    )
    gate_results = models.JSONField(
        default=dict, blank=True, editable=False, help_text="What came of the rules' gates when MLflow was last asked."
    )
    measured_at = models.DateTimeField(
        null=True, editable=False, help_text="When the worker last measured its gates again."
    )
    makers = models.JSONField(
        default=list, blank=True, editable=False, help_text="Who made the version, as far as Checkpoint knew last."
    )
    held_since = models.JSONField(
        default=dict, blank=True, editable=False, help_text="Since when the version held what it held when last seen."
    )
    evidence_digest = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Names what was observed last, kept for ever."
    )
    inspection = models.ForeignKey(
        Inspection, on_delete=models.PROTECT, null=True, related_name="+", editable=False, help_text="Made last."
    )

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    opened_at = models.DateTimeField(default=timezone.now, editable=False)
    round = models.PositiveIntegerField(
        default=1, editable=False, help_text="Begins anew with each reopening; reviews of earlier rounds do not count."
    )
    promoting_since = models.DateTimeField(null=True, editable=False)
    promoted_at = models.DateTimeField(null=True, editable=False)
    promoted_by = person(null=True, related_name="+", editable=False)
    approved_by = models.JSONField(
        default=list, blank=True, editable=False, help_text="Whose approvals counted when the promotion began: names."
    )
    judged_by = models.JSONField(
        null=True, editable=False, help_text="What the rules asked for when it was promoted or closed."
    )
    promoted_version = models.CharField(max_length=64, blank=True, editable=False, help_text="The copy's version.")
    tags_are_due = models.BooleanField(
        default=False, editable=False, help_text="Whether the promoted version still lacks Checkpoint's tags in MLflow."
    )
    last_failure = models.TextField(blank=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    closed_by = person(null=True, related_name="+", editable=False)
    close_reason = models.CharField(max_length=10, choices=CloseReason, blank=True, editable=False)

    undoes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="undone_by",
        editable=False,
        help_text="The promoted request whose change this one takes back.",
    )
    is_fast_track = models.BooleanField(
        default=False, editable=False, help_text="Whether it puts back a version that had met the rules before."
    )
    superseded_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="supersedes",
        editable=False,
        help_text="The newer request that took its place.",
    )
    is_bypassed = models.BooleanField(
        default=False, editable=False, help_text="Whether the glass was broken: it was promoted past its rules."
    )
    glass_hands = models.JSONField(
        default=list, blank=True, editable=False, help_text="Who broke the glass or consented to it: keys of people."
    )
    reviewed_afterwards_at = models.DateTimeField(null=True, editable=False)
    holds_target = models.BooleanField(
        default=False, editable=False, help_text="Whether its version has the target now, by Checkpoint's own record."
    )
    gone_at = models.DateTimeField(
        null=True, editable=False, help_text="When MLflow was first found to have no such version any more."
    )

    objects = PromoteRequestQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]
        indexes: ClassVar = [
            # With who may see them, so that requests are counted without being read.
            models.Index(
                fields=["status", "-number", "is_private", "author", "answered_for_by"], name="request_by_status"
            ),
            models.Index(fields=["workspace", "model_name", "version"], name="request_by_version"),
            models.Index(fields=["author", "status"], name="request_by_author"),
            models.Index(fields=["created_at"], name="request_by_time"),
            models.Index(fields=["opened_at"], name="request_by_opening"),
            models.Index(fields=["promoted_at"], name="request_by_promotion"),
            models.Index(fields=["closed_at"], name="request_by_closing"),
            models.Index(fields=["opened_at", "number"], condition=Q(status=Status.OPEN), name="request_by_waiting"),
            models.Index(fields=["model_key", "-number"], name="request_by_model"),
            # Lists count what somebody may see by this index alone: rows are wide.
            models.Index(fields=["is_private", "author", "answered_for_by"], name="request_by_visibility"),
            models.Index(
                fields=["workspace", "target_kind", "target_name", "model_name", "status"], name="request_by_target"
            ),
            models.Index(
                fields=["number"],
                condition=Q(is_bypassed=True, reviewed_afterwards_at=None),
                name="request_bypassed",
            ),
            models.Index(fields=["workspace", "model_name"], condition=Q(holds_target=True), name="request_holding"),
        ]
        constraints: ClassVar = [
            # By the target's key: what rules and some databases take for one alias, two requests do not go for at once.
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "target_kind", "target_key"],
                condition=Q(status__in=[Status.OPEN, Status.PROMOTING]),
                name="one_request_under_way",
            ),
            # A draft is nobody else's business, so it is in nobody else's way.
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "target_kind", "target_key", "author"],
                condition=Q(status=Status.DRAFT),
                name="one_draft_per_author",
            ),
            models.CheckConstraint(
                condition=Q(is_private=True, status__in=[Status.DRAFT, Status.CLOSED])
                | Q(is_private=False) & ~Q(status=Status.DRAFT),
                name="drafts_are_private",
            ),
            # One promotion at a time for what it changes: a target of a model, a destination, a version's stage.
            models.UniqueConstraint(
                fields=["workspace", "model_name", "target_kind", "target_key"],
                condition=Q(status=Status.PROMOTING) & ~Q(target_kind=TargetKind.MODEL),
                name="one_promotion_per_target",
            ),
            models.UniqueConstraint(
                fields=["workspace", "target_key"],
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
                & ~Q(evidence_digest="")
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
                condition=Q(superseded_by=None) | Q(close_reason=CloseReason.SUPERSEDED),
                name="superseded_rows_are_closed",
            ),
            models.CheckConstraint(
                condition=Q(is_bypassed=False, reviewed_afterwards_at=None)
                | Q(is_bypassed=True, status__in=[Status.PROMOTING, Status.PROMOTED]),
                name="bypassed_rows_are_promoted",
            ),
            models.CheckConstraint(
                condition=Q(holds_target=False) | Q(status=Status.PROMOTED, change=Change.SET),
                name="holding_rows_are_promoted",
            ),
            models.CheckConstraint(
                condition=~Q(change=Change.REMOVE) | Q(target_kind=TargetKind.ALIAS),
                name="only_aliases_are_removed",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"#{self.number} {self.title}"

    def get_absolute_url(self) -> str:
        """Returns the request's page."""
        return reverse("promote_requests:detail", args=[self.number])

    @property
    def asked_by(self) -> frozenset[int]:
        """The keys of who asked, for ever: the author, and who answered then for the service account that it is."""
        return frozenset(key for key in (self.author_id, self.answered_for_by_id) if key is not None)

    @property
    def authors(self) -> frozenset[int]:
        """The keys of everybody whose own request this is, so that they judge nothing about it.

        Beside who asked whoever answers for the account now: they hold its tokens, and may act as the author.
        """
        return self.asked_by | {self.author.answerable_id}

    @property
    def target(self) -> Target:
        """Where the version is to go."""
        return Target(TargetKind(self.target_kind), self.target_name)

    @property
    def held_version(self) -> str:
        """The version that has the target by this request: of a copy its number in the model that it went to."""
        return self.promoted_version or self.version

    @property
    def gates(self) -> dict[str, GateResult]:
        """What came of the rules' gates when MLflow was last asked."""
        return {gate: GateResult.of_json(found) for gate, found in self.gate_results.items()}

    @property
    def record(self) -> Record:
        """Who made the version and since when it holds what, as far as Checkpoint knew when MLflow was last asked."""
        return Record.of_json(self.makers, self.held_since)

    @property
    def about(self) -> About:
        """What an audit row about this request is about."""
        return About.of(self.proposal, self.number)

    @property
    def observation(self) -> Observation:
        """What was last observed of the evidence."""
        return Observation(
            self.champion_version, self.challenger_stage, self.evidence_fingerprint, self.unplaced_source
        )

    @property
    def proposal(self) -> Proposal:
        """What is asked for."""
        return Proposal(
            self.model_name,
            self.version,
            self.target,
            Change(self.change),
            self.archive_existing_versions,
            self.workspace,
        )


class FormerText(AppendOnly):
    """Title and description as they were before an edit: reviewers may have approved what they read there."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="former_texts")
    revision = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["revision"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promote_request", "revision"], name="one_text_per_revision")
        ]

    def __str__(self) -> str:
        return f"Text {self.revision} of #{self.promote_request_id}"
