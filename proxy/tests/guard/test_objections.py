"""An objection goes by a model's name: no name takes a version away from it."""

import pytest

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.exceptions import DuplicateRequest
from promote_requests.tests.hands.people import fresh, judge
from proxy.tests.guard.calls import passed, refused, send
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
RENAME = {"name": "Spam", "new_name": "Spam2"}


@pytest.fixture
def spam(registry):
    """Versions 1 and 2, which hold nothing."""
    registry.add_version("Spam")
    registry.add_version("Spam")
    return registry


@pytest.fixture
def objected(spam, ada, grace):
    """A request for version 1 that grace asked changes of and ada withdrew."""
    asked = PromoteRequestFactory(actor=ada, model_name="Spam", version="1")
    judge(grace, asked, Verdict.REQUEST_CHANGES, body="Show the recall.")
    return services.withdraw(actor=by(ada), promote_request=asked)


def ask(author, version="1"):
    return PromoteRequestFactory(actor=author, model_name="Spam", version=version)


def test_a_model_is_not_renamed_away_from_an_objection_until_it_is_answered(objected, ada, grace):
    outcome = refused(send("rename-model", RENAME), 409)
    assert f"grace asked for changes of version 1 in #{objected.number}, which was closed" in outcome.message
    assert objected.get_absolute_url() in outcome.message
    reopened = services.reopen(actor=by(ada), promote_request=objected)
    assert "is under review" in refused(send("rename-model", RENAME), 409).message
    services.dismiss(
        actor=by(AdministratorFactory()), promote_request=reopened, review=objected.reviews.get().pk, reason="Shown."
    )
    services.withdraw(actor=by(ada), promote_request=fresh(reopened))
    passed(send("rename-model", RENAME))


def test_a_model_is_renamed_once_the_objection_is_dismissed_on_the_closed_request(objected, ada):
    ada.is_active = False
    ada.save()
    assert "dismisses it" in refused(send("rename-model", RENAME), 409).message
    services.dismiss(
        actor=by(AdministratorFactory()), promote_request=objected, review=objected.reviews.get().pk, reason="Left."
    )
    passed(send("rename-model", RENAME))


def test_an_objection_to_another_model_or_a_comment_keeps_no_name(objected, spam, ada, grace):
    spam.add_version("Ham")
    asked = PromoteRequestFactory(actor=ada, model_name="Ham", version="1")
    judge(grace, asked, Verdict.COMMENT, body="Nice.")
    services.withdraw(actor=by(ada), promote_request=asked)
    passed(send("rename-model", {"name": "Ham", "new_name": "Ham2"}))


def test_what_met_the_rules_after_an_objection_keeps_no_name(objected, ada, grace):
    reopened = services.reopen(actor=by(ada), promote_request=objected)
    judge(grace, reopened)
    assert not list(services.objections_in("", "Spam"))


def test_nobody_answers_for_a_version_that_is_deleted(objected, spam):
    spam.delete_version("Spam", "1")
    passed(send("rename-model", RENAME))


def test_an_objection_outlives_a_model_that_is_deleted_and_created_anew(objected, spam, ada):
    """Its version 1 is another one, which the objection may be about all the same: who objected looks at it."""
    passed(send("delete-model", {"name": "Spam"}))
    del spam._models["Spam"]
    spam.add_version("Spam")
    with pytest.raises(DuplicateRequest, match="grace"):
        ask(ada)
    refused(send("rename-model", RENAME), 409)
    assert not services.decision_of(services.reopen(actor=by(ada), promote_request=objected)).is_approved
