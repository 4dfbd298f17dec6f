"""Deciding asks for the password again where the administrator wants that, through every door that has a session."""

from typing import TYPE_CHECKING

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.test import Client
from django.urls import reverse

from accounts.models import User
from evidence.freeze import fingerprint
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest, Review
from protection.models import ProtectionRule
from testing.people import PASSWORD, AdministratorFactory, UserFactory, bearer, by, issue_token, suspended_mark

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from registry.fake import FakeRegistry

pytestmark = pytest.mark.django_db

REAUTHENTICATE = "/checkpoint/accounts/reauthenticate/"
WORDS = "Checked against the holdout."


@pytest.fixture(autouse=True)
def fifteen_minutes(settings: "SettingsWrapper") -> None:
    settings.CHECKPOINT_CONFIRM_MINUTES = 15


def signed_in(person: User, *, minutes_ago: int = 16) -> Client:
    client = Client(headers={"accept": "text/html"})
    client.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= minutes_ago * 60
    session.save()
    return client


def send_review(
    client: Client, promote_request: PromoteRequest, verdict: str = Verdict.APPROVE, **more: str
) -> "HttpResponse":
    address = reverse("promote_requests:review", args=[promote_request.number])
    seen = fingerprint(services.evidence_of(promote_request))
    return client.post(address, {"verdict": verdict, "body": WORDS, "seen_fingerprint": seen}, headers=more or None)


def enter_password(client: Client, answer: "HttpResponse", password: str = PASSWORD) -> "HttpResponse":
    """Enters it on the page as the browser shows it, which says what goes on then."""
    mark = suspended_mark(client, answer["Location"])
    return client.post(answer["Location"], {"password": password, "suspended": mark})


def test_an_approval_waits_for_the_password_and_then_goes_on_as_it_was_typed(
    open_request: PromoteRequest, grace: User, fraud: "FakeRegistry"
) -> None:
    browser = signed_in(grace)
    answer = send_review(browser, open_request)
    assert answer.status_code == 302
    assert answer["Location"].startswith(REAUTHENTICATE)
    assert not Review.objects.exists()
    assert "what you sent is kept" in browser.get(answer["Location"]).content.decode()
    assert enter_password(browser, answer, "not the password").status_code == 200
    assert not Review.objects.exists()
    assert enter_password(browser, answer)["Location"] == open_request.get_absolute_url()
    assert Review.objects.get().body == WORDS
    open_request.refresh_from_db()
    assert open_request.status == Status.PROMOTED


def test_the_page_for_the_password_names_what_goes_on(open_request: PromoteRequest, grace: User) -> None:
    browser = signed_in(grace)
    answer = send_review(browser, open_request)
    shown = browser.get(answer["Location"]).content.decode()
    asked = f"Approve promote request #{open_request.pk}, {open_request.title}: version {open_request.version}"
    assert f"{asked} of {open_request.model_name} to Production" in shown
    assert WORDS in shown
    assert "csrfmiddlewaretoken</dt>" not in shown
    assert Client().get(answer["Location"]).status_code == 302
    changes = send_review(browser, open_request, Verdict.REQUEST_CHANGES)
    assert "Ask for changes of promote request" in browser.get(changes["Location"]).content.decode()


def test_what_another_page_sent_meanwhile_does_not_go_on_in_its_place(
    open_request: PromoteRequest, grace: User, settings: "SettingsWrapper"
) -> None:
    """A script of this origin, or another tab: the person read of one act and the session holds another."""
    browser = signed_in(grace)
    answer = send_review(browser, open_request, Verdict.REQUEST_CHANGES)
    read = suspended_mark(browser, answer["Location"])
    send_review(browser, open_request)
    for mark in (read, "", "0" * 64):
        refused = browser.post(answer["Location"], {"password": PASSWORD, "suspended": mark})
        assert "Something else was sent from this browser meanwhile" in refused.content.decode()
        assert "Approve promote request" in refused.content.decode()
    assert not Review.objects.exists()
    settings.CHECKPOINT_CONFIRM_MINUTES = 15
    assert enter_password(browser, answer).status_code == 302
    assert Review.objects.get().verdict == Verdict.APPROVE


def test_of_a_call_that_no_room_names_the_page_shows_the_address_and_what_was_sent() -> None:
    browser = signed_in(AdministratorFactory())
    answer = browser.post("/checkpoint/admin/protection/protectionrule/add/", {"model_pattern": "<b>*</b>"})
    shown = browser.get(answer["Location"]).content.decode()
    assert "Send the form of /checkpoint/admin/protection/protectionrule/add/" in shown
    assert "&lt;b&gt;*&lt;/b&gt;" in shown


