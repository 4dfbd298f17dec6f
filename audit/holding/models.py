"""Since when versions hold a target."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

_NAME = 256


class Holding(models.Model):
    """A version that holds a target, or held it.

    Attributes:
        created_ms: When MLflow made the version, in milliseconds; 0 where nobody has looked at it since.
        target: As `Target` prints it.
        mark_ms: Of a stage: when MLflow had changed the version last when this was found to be so. Another time means
            that MLflow changed something, perhaps away and back. 0 where that says nothing.
        ended_at: When it was found not to hold it any more; None while it does.
    """

    workspace = models.CharField(max_length=_NAME, blank=True)
    model_name = models.CharField(max_length=_NAME)
    version = models.CharField(max_length=64)
    created_ms = models.BigIntegerField(default=0)
    target = models.CharField(max_length=270)
    since = models.DateTimeField()
    mark_ms = models.BigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workspace", "model_name", "version", "target"],
                condition=Q(ended_at=None),
                name="one_present_holding",
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_name} version {self.version} at {self.target}"
