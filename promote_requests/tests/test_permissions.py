import pytest

from accounts.models import User
from audit.actors import Actor, Door
from foundation.exceptions import NotAllowed
from promote_requests import permissions
from promote_requests.choices import Action, Status
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest
from protection.conditions import Unmet
from testing.people import by

ADA, GRACE, LINUS = (User(pk=pk, username=name) for pk, name in enumerate(["ada", "grace", "linus"], start=1))
for person in (ADA, GRACE, LINUS):
    person.given_permissions = frozenset()
APPROVED = Decision((), required=0, unmet=())
UNREVIEWED = Decision((), required=1, unmet=(Unmet("approvals_missing", "1 more approval is needed."),))


def a_request(status=Status.OPEN, closed_by=None):
    return PromoteRequest(
        number=1, author=ADA, status=status, closed_by=closed_by, target_kind="stage", target_name="Production"
    )


@pytest.mark.parametrize(
    ("actor", "action", "allowed"),
    [
        (ADA, Action.EDIT, True),
        (GRACE, Action.EDIT, False),
        (ADA, Action.SUBMIT, True),
        (GRACE, Action.SUBMIT, False),
        (ADA, Action.COMMENT, True),
        (GRACE, Action.COMMENT, True),
        (ADA, Action.REVIEW, False),
        (GRACE, Action.REVIEW, True),
        (ADA, Action.PROMOTE, True),
        (GRACE, Action.PROMOTE, True),
        (ADA, Action.WITHDRAW, True),
        (GRACE, Action.WITHDRAW, False),
        (ADA, Action.CLOSE, False),
        (GRACE, Action.CLOSE, True),
    ],
)
def test_each_action_belongs_to_the_author_or_to_others(actor, action, allowed):
    assert (permissions.refusal(by(actor), action, a_request()) == "") is allowed


@pytest.mark.parametrize(("actor", "allowed"), [(ADA, True), (GRACE, True), (LINUS, False)])
def test_a_closed_request_is_reopened_by_its_author_or_by_who_closed_it(actor, allowed):
    closed = a_request(Status.CLOSED, closed_by=GRACE)
    assert (permissions.refusal(by(actor), Action.REOPEN, closed) == "") is allowed


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("actor", [Actor.anonymous(Door.API), by(User(pk=9, username="gone", is_active=False))])
def test_nobody_without_an_active_account_may_do_anything(actor, action):
    with pytest.raises(NotAllowed, match="Sign in first"):
        permissions.require(actor, action, a_request())


def test_a_refusal_says_who_could_do_it():
    with pytest.raises(NotAllowed, match="Only ada, who made the request"):
        permissions.require(by(GRACE), Action.WITHDRAW, a_request())


def test_the_author_is_offered_what_the_author_may_do():
    assert permissions.available_actions(by(ADA), a_request(), UNREVIEWED) == [
        Action.EDIT,
        Action.COMMENT,
        Action.ASK,
        Action.CHECK,
        Action.WITHDRAW,
    ]


def test_a_reviewer_is_offered_the_promotion_once_it_is_approved():
    offered = permissions.available_actions(by(GRACE), a_request(), APPROVED)
    assert offered == [Action.COMMENT, Action.REVIEW, Action.ASK, Action.CHECK, Action.PROMOTE, Action.CLOSE]
    assert Action.PROMOTE not in permissions.available_actions(by(GRACE), a_request(), UNREVIEWED)


def test_a_promoted_request_can_only_be_talked_about():
    assert permissions.available_actions(by(GRACE), a_request(Status.PROMOTED), APPROVED) == [Action.COMMENT]
