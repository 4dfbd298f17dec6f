"""Work, and the outbox: what happened and is to be told."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from notifications.choices import Event, State


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
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
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
        return f"{self.event} of #{self.request_number}" if self.request_number else self.event


class Lease(models.Model):
    """Who does, of several processes, what one of them is to do; until when, unless it says so again."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=128, blank=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
