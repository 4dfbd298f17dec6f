"""Invitations are mailed after their transaction. These tests commit, so they have a file of their own."""

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Invitation
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(AdministratorFactory())
    return client


def test_a_slow_mail_server_holds_no_transaction(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    states: list[tuple[bool, bool]] = []

    def send(self: Any, fail_silently: bool = False) -> int:
        states.append((connection.in_atomic_block, Invitation.objects.filter(email="grace@example.org").exists()))
        return 1

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    answer = admin.post(reverse("admin:accounts_invitation_add"), {"email": "grace@example.org"}, follow=True)
    assert states == [(False, True)]
    assert "was mailed to grace@example.org" in answer.content.decode()


def test_an_invitation_that_is_rolled_back_leaves_no_mail(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("django.contrib.admin.options.ModelAdmin.log_addition", fail)
    assert admin.post(reverse("admin:accounts_invitation_add"), {"email": "grace@example.org"}).status_code == 500
    assert not Invitation.objects.exists()
    assert mail.outbox == []
