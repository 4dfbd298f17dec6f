"""What is refused of every act alike: in the wrong status, by the wrong person, after a deactivation."""

from collections.abc import Iterator
from itertools import product

from accounts.models import User
from promote_requests import permissions, transitions
from promote_requests.choices import Action, Status
from promote_requests.models import PromoteRequest
from promote_requests.tests.doors.attempts import Way
from promote_requests.tests.doors.rule import AUTHORS, Rule
from promote_requests.tests.doors.story import Door
from promote_requests.tests.doors.ways import ENTRY_ACTS, LABEL_ACTS, RULE_ACTS, WAYS
from testing.people import by

ASKS_THE_DATABASE = {Action.DISMISS, Action.BREAK_GLASS, Action.CONSENT}
"""For a permission."""
HIDDEN = {Door.ADMIN: "The admin does not know drafts of others."}


def _wrong_states() -> Iterator[Rule]:
    for action, status in product(Action, Status):
        if not transitions.is_allowed(action, status):
            says = f"{action.label} is not possible: the request is {status.label.lower()}."
            actor = "ada" if action in AUTHORS else "grace"
            but = HIDDEN if status == Status.DRAFT else {}
            yield Rule(f"{action} while {status}", str(action), 409, says, actor=actor, at=status, but=but)


def _wrong_people() -> Iterator[Rule]:
    ada, grace, linus = (User(pk=pk, username=name) for pk, name in enumerate(("ada", "grace", "linus"), start=1))
    for action, person in product(Action, (ada, linus)):
        if action in ASKS_THE_DATABASE and (action, person) != (Action.DISMISS, ada):
            continue  # The rules stand in the table below.
        at = next(status for status in Status if transitions.is_allowed(action, status))
        closer = grace if at == Status.CLOSED else None
        request = PromoteRequest(author=ada, status=at, is_private=at == Status.DRAFT, closed_by=closer)
        says = permissions.refusal(by(person), action, request)
        if says:
            but = HIDDEN if at == Status.DRAFT and person != ada else {}
            yield Rule(f"{action} by {person.username}", str(action), 403, says, actor=person.username, at=at, but=but)


def _deactivated() -> Iterator[Rule]:
    at = {"create": None, "set a direction": None, "submit": Status.DRAFT, "reopen": Status.CLOSED}
    at |= dict.fromkeys(("roll_back", "review_afterwards", "re_review"), Status.PROMOTED)
    for act, ways in WAYS.items():
        if isinstance(ways[Door.SERVICE], Way) or isinstance(ways[Door.PROXY], Way):
            about_rules = act in RULE_ACTS or act in ENTRY_ACTS or act in LABEL_ACTS
            says = "permission to edit" if about_rules else "Sign in first."
            actor = "root" if about_rules else "ada" if act in AUTHORS else "grace"
            status = None if about_rules or isinstance(ways[Door.PROXY], Way) else at.get(act, Status.OPEN)
            yield Rule(f"{act} after deactivation", act, 403, says, actor=actor, at=status)


RULES = [
    *_wrong_states(),
    *_wrong_people(),
    *_deactivated(),
]
