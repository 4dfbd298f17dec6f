from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.test import Client, RequestFactory

from foundation import error_pages

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import User
    from promote_requests.models import PromoteRequest

HTML = {"accept": "text/html"}


def test_unknown_host_gets_a_page_that_names_the_setting() -> None:
    response = Client().get("/checkpoint/", headers={**HTML, "host": "evil.example"})
    html = response.content.decode()
    assert response.status_code == 400
    assert "CHECKPOINT_ALLOWED_HOSTS" in html
    assert 'aria-label="Main"' not in html


def test_page_of_a_server_error_needs_neither_session_nor_database() -> None:
    response = error_pages.server_error(RequestFactory().get("/checkpoint/", headers=HTML))
    assert response.status_code == 500
    assert b"Something failed on the server" in response.content


def test_expired_form_says_what_to_do(ada: "User") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/checkpoint/promote-requests/new/", headers=HTML)
    assert response.status_code == 403
    assert b"Go back, reload the page and send it again." in response.content


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://models.example.org"}, {"Referer": "https://models.example.org/checkpoint/"}]
)
def test_a_form_from_an_address_that_is_not_configured_names_the_setting(ada: "User", headers: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    answer = client.post("/checkpoint/promote-requests/new/", headers=HTML | headers, secure=True)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "CHECKPOINT_PUBLIC_URL" in page
    assert "http://localhost:5000" in page
    assert "Form expired" not in page


def test_an_expired_form_is_told_without_a_word_about_tokens(ada: "User") -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    client.cookies["checkpoint_csrf"] = "x" * 32
    answer = client.post("/checkpoint/promote-requests/new/", {"csrfmiddlewaretoken": "y"}, headers=HTML)
    assert answer.status_code == 403
    assert "Form expired" in answer.content.decode()
    assert "token" not in answer.content.decode().partition("<main")[2].lower().partition("<form")[0]


def test_wrong_address_leads_back(ada: "User") -> None:
    client = Client()
    client.force_login(ada)
    response = client.get("/checkpoint/nothing/", headers=HTML)
    assert response.status_code == 404
    assert b"Go to the promote requests" in response.content


@pytest.mark.parametrize(
    "address",
    [
        "?q=%00",
        "?q=author:%00+version:%00",
        "models/?q=%00",
        "models/a%00b/",
        "promote-requests/new/?model=%00&version=2&target=alias:x",
        "promote-requests/new/?model=Fraud&version=%00&target=alias:x",
        "promote-requests/new/?model=Fraud&version=2&target=alias:%00",
    ],
)
def test_nul_in_an_address_is_no_fault_of_ours(open_request: "PromoteRequest", grace: "User", address: str) -> None:
    assert page_of(grace, address).status_code in {200, 404}


@pytest.mark.parametrize("page", ["models/", "models/Fraud/", "promote-requests/new/"])
@pytest.mark.parametrize("workspace", ["a b", "ä"])
def test_a_workspace_that_cannot_be_is_not_found(grace: "User", page: str, workspace: str) -> None:
    assert page_of(grace, f"{page}?{urlencode({'workspace': workspace})}").status_code == 404


@pytest.mark.parametrize("action", ["review", "comment", "close"])
def test_nul_in_what_somebody_writes_is_refused(open_request: "PromoteRequest", grace: "User", action: str) -> None:
    client = Client()
    client.force_login(grace)
    typed = {"verdict": "approve", "body": "a\0b", "message": "a\0b", "reason": "rejected"}
    response = client.post(f"{open_request.get_absolute_url()}{action}/", typed, headers=HTML)
    assert response.status_code == 400
    assert b"NUL character" in response.content


def page_of(person: "User", address: str) -> "HttpResponse":
    client = Client()
    client.force_login(person)
    return client.get(f"/checkpoint/{address}", headers=HTML)
