"""Who does something, and through which door. Every service takes an `Actor`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, cast

from django.contrib.auth import get_user_model

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


class ActorKind(StrEnum):
    """The kinds of actor."""

    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"
    CHECKPOINT = "checkpoint"
    ANONYMOUS = "anonymous"


class Door(StrEnum):
    """The interface that somebody uses."""

    PAGE = "page"
    ADMIN = "admin"
    API = "api"
    PROXY = "proxy"
    COMMAND = "command"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        user_id: The account's key; None for Checkpoint itself and for anonymous callers.
        name: The name at this moment; the record keeps it when the account changes.
        request_id: The id of the HTTP request in the log; "" where there is none.
        origin: The address from which an anonymous caller called; "" where none is known.
        loaded: The account if it is loaded already; `account` loads it otherwise.
    """

    user_id: int | None
    name: str
    kind: ActorKind
    door: Door
    request_id: str = ""
    origin: str = ""
    loaded: "AbstractUser | None" = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, user: "AbstractUser", door: Door, request_id: str = "") -> Self:
        """Returns the actor for an account, a person's or a service account."""
        # This room does not know the model of `accounts`, which is the only one that has the property.
        is_service = getattr(user, "is_service_account", False)
        kind = ActorKind.SERVICE_ACCOUNT if is_service else ActorKind.PERSON
        return cls(user.pk, user.get_username(), kind, door, request_id, loaded=user)

    @classmethod
    def checkpoint(cls, door: Door, request_id: str = "") -> Self:
        """Returns the actor for what Checkpoint does by itself."""
        return cls(None, "Checkpoint", ActorKind.CHECKPOINT, door, request_id)

    @classmethod
    def anonymous(cls, door: Door, request_id: str = "", origin: str = "") -> Self:
        """Returns the actor for a caller without credentials."""
        return cls(None, "anonymous", ActorKind.ANONYMOUS, door, request_id, origin)

    @property
    def account(self) -> "AbstractUser":
        """The account.

        Raises:
            ObjectDoesNotExist: the actor has none; ask `may_act` first.
        """
        return self.loaded or cast("AbstractUser", get_user_model()._default_manager.get(pk=self.user_id or 0))

    @property
    def group_ids(self) -> frozenset[int]:
        """The keys of the groups that the account is in, asked of the database; empty without an account."""
        return frozenset(self.account.groups.values_list("pk", flat=True)) if self.user_id is not None else frozenset()

    @property
    def may_act(self) -> bool:
        """Whether the actor has an active account."""
        return self.user_id is not None and self.account.is_active

    def has_perm(self, permission: str) -> bool:
        """Tells whether the actor is a person with an active account that has this permission of Django's.

        A service account has none, whatever groups it is in: a token that leaked changes no rule and no account.
        """
        return self.kind is ActorKind.PERSON and self.may_act and self.account.has_perm(permission)


def actor_of(request: Any, door: Door) -> Actor:
    """Returns the actor of an HTTP request (Django's or REST framework's), signed in or not."""
    request_id = str(getattr(request, "id", ""))
    if request.user.is_authenticated:
        return Actor.of(request.user, door, request_id)
    return Actor.anonymous(door, request_id)
