"""What Django's deployment checks cannot see, because the middlewares here are subclasses: they do their work."""

import pytest
from django.test import Client
from pytest_django import Settings

SIGN_IN = "/checkpoint/accounts/login/"


@pytest.mark.django_db
def test_pages_cannot_be_framed_sniffed_or_leak_their_address(client: Client) -> None:
    headers = client.get(SIGN_IN).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
@pytest.mark.parametrize("secure", [True, False], ids=["TLS here", "TLS in front"])
def test_with_https_browsers_are_told_to_insist_on_it(settings: Settings, secure: bool) -> None:
    assert "Strict-Transport-Security" not in Client().get(SIGN_IN, secure=secure).headers
    settings.SECURE_HSTS_SECONDS = 31_536_000
    assert Client().get(SIGN_IN, secure=secure).headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.django_db
def test_a_form_without_its_token_is_refused() -> None:
    response = Client(enforce_csrf_checks=True).post(SIGN_IN, {"login": "ada", "password": "secret"})
    assert response.status_code == 403
