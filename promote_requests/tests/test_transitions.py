import itertools

import pytest

from foundation.exceptions import WrongState
from promote_requests import transitions
from promote_requests.choices import Action, Status

ALLOWED = {
    (Status.DRAFT, Action.EDIT),
    (Status.DRAFT, Action.ANSWER),
    (Status.DRAFT, Action.SUBMIT),
    (Status.DRAFT, Action.COMMENT),
    (Status.DRAFT, Action.WITHDRAW),
    (Status.OPEN, Action.EDIT),
    (Status.OPEN, Action.ANSWER),
    (Status.OPEN, Action.COMMENT),
    (Status.OPEN, Action.REVIEW),
    (Status.OPEN, Action.DISMISS),
    (Status.OPEN, Action.ASK),
    (Status.OPEN, Action.CHECK),
    (Status.OPEN, Action.PROMOTE),
    (Status.OPEN, Action.WITHDRAW),
    (Status.OPEN, Action.CLOSE),
    (Status.PROMOTING, Action.COMMENT),
    (Status.PROMOTED, Action.COMMENT),
    (Status.CLOSED, Action.COMMENT),
    (Status.CLOSED, Action.DISMISS),
    (Status.CLOSED, Action.REOPEN),
    (Status.OPEN, Action.SUPERSEDE),
    (Status.OPEN, Action.BREAK_GLASS),
    (Status.OPEN, Action.CONSENT),
    (Status.PROMOTED, Action.ROLL_BACK),
    (Status.PROMOTED, Action.REVIEW_AFTERWARDS),
    (Status.PROMOTED, Action.RE_REVIEW),
}


@pytest.mark.parametrize(("status", "action"), list(itertools.product(Status, Action)))
def test_every_action_follows_exactly_the_statuses_of_the_table(status, action):
    assert transitions.is_allowed(action, status) == ((status, action) in ALLOWED)


def test_an_action_in_the_wrong_state_is_refused_with_both_named():
    with pytest.raises(WrongState, match="Promote is not possible: the request is closed") as refusal:
        transitions.require(Action.PROMOTE, Status.CLOSED)
    assert refusal.value.status == 409


def test_an_allowed_action_passes():
    assert transitions.require(Action.REOPEN, Status.CLOSED) is None
