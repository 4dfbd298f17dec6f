from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.tests.detail.page import opened, press, reloaded, signed_in
from protection.models import ProtectionRule
from testing.factories import PromoteRequestFactory
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from promote_requests.models import PromoteRequest
    from registry.fake import FakeRegistry


def test_author_is_told_who_can_review_and_may_withdraw(open_request: "PromoteRequest", ada: "User") -> None:
    html = opened(ada, open_request)
    assert "somebody else has to review it" in html
    assert "Withdraw this request" in html
    for absent in ("btn-primary", 'value="approve"', "Close this request"):
        assert absent not in html


def test_reviewer_may_close_and_not_withdraw_or_edit(open_request: "PromoteRequest", grace: "User") -> None:
    html = opened(grace, open_request)
    assert "Close this request" in html
    for absent in ("Withdraw this request", "Edit title and description"):
        assert absent not in html


def test_rule_is_linked_for_those_who_can_change_it(open_request: "PromoteRequest", grace: "User") -> None:
    assert "/admin/" not in opened(grace, open_request)
    grace.is_staff = True
    grace.save()
    rule = ProtectionRule.objects.get(target_pattern="stage:*")
    assert f'protectionrule/{rule.pk}/change/">every stage</a>' in opened(grace, open_request)


def test_draft_is_marked_and_its_author_can_submit_it(fraud: "FakeRegistry", ada: "User", grace: "User") -> None:
    made = PromoteRequestFactory(actor=ada, draft=True)
    hidden = signed_in(grace).get(made.get_absolute_url())
    assert (hidden.status_code, made.title in hidden.content.decode()) == (404, False)
    assert "Only you see this draft." in opened(ada, made)
    assert "Ready for review</button>" in opened(ada, made)
    assert press(ada, made, "submit").status_code == 302
    assert reloaded(made).status == Status.OPEN


def test_close_reopen_and_withdraw_follow_each_other(
    open_request: "PromoteRequest", ada: "User", grace: "User"
) -> None:
    assert press(grace, open_request, "close", reason="superseded", message="Version 3 is coming.").status_code == 302
    assert reloaded(open_request).close_reason == "superseded"
    assert "Closed, superseded" in opened(ada, open_request)
    assert press(ada, open_request, "reopen").status_code == 302
    assert reloaded(open_request).status == Status.OPEN
    assert press(ada, open_request, "withdraw", message="Later.").status_code == 302
    assert reloaded(open_request).close_reason == "withdrawn"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("withdraw", 403, "Only ada, who made the request"),
        ("submit", 409, "the request is open"),
        ("edit", 403, "Only ada, who made the request"),
        ("reopen", 409, "the request is open"),
    ],
)
def test_refused_action_says_why_or_who_could(
    name: str, status: int, words: str, open_request: "PromoteRequest", grace: "User"
) -> None:
    response = press(grace, open_request, name)
    assert response.status_code == status
    assert words in response.content.decode()
    assert reloaded(open_request).status == Status.OPEN


def test_author_cannot_close_but_is_pointed_to_withdrawing(open_request: "PromoteRequest", ada: "User") -> None:
    response = press(ada, open_request, "close")
    assert response.status_code == 403
    assert "withdraw it instead" in response.content.decode()


def test_edit_changes_title_and_description(open_request: "PromoteRequest", ada: "User") -> None:
    address = reverse("promote_requests:edit", args=[open_request.number])
    assert open_request.title in signed_in(ada).get(address).content.decode()
    assert press(ada, open_request, "edit", title="Clearer", description="More.").status_code == 302
    assert (reloaded(open_request).title, open_request.description) == ("Clearer", "More.")
    assert AuditEvent.objects.filter(promote_request=open_request, action=AuditAction.EDITED).exists()


def test_edit_that_comes_too_late_keeps_what_was_typed(open_request: "PromoteRequest", ada: "User") -> None:
    services.withdraw(actor=by(ada), promote_request=open_request)
    response = press(ada, open_request, "edit", title="Clearer", description="A page of reasons.")
    html = response.content.decode()
    assert response.status_code == 409
    assert "This was not saved." in html
    assert "A page of reasons.</textarea>" in html
    assert 'value="Clearer"' in html


def test_edit_without_a_title_is_refused(open_request: "PromoteRequest", ada: "User") -> None:
    response = press(ada, open_request, "edit", title=" ", description="More.")
    assert response.status_code == 400
    assert "Give the request a title of 1 to 200 characters." in response.content.decode()


@pytest.mark.parametrize("name", ["review", "comment", "promote", "close", "withdraw", "reopen", "submit"])
def test_address_of_an_action_does_nothing_when_only_opened(
    name: str, open_request: "PromoteRequest", grace: "User"
) -> None:
    client = signed_in(grace)
    address = reverse(f"promote_requests:{name}", args=[open_request.number])
    # Somebody who reloads after a refusal, or comes back from signing in, is shown the request.
    assert client.get(address).headers["Location"] == open_request.get_absolute_url()
    assert client.put(address).status_code == 405
    assert reloaded(open_request).status == Status.OPEN
    assert not open_request.reviews.exists()


@pytest.mark.parametrize("name", ["review", "comment", "promote", "close", "withdraw", "reopen", "submit", "edit"])
def test_action_without_a_csrf_token_is_refused(name: str, open_request: "PromoteRequest", grace: "User") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(grace)
    data = {"verdict": "approve", "body": "x"}
    assert client.post(reverse(f"promote_requests:{name}", args=[open_request.number]), data).status_code == 403
    assert reloaded(open_request).status == Status.OPEN


@pytest.mark.parametrize("number", [4711, 10**30])
def test_unknown_number_is_not_found(number: int, ada: "User") -> None:
    response = signed_in(ada).get(f"/checkpoint/promote-requests/{number}/", headers={"accept": "text/html"})
    assert response.status_code == 404
    assert f"There is no promote request #{number}." in response.content.decode()
