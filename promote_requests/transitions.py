"""Which action is possible in which status. A pure table, without people and rules."""

from types import MappingProxyType

from foundation.exceptions import WrongState
from promote_requests.choices import Action, Status

_UNFINISHED = frozenset({Status.DRAFT, Status.OPEN})

ALLOWED_FROM = MappingProxyType(
    {
        Action.EDIT: _UNFINISHED,
        Action.ANSWER: _UNFINISHED,
        Action.SUBMIT: frozenset({Status.DRAFT}),
        Action.COMMENT: frozenset(Status),
        Action.REVIEW: frozenset({Status.OPEN}),
        Action.ASK: frozenset({Status.OPEN}),
        Action.DISMISS: frozenset({Status.OPEN, Status.CLOSED}),
        Action.CHECK: frozenset({Status.OPEN}),
        Action.PROMOTE: frozenset({Status.OPEN}),
        Action.WITHDRAW: _UNFINISHED,
        Action.CLOSE: frozenset({Status.OPEN}),
        Action.REOPEN: frozenset({Status.CLOSED}),
        Action.SUPERSEDE: frozenset({Status.OPEN}),
        Action.ROLL_BACK: frozenset({Status.PROMOTED}),
        Action.BREAK_GLASS: frozenset({Status.OPEN}),
        Action.CONSENT: frozenset({Status.OPEN}),
        Action.REVIEW_AFTERWARDS: frozenset({Status.PROMOTED}),
        Action.RE_REVIEW: frozenset({Status.PROMOTED}),
    }
)
"""{action: statuses that it may start from}; every `Action` has an entry."""


def is_allowed(action: Action, status: str) -> bool:
    """Tells whether `action` is possible in `status`."""
    return status in ALLOWED_FROM[action]


def require(action: Action, status: str) -> None:
    """Raises WrongState unless `action` is possible in `status`."""
    if not is_allowed(action, status):
        raise WrongState(f"{action.label} is not possible: the request is {Status(status).label.lower()}.")
