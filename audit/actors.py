"""Who does something, and through which door. Every service takes an `Actor`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, cast

from django.contrib.auth import get_user_model

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


class ActorKind(StrEnum):
    """What an actor is."""

    PERSON = "person"
    SERVICE_ACCOUNT = "service_account"
    CHECKPOINT = "checkpoint"
    ANONYMOUS = "anonymous"


class Door(StrEnum):
    """Where somebody came in."""

    PAGE = "page"
    ADMIN = "admin"
    API = "api"
    PROXY = "proxy"
    COMMAND = "command"
    WORKER = "worker"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who does something.

    Attributes:
        user_id: Of the account; None for Checkpoint itself and for anonymous callers.
        name: As it is printed now and kept in the record, whatever becomes of the account.
        request_id: Of the HTTP request, as the log knows it; "" where there is none.
        loaded: The account where it is at hand; `account` gives it in any case.
    """

    user_id: int | None
    name: str
    kind: ActorKind
    door: Door
    request_id: str = ""
    loaded: "AbstractUser | None" = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, user: "AbstractUser", door: Door, request_id: str = "") -> Self:
        """Returns somebody who has an account."""
        return cls(user.pk, user.get_username(), ActorKind.PERSON, door, request_id, user)

    @classmethod
    def checkpoint(cls, door: Door, request_id: str = "") -> Self:
        """Returns Checkpoint, for what it does by itself."""
        return cls(None, "Checkpoint", ActorKind.CHECKPOINT, door, request_id)

    @classmethod
    def anonymous(cls, door: Door, request_id: str = "") -> Self:
        """Returns a caller who did not say who they are."""
        return cls(None, "anonymous", ActorKind.ANONYMOUS, door, request_id)

    @property
    def account(self) -> "AbstractUser":
        """The account, for what only somebody with one can do.

        Raises:
            ObjectDoesNotExist: there is none; whoever calls has to ask `may_act` first.
        """
        return self.loaded or cast("AbstractUser", get_user_model()._default_manager.get(pk=self.user_id or 0))

    @property
    def may_act(self) -> bool:
        """Whether this is somebody with an account that is in use."""
        return self.user_id is not None and self.account.is_active

    def has_perm(self, permission: str) -> bool:
        """Tells whether this is somebody in possession of one of Django's permissions."""
        return self.may_act and self.account.has_perm(permission)


def actor_of(request: Any, door: Door) -> Actor:
    """Returns who makes an HTTP request, whether Django's or the API's, signed in or not."""
    request_id = str(getattr(request, "id", ""))
    if request.user.is_authenticated:
        return Actor.of(request.user, door, request_id)
    return Actor.anonymous(door, request_id)