def test_htmx_leads_the_browser_to_the_page_for_the_password(open_request: PromoteRequest, grace: User) -> None:
    browser = signed_in(grace)
    answer = send_review(browser, open_request, **{"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer["HX-Redirect"].startswith(REAUTHENTICATE)


@pytest.mark.parametrize("header", ["x", "Bearer cpt_wrong", "Basic eDp5"])
def test_a_header_beside_the_session_does_not_spare_the_password(
    open_request: PromoteRequest, grace: User, header: str
) -> None:
    answer = send_review(signed_in(grace), open_request, authorization=header)
    assert answer["Location"].startswith(REAUTHENTICATE)
    assert not Review.objects.exists()


def test_a_password_entered_lately_is_enough(open_request: PromoteRequest, grace: User) -> None:
    send_review(signed_in(grace, minutes_ago=14), open_request)
    assert Review.objects.count() == 1


def test_nobody_is_asked_unless_the_administrator_wants_it(
    open_request: PromoteRequest, grace: User, settings: "SettingsWrapper"
) -> None:
    settings.CHECKPOINT_CONFIRM_MINUTES = 0
    send_review(signed_in(grace), open_request)
    assert Review.objects.count() == 1


def test_a_comment_decides_nothing(open_request: PromoteRequest, grace: User) -> None:
    send_review(signed_in(grace), open_request, Verdict.COMMENT)
    assert open_request.comments.get().body == WORDS


@pytest.mark.parametrize("name", ["promote", "close", "reopen", "dismiss"])
def test_each_deciding_action_of_a_page_asks(open_request: PromoteRequest, grace: User, name: str) -> None:
    answer = signed_in(grace).post(reverse(f"promote_requests:{name}", args=[open_request.number]))
    assert answer["Location"].startswith(REAUTHENTICATE)


def test_what_was_kept_is_judged_anew_when_it_goes_on(
    open_request: PromoteRequest, grace: User, fraud: "FakeRegistry"
) -> None:
    browser = signed_in(grace)
    answer = send_review(browser, open_request)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.1})
    assert enter_password(browser, answer).status_code == 409
    assert not Review.objects.exists()


def test_the_admin_asks_before_a_rule_changes_and_then_goes_on() -> None:
    UserFactory.create_batch(2)  # who could give the two approvals
    browser = signed_in(AdministratorFactory())
    fields = {"workspace_pattern": "*", "model_pattern": "*", "target_pattern": "alias:live", "approvals": 2}
    fields |= {
        "promote_when": "approved",
        "on_direct_write": "refuse",
        "on_direct_write_by_service_accounts": "same",
        "enforcement": "active",
    }
    address = reverse("admin:protection_protectionrule_add")
    assert browser.get(address).status_code == 200
    answer = browser.post(address, fields)
    assert answer["Location"].startswith(REAUTHENTICATE)
    assert not ProtectionRule.objects.filter(target_pattern="alias:live").exists()
    assert enter_password(browser, answer).status_code == 302
    assert ProtectionRule.objects.filter(target_pattern="alias:live").exists()


def test_signing_out_of_the_admin_needs_no_password() -> None:
    assert REAUTHENTICATE not in signed_in(AdministratorFactory()).post(reverse("admin:logout")).get("Location", "")


def test_the_api_asks_a_session_and_no_token(open_request: PromoteRequest, grace: User) -> None:
    address = f"/checkpoint/api/promote-requests/{open_request.number}/comments/"
    as_json = {"content_type": "application/json", "headers": {"accept": "application/json"}}
    refused = signed_in(grace).post(address, {"body": "hello"}, **as_json)
    assert refused.status_code == 403
    assert REAUTHENTICATE in refused.json()["message"]
    _, token = issue_token(grace)
    accepted = Client().post(address, {"body": "hello"}, **as_json, **bearer(token))
    assert accepted.status_code == 201


def test_lifting_a_blocking_thread_asks_and_settling_a_remark_does_not(
    open_request: PromoteRequest, grace: User
) -> None:
    threads = [
        services.comment(actor=by(grace), promote_request=open_request, body="Hm.", is_blocking=is_blocking).thread
        for is_blocking in (True, False)
    ]
    client = signed_in(grace)
    blocking, remark = (
        client.post(reverse("promote_requests:resolve", args=[open_request.number, thread.pk])) for thread in threads
    )
    assert blocking["Location"].startswith(REAUTHENTICATE)
    assert remark["Location"].startswith(open_request.get_absolute_url())
    assert "Resolve a blocking thread of promote request" in client.get(blocking["Location"]).content.decode()
    assert [thread.is_resolved for thread in open_request.threads.all()] == [False, True]
    enter_password(client, blocking)
    assert [thread.is_resolved for thread in open_request.threads.all()] == [True, True]
