"""An answer to htmx is a page that has what it replaces, or a sentence about why there is none."""

from typing import TYPE_CHECKING

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from foundation.browsers.htmx import HEADER, Answer

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import User
    from promote_requests.models import PromoteRequest

HTMX = {"hx-request": "true", "accept": "text/html, */*"}
ACTIONS = ("review", "comment", "promote", "close", "withdraw", "reopen", "submit", "edit")


def _client(user: "User | None" = None, **options: bool) -> Client:
    client = Client(**options)  # type: ignore[arg-type]
    if user is not None:
        client.force_login(user)
    return client


def _send(client: Client, address: str, headers: dict[str, str] | None = None, **data: str) -> "HttpResponse":
    return client.post(address, data, headers=HTMX | (headers or {}))


def _action(promote_request: "PromoteRequest", name: str) -> str:
    return reverse(f"promote_requests:{name}", args=[promote_request.number])


@pytest.mark.parametrize("name", ACTIONS)
def test_form_of_somebody_who_is_signed_out_is_answered_by_a_sentence(
    name: str, open_request: "PromoteRequest"
) -> None:
    answer = _send(_client(), _action(open_request, name), body="A page of reasons.")
    assert (answer.status_code, answer[HEADER]) == (401, Answer.SIGNED_OUT)
    assert answer.content.decode() == "You are signed out. Nothing was done."
    assert "Location" not in answer.headers
    assert "HX-Redirect" not in answer.headers


def test_new_form_of_somebody_who_is_signed_out_is_answered_by_a_sentence(db: None) -> None:
    for data in ({}, {"refresh": "1"}):
        answer = _send(_client(), reverse("promote_requests:new"), **data)
        assert (answer.status_code, answer[HEADER]) == (401, Answer.SIGNED_OUT)


@pytest.mark.parametrize("name", ACTIONS)
def test_old_form_is_answered_by_a_sentence_without_a_token(
    name: str, open_request: "PromoteRequest", grace: "User"
) -> None:
    answer = _send(_client(grace, enforce_csrf_checks=True), _action(open_request, name), body="x")
    assert (answer.status_code, answer[HEADER]) == (403, Answer.FORM_EXPIRED)
    assert "csrf" not in answer.content.decode().lower()


def test_form_from_another_address_is_not_called_old(open_request: "PromoteRequest", grace: "User") -> None:
    client = _client(grace, enforce_csrf_checks=True)
    answer = _send(client, _action(open_request, "comment"), headers={"origin": "https://models.example.org"})
    assert (answer.status_code, answer[HEADER]) == (403, Answer.REFUSED)
    assert "CHECKPOINT_PUBLIC_URL" in answer.content.decode()


def test_unknown_request_is_answered_by_a_sentence(grace: "User") -> None:
    answer = _send(_client(grace), reverse("promote_requests:comment", args=[4711]), body="x")
    assert (answer.status_code, answer[HEADER]) == (404, Answer.REFUSED)
    assert answer.content.decode() == "There is no promote request #4711."


@pytest.mark.parametrize(
    ("name", "data"), [("withdraw", {"message": "Later."}), ("edit", {"title": "Clearer", "description": "More."})]
)
def test_what_was_done_leads_the_browser_to_the_page_with_its_message(
    name: str, data: dict[str, str], open_request: "PromoteRequest", ada: "User"
) -> None:
    client = _client(ada)
    answer = _send(client, _action(open_request, name), **data)
    assert answer.status_code == 204
    assert answer["HX-Redirect"] == open_request.get_absolute_url()
    assert "Location" not in answer.headers
    page = client.get(answer["HX-Redirect"])
    assert page.status_code == 200
    assert name == "edit" or [str(message) for message in get_messages(page.wsgi_request)]


def test_refused_action_is_answered_by_the_page_with_what_was_typed(
    open_request: "PromoteRequest", ada: "User"
) -> None:
    answer = _send(_client(ada), _action(open_request, "review"), verdict="approve", body="I am sure.")
    html = answer.content.decode()
    assert (answer.status_code, answer[HEADER]) == (403, Answer.PAGE)
    assert '<main id="main"' in html
    assert ">I am sure.</textarea>" in html


def test_browser_that_sends_a_form_itself_is_led_to_the_sign_in(open_request: "PromoteRequest") -> None:
    answer = _client().post(_action(open_request, "comment"), {"body": "x"})
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    assert HEADER not in answer.headers
