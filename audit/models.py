"""The record of what happened."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.actors import Door
from audit.append_only import AppendOnly
from audit.choices import AuditAction


class AnonymousRefusals(models.Model):
    """How often callers without credentials were refused from one address in one hour; see `audit.refused_calls`."""

    caller = models.CharField(max_length=64)
    hour = models.DateTimeField(help_text="Its beginning.")
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "hour"], name="one_count_per_caller_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.caller}: {self.count}"


class AuditEvent(AppendOnly):
    """What happened: who, what, when (UTC), from, to, why. Append-only.

    `actor` is None for what Checkpoint did by itself and for anonymous callers; `actor_name` is the name at the time.
    """

    at = models.DateTimeField(default=timezone.now, db_index=True)
    # PROTECT: a person who did something stays in the record; accounts are deactivated, not deleted.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=24, choices=AuditAction)
    promote_request = models.ForeignKey(
        "promote_requests.PromoteRequest", null=True, on_delete=models.PROTECT, related_name="audit_events"
    )
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    version = models.CharField(max_length=64, blank=True)
    target = models.CharField(max_length=270, blank=True)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10, blank=True)
    reason = models.TextField(blank=True)
    door = models.CharField(max_length=10, choices=[(door.value, door.value) for door in Door])
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        indexes: ClassVar = [models.Index(fields=["workspace", "model_name", "-at"], name="audit_by_model")]

    @override
    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_action_display()}"
