"""The outbox, who leads, what is told to whom, and what was sent."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from audit.trail import About
from notifications.choices import Event, Format, Kind, State, Way


class Work(models.Model):
    """A row of work: done once it was done at least once, given up after `retries.MOST_ATTEMPTS` failures.

    Attributes:
        uid: Names it to whoever receives something of it, each time the same.
        due_at: From when it may be claimed. Whoever claims it moves this to the end of the lease, so that what a
            process leaves that dies is due again by itself.
        claim: Of who works on it; an outcome is written only by the claim that is still in the row.
        attempts: Those that failed; one that a crash cut off does not count.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    claim = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class Message(Work):
    """Something that happened and is to be told, written in the transaction in which it happened.

    Attributes:
        payload: What is told, as `format` says; every format ever written can be read.
        actor: Who did it; None for Checkpoint itself. Nobody is told of what they did themselves.
        audience: `{"only": [keys of people]}` for what concerns these alone, `{"apart": [keys]}` where these
            are told of the same in a message of its own; empty for all whom such an event concerns.
    """

    event = models.CharField(max_length=64, choices=Event)
    format = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    request_number = models.PositiveBigIntegerField(null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    payload = models.JSONField()
    audience = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state=State.WAITING), name="message_due"),
            models.Index(fields=["state", "finished_at"], name="message_finished"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.event} of #{self.request_number}"


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
        return self.description or self.url

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

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    message = models.ForeignKey(Message, null=True, on_delete=models.CASCADE, related_name="deliveries")
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
            models.UniqueConstraint(fields=["webhook", "message"], name="one_delivery_per_webhook_and_message")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.event} to {self.webhook_id}: {self.state}"


class Subscription(models.Model):
    """Whom a request or a model concerns: who takes part follows a request until they mute it; who likes, a model.

    Attributes:
        request_number: Of the request; None for a model.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    request_number = models.PositiveBigIntegerField(null=True)
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    is_muted = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request_number", "user"],
                condition=Q(request_number__isnull=False),
                name="one_subscription_per_request_and_person",
            ),
            models.UniqueConstraint(
                fields=["workspace", "model_name", "user"],
                condition=Q(request_number=None),
                name="one_subscription_per_model_and_person",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"#{self.request_number}" if self.request_number else self.model_name


class Preference(models.Model):
    """How somebody wants to be told of a kind of event; without a person how everybody is who did not say."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    way = models.CharField(max_length=8, choices=Way)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "kind"], condition=Q(user__isnull=False), name="one_preference_per_person_and_kind"
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(user=None), name="one_default_per_kind"),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.kind}: {self.way}"


class Letter(Work):
    """A message that is to be in a mail to somebody; what is due to one person at one moment goes together.

    Attributes:
        is_digest: Whether it goes into the one mail of a day.
    """

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="letters")
    is_digest = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["pk"]
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["reader", "due_at", "id"], condition=Q(state=State.WAITING), name="letter_due"),
            models.Index(fields=["state", "finished_at"], name="letter_finished"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reader", "message"], name="one_letter_per_reader_and_message")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.message_id} to {self.reader_id}: {self.state}"


class Lease(models.Model):
    """Who does, of several processes, what one of them is to do; until when, unless it says so again."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=128, blank=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
