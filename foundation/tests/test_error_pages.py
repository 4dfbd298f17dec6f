from typing import Any

import pytest
from django.test import Client, RequestFactory

from accounts.models import User
from foundation import error_pages

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


def test_expired_form_says_what_to_do(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    response = client.post("/checkpoint/promote-requests/new/", headers=HTML)
    assert response.status_code == 403
    assert b"Go back, copy what you typed, reload the page and send it again." in response.content


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://models.example.org"}, {"Referer": "https://models.example.org/checkpoint/"}]
)
def test_a_form_from_an_address_that_is_not_configured_names_the_setting(ada: User, headers: dict[str, str]) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    answer = client.post("/checkpoint/promote-requests/new/", headers=HTML | headers, secure=True)
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "CHECKPOINT_PUBLIC_URL" in page
    assert "http://localhost:5000" in page
    assert "Form expired" not in page


def test_where_the_pages_have_an_address_of_their_own_its_setting_is_named(ada: User, settings: Any) -> None:
    settings.CHECKPOINT_PORTAL_URL = "http://portal.example"
    settings.ALLOWED_HOSTS = ["portal.example"]
    client = Client(enforce_csrf_checks=True, headers={"host": "portal.example"})
    client.force_login(ada)
    headers = HTML | {"Origin": "https://models.example.org"}
    page = client.post("/checkpoint/promote-requests/new/", headers=headers, secure=True).content.decode()
    assert "Checkpoint knows itself as http://portal.example, and" in page
    assert "CHECKPOINT_PORTAL_URL" in page
    assert "CHECKPOINT_PUBLIC_URL" not in page


def test_an_expired_form_is_told_without_a_word_about_tokens(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    client.cookies["checkpoint_csrf"] = "x" * 32
    answer = client.post("/checkpoint/promote-requests/new/", {"csrfmiddlewaretoken": "y"}, headers=HTML)
    assert answer.status_code == 403
    assert "Form expired" in answer.content.decode()
    assert "token" not in answer.content.decode().partition("<main")[2].lower().partition("<form")[0]


def test_wrong_address_leads_back(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    response = client.get("/checkpoint/nothing/", headers=HTML)
    assert response.status_code == 404
    assert b"Go to the promote requests" in response.content
