"""What the portal's page does to a request is done at the admin's desk too, by the same services."""

import re

import pytest
from django.contrib.messages import get_messages

from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.models import PromoteRequest
from protection.choices import PromoteWhen
from protection.models import ProtectionRule
from registry.targets import Target
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db
DESK = "/checkpoint/admin/promote_requests/promoterequest"


@pytest.fixture
def olga(client):
    somebody = AdministratorFactory(username="olga")
    client.force_login(somebody)
    return somebody


@pytest.fixture
def asked(fraud, ada):
    ProtectionRule.objects.update(promote_when=PromoteWhen.PRESSED)
    return PromoteRequestFactory(actor=ada)


def page(client, asked):
    return client.get(f"{DESK}/{asked.number}/change/").content.decode()


def act(client, asked, **sent):
    return client.post(f"{DESK}/{asked.number}/act/", sent)


def test_an_approved_request_is_promoted_at_the_desk_once_the_rule_wants_somebody_to_press(client, fraud, asked, olga):
    assert 'id="promote-form"' not in page(client, asked)
    services.review(actor=by(olga), promote_request=asked, verdict=Verdict.APPROVE)
    shown = page(client, asked)
    assert 'id="promote-form"' in shown
    assert "This changes MLflow at once." in shown
    answer = act(client, asked, deed="promote")
    assert (answer.status_code, answer["Location"]) == (302, f"{DESK}/{asked.number}/change/")
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    assert fraud.get_version("Fraud", asked.version).stage == "Production"
    assert "Production" in str(next(iter(get_messages(answer.wsgi_request))))
    assert AuditEvent.objects.filter(action="promoted", door="admin").exists()
    assert 'name="deed"' not in page(client, asked)


def test_a_promotion_that_the_rule_refuses_is_refused_at_the_desk_in_its_words(client, fraud, asked, olga):
    answer = act(client, asked, deed="promote")
    assert answer.status_code == 409
    assert "1 more approval is needed" in answer.content.decode()
    assert fraud.get_version("Fraud", asked.version).stage != "Production"


def test_a_request_is_closed_and_reopened_at_the_desk_with_the_reason_that_was_typed(client, asked, olga):
    assert "Close without promoting" in page(client, asked)
    assert act(client, asked, deed="close", reason="superseded", message="There is a newer one.").status_code == 302
    asked.refresh_from_db()
    assert (asked.status, asked.close_reason) == (Status.CLOSED, CloseReason.SUPERSEDED)
    assert "There is a newer one." in page(client, asked)
    assert 'id="reopen-form"' in page(client, asked)
    assert act(client, asked, deed="reopen").status_code == 302
    assert PromoteRequest.objects.get().status == Status.OPEN


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({}, 400, "Choose what should be done"),
        ({"deed": "submit"}, 400, "Choose what should be done"),
        ({"deed": "close", "reason": "boredom"}, 400, "boredom"),
        ({"deed": "close", "message": "x" * 20_001}, 400, "characters"),
        ({"deed": "reopen"}, 409, "open"),
    ],
)
def test_what_cannot_be_done_at_the_desk_is_said_there(client, asked, olga, sent, status, words):
    answer = act(client, asked, **sent)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert PromoteRequest.objects.get().status == Status.OPEN


@pytest.mark.parametrize(
    "sent", [{"deed": "close", "reason": "boredom"}, {"deed": "withdraw"}, {"deed": "reopen"}, {"deed": "promote"}]
)
def test_words_typed_for_what_is_refused_at_the_desk_stand_in_the_field_for_comments(client, asked, olga, sent):
    answer = act(client, asked, **sent, message="Its figures <are> wrong.")
    assert answer.status_code >= 400
    (field,) = re.findall(r'<textarea[^>]*name="body"[^>]*>([^<]*)', answer.content.decode())
    assert field.strip() == "Its figures &lt;are&gt; wrong."


def test_an_author_neither_promotes_nor_closes_their_own_request_at_the_desk(client, fraud, olga):
    own = PromoteRequestFactory(actor=olga)
    assert "Close without promoting" not in page(client, own)
    assert [act(client, own, deed=deed).status_code for deed in ("promote", "close")] == [409, 403]
    assert PromoteRequest.objects.get().status == Status.OPEN


def test_an_author_withdraws_their_own_request_at_the_desk_and_nobody_elses(client, asked, olga):
    assert 'id="withdraw-form"' not in page(client, asked)
    assert act(client, asked, deed="withdraw").status_code == 403
    own = PromoteRequestFactory(actor=olga, target=Target.parse("alias:champion"))
    assert 'id="withdraw-form"' in page(client, own)
    answer = act(client, own, deed="withdraw", message="It was the wrong version.")
    assert (answer.status_code, answer["Location"]) == (302, f"{DESK}/{own.number}/change/")
    own.refresh_from_db()
    assert (own.status, own.close_reason) == (Status.CLOSED, CloseReason.WITHDRAWN)
    shown = page(client, own)
    assert "It was the wrong version." in shown
    assert 'id="reopen-form"' in shown
    assert AuditEvent.objects.filter(promote_request=own, to_status=Status.CLOSED, door="admin").exists()
    asked.refresh_from_db()
    assert asked.status == Status.OPEN


@pytest.mark.parametrize("is_closed", [False, True])
def test_an_objection_is_dismissed_at_the_desk_with_a_reason(client, asked, ada, olga, is_closed):
    review = services.review(
        actor=by(UserFactory(username="grace")), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="Recall?"
    ).review
    if is_closed:
        services.withdraw(actor=by(ada), promote_request=asked)
    assert 'value="dismiss"' in page(client, asked)
    sent = {"deed": "dismiss", "review": review.pk}
    assert act(client, asked, **sent).status_code == 400
    assert act(client, asked, deed="dismiss", review="none", message="She has left.").status_code == 409
    assert act(client, asked, **sent, message="She has left.").status_code == 302
    assert "of grace: She has left." in page(client, asked)
    assert 'value="dismiss"' not in page(client, asked)
    assert AuditEvent.objects.filter(action="dismissed", door="admin").exists()


def test_the_desk_acts_by_post_alone_and_asks_for_the_password_where_that_is_wanted(client, asked, olga, settings):
    assert client.get(f"{DESK}/{asked.number}/act/").status_code == 405
    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    assert "reauthenticate" in act(client, asked, deed="close")["Location"]
    assert PromoteRequest.objects.get().status == Status.OPEN
