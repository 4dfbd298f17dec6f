"""People, their API tokens, invitations, and the row of the installation."""

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import AbstractUser, Permission, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from typing_extensions import override

from accounts import sentences


class User(AbstractUser):
    """A person or a service account: one that a person answers for, and that has API tokens only.

    Names and addresses are unique without regard to case: `Ada` cannot pass for `ada` in a review, and signing in by
    address means one account. Accounts are deactivated, never deleted, because the record names them.

    A service account is one that has an owner. The database keeps it without password, address and rights of its own,
    so that no page can make it one that signs in.
    """

    email = models.EmailField("email address", blank=True)
    owner = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="service_accounts",
        help_text="The person who answers for this service account.",
    )
    purpose = models.CharField(max_length=200, blank=True, help_text="What the service account is for, in a sentence.")

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(
                Lower("username"), name="one_account_per_name", violation_error_message=sentences.NAME_TAKEN
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~models.Q(email=""),
                name="one_account_per_address",
                violation_error_message=sentences.ADDRESS_TAKEN,
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None)
                | models.Q(password__startswith=UNUSABLE_PASSWORD_PREFIX, email="", is_staff=False, is_superuser=False),
                name="service_accounts_cannot_sign_in",
            ),
        ]

    @cached_property
    def given_permissions(self) -> frozenset[str]:
        """The permissions that were given to this account or a group of it, as `app.codename`.

        Unlike `has_perm`, being a superuser adds none.
        """
        given = Permission.objects.filter(models.Q(user=self) | models.Q(group__user=self))
        return frozenset(f"{app}.{name}" for app, name in given.values_list("content_type__app_label", "codename"))

    @override
    def clean(self) -> None:
        """Refuses a name that is another person's address, because its owner could be taken for that person."""
        super().clean()
        # Django's form leaves the name empty if it refused the one that was typed.
        if self.username and "@" in self.username and self.username.lower() != self.email.lower():
            raise ValidationError({"username": "A user name with @ must be the account's own e-mail address."})

    @property
    def is_service_account(self) -> bool:
        """Whether a person answers for it, and it has API tokens only."""
        return self.owner_id is not None

    @property
    def may_sign_in(self) -> bool:
        """Whether it may use a password, a session or a link."""
        return self.is_active and not self.is_service_account

    @property
    def answerable_id(self) -> int:
        """The key of the person in whose hands it is: a service account's owner, and anybody else themselves."""
        return self.owner_id or self.pk

    @override
    def save(self, *args: Any, **kwargs: Any) -> None:
        """Stores the address in lower case, because it is looked up so."""
        self.email = self.email.lower()
        super().save(*args, **kwargs)


class ServiceAccountManager(UserManager["ServiceAccount"]):
    """Finds service accounts only."""

    @override
    def get_queryset(self) -> models.QuerySet["ServiceAccount"]:
        return super().get_queryset().filter(owner__isnull=False)


class ServiceAccount(User):
    """A user that is a service account, for the admin, where it is managed with rights of its own."""

    objects: ClassVar = ServiceAccountManager()

    class Meta:
        proxy = True
        ordering: ClassVar = ["username"]
        verbose_name = "service account"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Queries about API tokens."""

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
    last_used_at = models.DateTimeField(
        "last use", null=True, blank=True, editable=False, help_text="To within ten minutes."
    )

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]
        verbose_name = "API token"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "name"], condition=models.Q(revoked_at=None), name="one_live_token_per_name"
            )
        ]

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.hint}...)"

    @property
    def is_usable(self) -> bool:
        """Whether the token is neither revoked nor expired now, whatever its owner's state."""
        return self.state == "live"

    @property
    def state(self) -> str:
        """Says whether the token is `live`, `expired` or `revoked`."""
        if self.revoked_at is not None and (self.expires_at is None or self.revoked_at < self.expires_at):
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "live"


class Invitation(models.Model):
    """An administrator's permission for the holder of a link to open an account. Only the link's SHA-256 is kept."""

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
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(accepted_at=None, accepted_by=None)
                | models.Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="accepted_invitations_say_by_whom",
            )
        ]

    @override
    def __str__(self) -> str:
        return self.email

    @property
    def state(self) -> str:
        """Says whether the invitation is `pending`, `accepted` or `expired`."""
        if self.accepted_at is not None:
            return "accepted"
        return "pending" if self.expires_at > timezone.now() else "expired"


class Installation(models.Model):
    """The one row that describes this installation.

    `setup_at` makes the setup link work once: whoever sets it creates the first administrator.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    anonymous_id = models.UUIDField(default=uuid.uuid4, editable=False)
    setup_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="one_installation")]

    @override
    def __str__(self) -> str:
        return str(self.anonymous_id)


class CacheRow(models.Model):
    """A row of Django's database cache, which all workers and replicas share: see the settings.

    The columns are those that `createcachetable` would make; as a model, the table comes with the migrations. Only
    Django's cache reads and writes it.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "checkpoint_cache"

    @override
    def __str__(self) -> str:
        return self.cache_key
