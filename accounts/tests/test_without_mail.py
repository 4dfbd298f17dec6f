"""A Checkpoint that has no mail server says so, prints no link, and lets administrators pass links on."""

import html
import logging
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import mail as account_mail
from accounts.models import User
from checkpoint_project import settings as product
from testing.people import AdministratorFactory, UserFactory

pytestmark = pytest.mark.django_db

NEW = {"password1": "a fine pass phrase", "password2": "a fine pass phrase"}


@pytest.fixture(autouse=True)
def _without_mail(settings: Any) -> None:
    settings.EMAIL_BACKEND = product.EMAIL_BACKEND


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", email="ada@example.org")


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org"])
def test_nobody_gets_an_administrators_link_from_the_log_by_asking_for_it(
    ada: User, email: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = Client().post(reverse("account_reset_password"), {"email": email})
        account_mail._sender.submit(lambda: None).result(10)
    printed = "".join(capfd.readouterr()) + caplog.text
    assert "/password/reset/key/" not in printed
    assert mail.outbox == []
    assert answer.status_code == 503
    assert "This Checkpoint sends no mail. An administrator can make a link for you" in answer.content.decode()


def test_the_page_asks_for_no_address_to_which_nothing_would_go() -> None:
    page = Client().get(reverse("account_reset_password"))
    assert page.status_code == 200
    assert "This Checkpoint sends no mail" in page.content.decode()
    assert "<form" not in page.content.decode().partition("<main")[2]


def test_an_administrator_makes_the_link_it_is_shown_once_and_works_once(ada: User) -> None:
    admin = Client()
    admin.force_login(AdministratorFactory(username="root"))
    people_page = reverse("admin:accounts_user_changelist")
    answer = admin.post(people_page, {"action": "password_link", "_selected_action": [ada.pk]}, follow=True)
    told = html.unescape(answer.content.decode())
    [link] = re.findall(r"Give this link to ada yourself: http://localhost:5000(/\S+/key/[\w-]+/)", told)
    for page in (people_page, reverse("admin:accounts_user_history", args=[ada.pk])):
        assert link not in admin.get(page).content.decode()
    assert "A link for a new password was made." in admin.get(page).content.decode()
    browser = Client()
    form = browser.get(link, follow=True)
    done = browser.post(form.context["action_url"], NEW, follow=True)
    assert done.redirect_chain[-1][0] == reverse("account_reset_password_from_key_done")
    ada.refresh_from_db()
    assert ada.check_password(NEW["password1"])
    assert Client().get(link, follow=True).context["token_fail"]
