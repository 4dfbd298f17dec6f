from typing import TYPE_CHECKING

from django.test import Client, RequestFactory

from checkpoint_project import error_pages

if TYPE_CHECKING:
    from accounts.models import User

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


def test_wrong_address_leads_back(ada: "User") -> None:
    client = Client()
    client.force_login(ada)
    response = client.get("/checkpoint/nothing/", headers=HTML)
    assert response.status_code == 404
    assert b"Go to the promote requests" in response.content
