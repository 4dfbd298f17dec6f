"""The tables of evidence: what was judged, digests of versions' files, and which way is better for metrics."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from evidence.inspection.findings import Outcome


class FrozenEvidence(AppendOnly):
    """A document under the SHA-256 of itself, from `kept`: the facts of a version, or which were judged together."""

    digest = models.CharField(max_length=64, primary_key=True)
    document = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    @override
    def __str__(self) -> str:
        return self.digest


class Manifest(models.Model):
    """The digests of all files of one version, taken once.

    Attributes:
        registered_at: When MLflow registered the version: a number that is used twice is two versions.
        root: From `digests.root.root_digest`; empty until every file is read.
        mismatches: `[{"path", "what"}]`, what the last verification found: `changed`, `missing` or `added`.
    """

    workspace = models.CharField(max_length=256, blank=True, default="")
    model_name = models.CharField(max_length=256)
    version = models.CharField(max_length=32)
    registered_at = models.DateTimeField()
    root = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    mismatches = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "registered_at"], name="one_manifest_per_version"
            )
        ]

    @override
    def __str__(self) -> str:
        return f"{self.model_name} version {self.version}"


class Inspection(AppendOnly):
    """What the built-in check came to, each time that a version's files were looked at; the latest counts.

    Attributes:
        registered_at: As `Manifest` has it.
        subject: SHA-256 in hex of what was looked at. What was found of it is true of every version that is the same.
        digest: Names the document with the findings, from `kept.store`.
        made_at: Before the first file was read.
    """

    workspace = models.CharField(max_length=256, blank=True, default="")
    model_name = models.CharField(max_length=256)
    version = models.CharField(max_length=32)
    registered_at = models.DateTimeField()
    subject = models.CharField(max_length=64, db_index=True)
    outcome = models.CharField(max_length=20, choices=[(outcome.value, outcome.value) for outcome in Outcome])
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "model_name", "version", "registered_at"], name="inspections_of_version")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.model_name} version {self.version}: {self.outcome}"


class PictureCopy(AppendOnly):
    """The bytes of a picture of some version, under their SHA-256 in hex: kept once, however many versions have it."""

    digest = models.CharField(max_length=64, primary_key=True)
    content = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    @override
    def __str__(self) -> str:
        return self.digest


class PictureLook(AppendOnly):
    """Which pictures a version had when copies were taken.

    Attributes:
        registered_at: As `Manifest` has it.
        taken_at: Before the first one was read.
        pictures: `[{"path", "size", "digest", "width", "height"}]`; an empty digest for one that was not kept.
    """

    workspace = models.CharField(max_length=256, blank=True, default="")
    model_name = models.CharField(max_length=256)
    version = models.CharField(max_length=32)
    registered_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    pictures = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["workspace", "model_name", "version", "registered_at"], name="looks_at_version"),
            models.Index(fields=["taken_at"], name="looks_by_time"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.model_name} version {self.version}: {len(self.pictures)} pictures"


class DigestedFile(models.Model):
    """A file of a version that was read once, with its SHA-256 in hex and its size in bytes."""

    manifest = models.ForeignKey(Manifest, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1_000)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["manifest", "path"], name="one_digest_per_file"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.sha256} {self.path}"


class MetricDirection(models.Model):
    """Which values of a metric are better in one registered model, as somebody set it here.

    `direction` is `higher`, `lower` or `none`. The record has who set which before.
    """

    workspace = models.CharField(max_length=256, blank=True, default="")
    model_name = models.CharField(max_length=256)
    metric = models.CharField(max_length=250)
    direction = models.CharField(max_length=8)
    # PROTECT: a person who decided something stays in the record; accounts are deactivated, not deleted.
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["metric"]
        default_permissions: ClassVar = ("change",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "model_name", "metric"], name="one_direction_per_metric"),
            models.CheckConstraint(
                condition=models.Q(direction__in=["higher", "lower", "none"]), name="direction_is_known"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.metric} of {self.model_name}: {self.direction}"
