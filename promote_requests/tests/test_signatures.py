"""Signed approvals: by the password once more, on page and desk; never by token; bound to what was signed."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.identity.signing import Signer
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import NotAllowed
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest, Review, Signature
from promote_requests.services.registry_writes import APPROVED_BY_TAG, SIGNATURES_TAG
from protection.models import ProtectionRule
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import PASSWORD, by

pytestmark = pytest.mark.django_db
FIELD = "signature_password"
MEANING = "I reviewed this request for Fraud and approve: move version 2 to Production."


@pytest.fixture
def asked(fraud, ada):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1, "signature": True})
    return PromoteRequestFactory(actor=ada)


@pytest.fixture
def grace(grace):
    grace.first_name, grace.last_name = "Grace", "Hopper"
    grace.save()
    return grace


@pytest.fixture
def browser(grace):
    client = Client()
    client.post(reverse("account_login"), {"login": "grace", "password": PASSWORD})
    return client


def approve(browser, asked, **values):
    return browser.post(f"{asked.get_absolute_url()}review/", {"verdict": "approve", **values})


def status_of(asked):
    return PromoteRequest.objects.get(pk=asked.pk).status


def test_the_password_signs_however_lately_it_was_entered(asked, browser, fraud, grace):
    page = browser.get(asked.get_absolute_url()).content.decode()
    assert "You sign as Grace Hopper (grace)" in page
    assert MEANING in page
    without = approve(browser, asked, body="Looks well.")
    assert without.status_code == 400
    assert "Enter your password to sign: nothing was recorded." in without.content.decode()
    assert "Looks well." in without.content.decode()
    wrong = approve(browser, asked, **{FIELD: "not it"})
    assert (wrong.status_code, "This is not your password" in wrong.content.decode()) == (400, True)
    assert not Review.objects.exists()
    approve(browser, asked, **{FIELD: PASSWORD})
    assert status_of(asked) == Status.PROMOTED
    signature = Signature.objects.get()
    assert (signature.printed_name, signature.meaning, signature.method) == (
        "Grace Hopper (grace)",
        MEANING,
        "password",
    )
    assert signature.signed_at == signature.review.created_at
    told = f"Signed by Grace Hopper (grace) on {signature.signed_at:%Y-%m-%d at %H:%M:%S} UTC: {MEANING}"
    assert told in browser.get(asked.get_absolute_url()).content.decode().replace("<wbr>", "")
    assert AuditEvent.objects.get(action=AuditAction.REVIEWED).reason == f"Approve. {told}"
    assert fraud.get_version("Fraud", "2").tags[SIGNATURES_TAG] == told
    assert Api(grace).get(f"promote-requests/{asked.number}/reviews/").json()["results"][0]["signature"] == {
        "printed_name": "Grace Hopper (grace)",
        "signed_at": signature.signed_at.isoformat().replace("+00:00", "Z"),
        "meaning": MEANING,
        "method": "password",
        "seal": signature.seal,
        "is_intact": True,
    }


def test_the_desk_signs_too(asked, browser, grace):
    grace.is_staff = True
    grace.save()
    grace.groups.add(Group.objects.get(name="Record readers"))
    desk = f"/checkpoint/admin/promote_requests/promoterequest/{asked.number}"
    assert f'name="{FIELD}"' in browser.get(f"{desk}/change/").content.decode()
    assert "Enter your password" in browser.post(f"{desk}/review/", {"verdict": "approve"}).content.decode()
    browser.post(f"{desk}/review/", {"verdict": "approve", FIELD: PASSWORD})
    assert (status_of(asked), Signature.objects.count()) == (Status.PROMOTED, 1)


def test_an_approval_by_token_is_recorded_counts_never_and_says_so(asked, grace):
    answer = Api(grace).post(f"promote-requests/{asked.number}/reviews/", {"verdict": "approve"})
    assert answer.status_code == 201
    assert answer.json()["signature"] is None
    shown = answer.json()["promote_request"]
    assert (shown["status"], [one["code"] for one in shown["unmet"]]) == (
        "open",
        ["approvals_missing", "signature_missing"],
    )
    assert "grace approved without a signature" in shown["unmet"][1]["message"]
    assert Api(grace).post(f"promote-requests/{asked.number}/promote/").status_code == 409
    body = {"verdict": "approve", FIELD: PASSWORD}
    assert Api(grace).post(f"promote-requests/{asked.number}/reviews/", body).status_code == 400


def test_nobody_signs_for_somebody_else(asked, grace, ada):
    with pytest.raises(NotAllowed, match="signed by who gives it"):
        services.review(
            actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE, signer=Signer(ada.pk, "Ada", "password")
        )
    assert not Review.objects.exists()


def test_a_request_for_changes_asks_for_no_signature(asked, browser):
    answer = browser.post(f"{asked.get_absolute_url()}review/", {"verdict": "request_changes", "body": "No."})
    assert (answer.status_code, Signature.objects.exists()) == (302, False)


def test_a_signature_stops_counting_once_the_database_is_changed_behind_it(asked, browser):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    approve(browser, asked, **{FIELD: PASSWORD})
    assert services.decision_of(PromoteRequest.objects.get(pk=asked.pk)).is_approved
    with connection.cursor() as cursor:
        cursor.execute("UPDATE promote_requests_signature SET meaning = 'I looked at it.'")
    asked = PromoteRequest.objects.get(pk=asked.pk)
    assert not services.decision_of(asked).is_approved
    assert "does not match what was signed" in browser.get(asked.get_absolute_url()).content.decode()


def test_what_was_signed_does_not_count_for_other_facts(asked, browser, fraud):
    ProtectionRule.objects.filter(target_pattern="stage:*").update(promote_when="pressed")
    approve(browser, asked, **{FIELD: PASSWORD})
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    assert browser.post(f"{asked.get_absolute_url()}promote/").status_code == 409


def test_the_versions_tag_has_the_signature_of_the_approval_that_counted_and_none_of_earlier_facts(
    asked, browser, fraud, grace
):
    rule = ProtectionRule.objects.filter(target_pattern="stage:*")
    rule.update(conditions={"approvals": 2, "signature": True})
    approve(browser, asked, **{FIELD: PASSWORD})
    rule.update(conditions={"approvals": 2})
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    linus, first = by(UserFactory(username="linus")), PromoteRequest.objects.get()
    with pytest.raises(EvidenceChanged):
        services.review(actor=linus, promote_request=first, verdict=Verdict.APPROVE)
    for reviewer in (by(grace), linus):
        services.review(actor=reviewer, promote_request=PromoteRequest.objects.get(), verdict=Verdict.APPROVE)
    assert [review.is_signed for review in Review.objects.order_by("pk")] == [True, False, False]
    assert status_of(asked) == Status.PROMOTED
    tags = fraud.get_version("Fraud", "2").tags
    assert tags[APPROVED_BY_TAG] == "grace, linus"
    assert SIGNATURES_TAG not in tags


def test_the_password_waits_in_no_session(asked, browser, settings):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 3_600
    session.save()
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1})
    answer = approve(browser, asked, **{FIELD: PASSWORD})
    assert "reauthenticate" in answer["Location"]
    assert all(PASSWORD not in str(row.get_decoded()) for row in Session.objects.all())


def test_the_password_waits_in_no_session_for_the_desk_either(asked, browser, settings, grace):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    grace.is_staff = True
    grace.save()
    grace.groups.add(Group.objects.get(name="Record readers"))
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 3_600
    session.save()
    desk = f"/checkpoint/admin/promote_requests/promoterequest/{asked.number}"
    answer = browser.post(f"{desk}/review/", {"verdict": "approve", FIELD: PASSWORD})
    assert "reauthenticate" in answer["Location"]
    assert all(PASSWORD not in str(row.get_decoded()) for row in Session.objects.all())


def test_signing_counts_as_entering_the_password(asked, browser, settings):
    settings.CHECKPOINT_CONFIRM_MINUTES = 5
    session = browser.session
    session["account_authentication_methods"][0]["at"] -= 3_600
    session.save()
    assert approve(browser, asked, **{FIELD: PASSWORD})["Location"] == asked.get_absolute_url()
    assert status_of(asked) == Status.PROMOTED


def test_wrong_passwords_are_limited_as_at_the_sign_in_page(asked, browser):
    for number in range(12):
        answer = approve(browser, asked, **{FIELD: f"wrong {number}"})
    assert "Too many attempts" in answer.content.decode()
    assert not Review.objects.exists()
