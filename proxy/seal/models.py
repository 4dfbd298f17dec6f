"""What is known of what is sealed, shared by all processes and kept over a restart."""

from typing import ClassVar

from django.db import models

_NAME = 256
"""Characters that MLflow allows for the name of a workspace or a registered model."""


class SealedWorkspace(models.Model):
    """How far what is known of a workspace can be relied on.

    Attributes:
        generation: Raised with each change of what is sealed, in the transaction that makes it.
        epoch: Raised when the rules change: a look that began before does not say what is sealed now.
        upstream: The address of the MLflow that was looked at.
        looked_at: When the last whole look at it began; None where none did since the rules changed.
        rest_seconds: How long after its beginning the next one is due.
        serves_seconds: How long it may serve.
        looking_until: Until when some process looks; the others leave it to that one.
    """

    workspace = models.CharField(max_length=_NAME, unique=True)
    generation = models.BigIntegerField(default=1)
    epoch = models.BigIntegerField(default=1)
    upstream = models.CharField(max_length=2_000, blank=True)
    looked_at = models.DateTimeField(null=True)
    rest_seconds = models.FloatField(default=0.0)
    serves_seconds = models.FloatField(default=0.0)
    looking_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.workspace or "default"


class SealedVersion(models.Model):
    """A version that stays what it is.

    Attributes:
        created_at: As MLflow says; tells it from one of the same number after its model was deleted and made anew.
        held: [[kind, name]] of the protected targets that it held at the last look.
        is_judged: Somebody approved it in an open request, or it is being promoted.
        made_of: The ids and locations that it is made of, as `Provenance` has them; None until they are learnt.
        generation: The workspace's when this row changed last.
    """

    workspace = models.CharField(max_length=_NAME)
    model_name = models.CharField(max_length=_NAME)
    version = models.CharField(max_length=64)
    created_at = models.DateTimeField(null=True)
    held = models.JSONField(default=list)
    is_judged = models.BooleanField(default=False)
    made_of = models.JSONField(null=True)
    generation = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "model_name", "version"], name="sealed_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} version {self.version}"


class LookedAtModel(models.Model):
    """A registered model as the last look found it.

    Attributes:
        mark: Another text whenever the model, its aliases or the rules changed: then it has to be looked at again.
    """

    workspace = models.CharField(max_length=_NAME)
    model_name = models.CharField(max_length=_NAME)
    mark = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workspace", "model_name"], name="looked_at_model_once"),
        ]

    def __str__(self) -> str:
        return self.model_name
