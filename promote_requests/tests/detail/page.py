"""A promote request's page, opened and pressed on as somebody."""

import re
from typing import TYPE_CHECKING, Any

from django.test import Client
from django.urls import reverse

from evidence.freeze import fingerprint
from promote_requests import services

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.models import User
    from promote_requests.models import PromoteRequest


def signed_in(user: "User") -> Client:
    client = Client()
    client.force_login(user)
    return client


def opened(user: "User", promote_request: "PromoteRequest", status: int = 200) -> str:
    response = signed_in(user).post(f"{promote_request.get_absolute_url()}now/")
    assert response.status_code == status
    return response.content.decode()


def words_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", "", html).split())


def press(user: "User", promote_request: "PromoteRequest", name: str, **data: Any) -> "HttpResponse":
    return signed_in(user).post(reverse(f"promote_requests:{name}", args=[promote_request.number]), data)


def fingerprint_of(promote_request: "PromoteRequest") -> str:
    return fingerprint(services.evidence_of(promote_request))


def reloaded(promote_request: "PromoteRequest") -> "PromoteRequest":
    promote_request.refresh_from_db()
    return promote_request
