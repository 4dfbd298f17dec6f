"""People, the tokens they call with, and how they came to be here."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone


class User(AbstractUser):
    """A person or a service account."""

    email = models.EmailField("email address", blank=True)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens by whether they still open anything."""

    def usable(self, at: datetime | None = None) -> "ApiTokenQuerySet":
        """Returns the tokens that are neither revoked nor expired and whose owner may sign in."""
        at = at or timezone.now()
        return self.filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at),
            revoked_at__isnull=True,
            user__is_active=True,
        )


class ApiToken(models.Model):
    """A named credential for programs. Only its SHA-256 is kept: the token itself is random and shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for, for example: nightly training.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False, help_text="The token's first characters.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = "API token"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(revoked_at=None), name="one_live_token_per_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}...)"

    @property
    def is_usable(self) -> bool:
        """Whether the token opens anything now, its owner's state aside."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class Invitation(models.Model):
    """An administrator's word that the holder of a link may open an account. Only the link's SHA-256 is kept."""

    email = models.EmailField()
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    accepted_by = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="invitation", editable=False
    )

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.email


class Installation(models.Model):
    """The one row that describes this installation.

    `setup_at` is what makes the setup link work once: whoever sets it creates the first administrator.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    anonymous_id = models.UUIDField(default=uuid.uuid4, editable=False)
    setup_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    def __str__(self) -> str:
        return str(self.anonymous_id)
