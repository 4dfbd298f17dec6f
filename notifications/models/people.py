"""What people are told: what they chose, what is mailed to them, and what is in their inbox."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from notifications.choices import Kind, State, Way
from notifications.models.work import Message, Work
from registry.names import key_of


class Subscription(models.Model):
    """Whom a request or a model concerns: who takes part follows a request until they mute it; who likes, a model.

    Attributes:
        request_number: Of the request; None for a model.
        model_name: As its reader wrote it.
        model_key: The same from `key_of`: two spellings of a name are one model.
        is_muted: Nothing is told of it but what is said to this person by name.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    request_number = models.PositiveBigIntegerField(null=True)
    workspace = models.CharField(max_length=256, blank=True)
    model_name = models.CharField(max_length=256, blank=True)
    model_key = models.CharField(max_length=256, blank=True, editable=False)
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
                fields=["workspace", "model_key", "user"],
                condition=Q(request_number=None),
                name="one_subscription_per_model_and_person",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"#{self.request_number}" if self.request_number else self.model_name

    @staticmethod
    def key_of(model_name: str) -> str:
        """Returns a model's name as it is compared, short enough for the column whatever it is made of."""
        return key_of(model_name)


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


class Notice(models.Model):
    """A message in somebody's inbox. Written when the message is spread, so that an inbox is read from one index.

    Attributes:
        kind: Of the event: `audience.KINDS`.
        sentence: The message's own, so that a list loads no payload.
        read_at: When its reader looked at it; None while it is new.
    """

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16)
    event = models.CharField(max_length=64)
    request_number = models.PositiveBigIntegerField()
    sentence = models.TextField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["reader", "request_number"], condition=Q(read_at=None), name="notice_unread"),
            models.Index(fields=["reader", "-id"], name="notice_by_reader"),
            models.Index(fields=["at"], name="notice_by_time"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reader", "message"], name="one_notice_per_reader_and_message")
        ]

    @override
    def __str__(self) -> str:
        return f"{self.event} of #{self.request_number} to {self.reader_id}"


class Reminder(models.Model):
    """That somebody was reminded of something: whatever is restarted, once.

    Attributes:
        about: What of, with the round of the request or the moment that it is about: another moment, another reminder.
    """

    request_number = models.PositiveBigIntegerField()
    about = models.CharField(max_length=128)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request_number", "about"], name="one_reminder_of_each_thing")
        ]

    @override
    def __str__(self) -> str:
        return f"#{self.request_number}: {self.about}"
