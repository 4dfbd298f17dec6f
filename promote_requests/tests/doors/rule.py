"""What is refused, to whom, and with which words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from promote_requests.choices import Action, Status
from promote_requests.tests.doors.story import Door, World

AUTHORS = {Action.EDIT, Action.ANSWER, Action.SUBMIT, Action.WITHDRAW, Action.REOPEN}


@dataclass(frozen=True)
class Rule:
    """What is refused, to whom, and with which words.

    Attributes:
        act: A key of `WAYS`.
        status: HTTP, the same through every door but for `_expected`.
        at: The request's status; None where there is no request.
        before: Runs last before the attempt.
        row: Whether the trail tells of it: bad input leaves no row, it is the caller's to mend.
        observes: Whether the refusal itself writes what MLflow shows now, so that the next look is a fresh one.
        group: Whose rights the person has in the admin.
        but: Why a door that has the act cannot break the rule.
    """

    name: str
    act: str
    status: int
    says: str
    actor: str = "grace"
    at: Status | None = Status.OPEN
    values: dict[str, Any] = field(default_factory=dict)
    before: Callable[[World], None] = lambda world: None
    row: bool = True
    observes: bool = False
    group: str = "Record readers"
    but: dict[Door, str] = field(default_factory=dict)
