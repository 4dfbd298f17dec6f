from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.test import Client

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import User
    from promote_requests.models import PromoteRequest

HTML = {"accept": "text/html"}


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
