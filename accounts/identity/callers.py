"""Who calls, and the two ways in which a credential is refused."""

from dataclasses import dataclass
from enum import StrEnum

from audit.actors import Actor, ActorKind, Door


class CallerKind(StrEnum):
    """How the caller proved who they are."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a kind
    BASIC = "basic"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller whose credentials are valid, or who sent none.

    Attributes:
        kind: How they proved who they are.
        user_id: None for anonymous callers.
        username: "" for anonymous callers.
        key: Identifies the credential without revealing it (`token:7`, `session:3f…`, `basic:4`,
            `anonymous:10.0.0.1`), for limits per caller and for log lines.
        owner_id: Of a service account: the key of the person who answers for it; None of a person.
    """

    kind: CallerKind
    user_id: int | None
    username: str
    key: str
    owner_id: int | None = None

    @property
    def is_service_account(self) -> bool:
        """Whether it is none that a person uses."""
        return self.owner_id is not None

    def acting(self, door: Door, request_id: str) -> Actor:
        """Returns the `Actor` for the services and the record."""
        if self.user_id is None:
            return Actor.anonymous(door, request_id, origin=self.key.removeprefix("anonymous:"))
        kind = ActorKind.SERVICE_ACCOUNT if self.is_service_account else ActorKind.PERSON
        return Actor(self.user_id, self.username, kind, door, request_id)


class InvalidCredentials(Exception):
    """Credentials were sent and are not valid. Answer 401; never treat the caller as anonymous.

    Attributes:
        status: The HTTP status to answer with.
        message: For the person who reads it; it does not say which part was wrong.
    """

    status = 401

    def __init__(self, message: str = "The user name, password or token is not valid, expired or revoked.") -> None:
        super().__init__(message)
        self.message = message


class TooManyAttempts(InvalidCredentials):
    """Too many wrong passwords from here or for this name, or too many at once. Answer 429.

    Attributes:
        retry_after: Seconds, for the header `Retry-After`.
    """

    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many attempts to sign in. Wait a little, or use an API token.")
        self.retry_after = retry_after
