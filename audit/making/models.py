"""Who registered versions, and who created runs and logged models."""

from typing import ClassVar

from django.conf import settings
from django.db import models

_NAME = 256
"""Characters that MLflow allows for the name of a workspace or a registered model."""
LONGEST_ID = 256


class Kind(models.TextChoices):
    """What somebody created that a version may be made of."""

    RUN = "run", "Run"
    LOGGED_MODEL = "model", "Logged model"


class MadeThing(models.Model):
    """A run or logged model and who created it. Ids are MLflow's own and never given twice.

    Rows that no version refers to are deleted after a while: `clearing`.

    Attributes:
        owner: Who answered for the service account that created it, then; None where a person did.
        source_run: Of a logged model: the run that it says it came from; empty where it says none.
    """

    kind = models.CharField(max_length=5, choices=Kind)
    thing_id = models.CharField(max_length=LONGEST_ID, unique=True)
    # PROTECT: whoever made something stays in the record; accounts are deactivated, not deleted.
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    maker_name = models.CharField(max_length=150)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_index=True)
    source_run = models.CharField(max_length=LONGEST_ID, blank=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.thing_id} by {self.maker_name}"


class RegisteredVersion(models.Model):
    """A version and who registered it. Its name follows the model when that is renamed through Checkpoint.

    Attributes:
        created_ms: When MLflow made it, in milliseconds by MLflow's clock: a number that is used again is a second
            version.
        maker: None where Checkpoint made it itself, as the copy that a promotion asked for.
        owner: Who answered for the service account that registered it, then; None where a person did.
        is_copy: Whether its source is another version.
        copied_from: That version; None where it is none, or one that nobody knows.
    """

    workspace = models.CharField(max_length=_NAME, blank=True)
    model_name = models.CharField(max_length=_NAME)
    version = models.CharField(max_length=64)
    created_ms = models.BigIntegerField()
    maker = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    maker_name = models.CharField(max_length=150)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    source = models.TextField(blank=True)
    is_copy = models.BooleanField(default=False)
    copied_from = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "created_ms"], name="registered_version_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_name} version {self.version} by {self.maker_name}"


class VersionPart(models.Model):
    """That a version is made of a run or a logged model, known or not.

    Attributes:
        is_named: Whether the version names it as such; otherwise its id only stands in the version's source.
    """

    version = models.ForeignKey(RegisteredVersion, on_delete=models.CASCADE, related_name="parts")
    kind = models.CharField(max_length=5, choices=Kind)
    thing_id = models.CharField(max_length=LONGEST_ID, db_index=True)
    is_named = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "thing_id"], name="version_part_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.thing_id}"
