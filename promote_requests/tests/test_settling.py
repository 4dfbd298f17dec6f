"""A promotion that a crash cut off is ended by whoever comes across it."""

from datetime import timedelta

import pytest
from django.test import Client

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.services import settling
from protection.models import ProtectionRule
from registry import patience
from registry.exceptions import RegistryTimeout, RegistryUnreachable
from testing.api_client import Api
from testing.factories import UserFactory, cut_off
from testing.people import by

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(minutes=16)
JUST_NOW = settling.CUT_OFF_AFTER - timedelta(seconds=5)


def page(request):
    client = Client()
    client.force_login(UserFactory())
    return client.get(request.get_absolute_url())


def by_api(request):
    return Api(UserFactory()).get(f"promote-requests/{request.number}/")


def current():
    return PromoteRequest.objects.get()


@pytest.mark.parametrize("look", [page, by_api])
@pytest.mark.parametrize(("made", "status"), [(True, Status.PROMOTED), (False, Status.OPEN)])
def test_whoever_opens_a_request_that_was_cut_off_sees_what_became_of_it(fraud, look, made, status):
    asked = cut_off(fraud, ago=LONG_AGO, made=made)
    shown = look(asked)
    assert (shown.status_code, current().status) == (200, status)
    told = shown.json()["status"] if look is by_api else shown.content.decode()
    assert (status if look is by_api else status.label) in told
    ended = AuditEvent.objects.latest("pk")
    assert (ended.actor_name, ended.from_status, ended.to_status) == ("Checkpoint", "promoting", status)
    look(asked)
    assert AuditEvent.objects.latest("pk") == ended


@pytest.mark.parametrize("look", [page, by_api])
def test_a_promotion_that_may_be_under_way_is_left_alone(fraud, look):
    asked = cut_off(fraud, ago=JUST_NOW, made=True)
    before = len(fraud.calls)
    assert look(asked).status_code == 200
    assert (current().status, fraud.calls[before:]) == (Status.PROMOTING, [])


def test_a_page_does_not_wait_long_for_an_mlflow_that_is_silent(fraud):
    asked = cut_off(fraud, ago=LONG_AGO, made=True)
    left = []
    fraud.before("get_version", lambda: left.append(patience.seconds_left(60)))
    fraud.fail_next(RegistryTimeout("MLflow did not answer in time."), call="get_version")
    assert page(asked).status_code == 200
    assert current().status == Status.PROMOTING
    assert max(left) <= 3
    page(asked)
    assert current().status == Status.PROMOTED


def test_what_was_cut_off_is_ended_before_somebody_acts_on_it(fraud, ada, grace):
    asked = cut_off_and_approved(fraud, ada)
    assert services.promote(actor=by(grace), promote_request=asked).status == Status.PROMOTED
    trail = list(AuditEvent.objects.values_list("action", flat=True))
    assert trail[-3:] == [AuditAction.PROMOTION_FAILED, AuditAction.PROMOTION_STARTED, AuditAction.PROMOTED]


@pytest.mark.parametrize("act", [services.close, services.edit, services.reopen, services.submit])
def test_an_act_on_what_was_promoted_in_truth_is_refused_as_such(fraud, ada, grace, act):
    asked = cut_off(fraud, ago=LONG_AGO, made=True, actor=by(ada))
    given = {"title": "Mine", "description": ""} if act is services.edit else {}
    with pytest.raises(WrongState, match="the request is promoted"):
        act(actor=by(grace), promote_request=asked, **given)


def test_a_request_that_was_cut_off_can_be_closed_and_reviewed_again(fraud, ada, grace):
    asked = cut_off_and_approved(fraud, ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="What happened?")
    assert services.close(actor=by(grace), promote_request=current()).status == Status.CLOSED


def test_an_act_is_refused_as_before_while_mlflow_cannot_be_asked(fraud, ada, grace):
    asked = cut_off(fraud, ago=LONG_AGO, actor=by(ada))
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="get_version")
    with pytest.raises(WrongState, match="the request is promoting"):
        services.close(actor=by(grace), promote_request=asked)


def test_an_attempt_that_was_held_up_until_it_was_settled_makes_no_call(fraud, ada, grace):
    asked = cut_off_and_approved(fraud, ada)
    services.settle_if_cut_off(asked)

    def settle_meanwhile():
        if current().status == Status.PROMOTING:
            PromoteRequest.objects.update(promoting_since=current().promoting_since - LONG_AGO)
            services.settle_if_cut_off(current())

    fraud.before("holders", settle_meanwhile)
    before = len(fraud.calls)
    with pytest.raises(WrongState, match="given up"):
        services.promote(actor=by(grace), promote_request=asked)
    assert "transition_stage" not in {call for call, _ in fraud.calls[before:]}
    assert (current().status, fraud.get_version("Fraud", "2").stage) == (Status.OPEN, "None")


def cut_off_and_approved(fraud, author):
    """Gives a request of which MLflow knows nothing yet, cut off when its approval promoted it."""
    asked = cut_off(fraud, ago=LONG_AGO, actor=by(author))
    ProtectionRule.objects.update(promote_when="pressed")
    return asked
