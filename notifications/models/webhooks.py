"""Addresses that are told, and what was sent to them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from audit.trail import About
from notifications.choices import Format, State
from notifications.models.work import Message, Work
from notifications.webhooks.addresses import shown


class Webhook(models.Model):
    """An address that is told of events.

    Attributes:
        events: The names of those that it is told of; empty for all.
        secret: Encrypted by `webhooks.secrets`, and so is `former_secret`, which signs too until `former_until`.
        is_active: Whether it is told of anything; a person's word, or Checkpoint's after too many failures.
        failures: Attempts that failed one after the other, of whichever deliveries.
        paused_until: Until when nothing is tried, because attempts failed.
    """

    url = models.CharField(max_length=2000)
    format = models.CharField(max_length=16, choices=Format, default=Format.CHECKPOINT)
    events = models.JSONField(default=list)
    model_pattern = models.CharField(max_length=256, default="*")
    description = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    secret = models.TextField()
    former_secret = models.TextField(blank=True)
    former_until = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        permissions: ClassVar = [("manage_notifications", "Can manage webhooks and what waits to be sent")]

    @override
    def __str__(self) -> str:
        return self.description or self.place

    @property
    def place(self) -> str:
        """Where it leads, without what may be a secret in the address."""
        return shown(self.url)

    @property
    def about(self) -> About:
        """What an audit row about this webhook is about."""
        return About(target=f"webhook:{self.pk}")

    @property
    def is_paused(self) -> bool:
        """Whether nothing is tried now because attempts failed."""
        return self.paused_until is not None and self.paused_until > timezone.now()


class Delivery(Work):
    """A message on its way to a webhook: what is sent, and what came of the last attempt.

    Attributes:
        message: None for a ping.
        body: Exactly what is sent, in each attempt the same.
        answer_status: None where no answer came; `error` says why.
    """

    # Without indexes of their own: others begin with them, and each costs something with every delivery.
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=64)
    request_number = models.PositiveBigIntegerField(null=True)
    body = models.TextField()
    request_headers = models.JSONField(default=dict)
    attempted_at = models.DateTimeField(null=True)
    milliseconds = models.PositiveIntegerField(null=True)
    answer_status = models.PositiveSmallIntegerField(null=True)
    answer_headers = models.JSONField(default=dict)
    answer_body = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["webhook", "due_at", "id"], condition=Q(state=State.WAITING), name="delivery_due"),
            models.Index(fields=["webhook", "-id"], name="delivery_by_webhook"),
            models.Index(fields=["state", "finished_at"], name="delivery_finished"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "webhook"], name="one_delivery_per_webhook_and_message")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}: {self.state}"
