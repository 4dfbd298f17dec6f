import io
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import people, tokens
from accounts.exceptions import AccountError, NameTaken, NotPermitted
from accounts.models import ApiToken, User
from testing.people import PASSWORD, AdministratorFactory, UserFactory, bearer, by, issue_token, suspended_mark

pytestmark = pytest.mark.django_db

REAUTHENTICATE = "/checkpoint/accounts/reauthenticate/"


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def browser(ada: User) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": "ada", "password": PASSWORD})
    return client


def as_of_long_ago(browser: Client) -> None:
    """Lets the session's sign-in have been six minutes ago."""
    session = browser.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 360
    session.save()


def test_a_token_is_random_recognisable_and_stored_only_as_a_digest(ada: User) -> None:
    token, plaintext = issue_token(ada)
    _, another = issue_token(ada, name="another")
    assert plaintext.startswith("cpt_")
    assert tokens.looks_like_one(plaintext)
    assert plaintext != another
    row = ApiToken.objects.values().get(pk=token.pk)
    assert plaintext not in str(row)
    assert row["digest"] == tokens.digest(plaintext)
    assert row["hint"] == plaintext[:8]
    assert tokens.find_usable(plaintext) == token


def test_two_live_tokens_of_one_person_cannot_share_a_name(ada: User) -> None:
    issue_token(ada, name="nightly")
    with pytest.raises(NameTaken) as refusal:
        issue_token(ada, name="  nightly ")
    assert refusal.value.field == "name"
    assert "nightly" in refusal.value.message
    assert issue_token(UserFactory(), name="nightly")


def test_the_database_refuses_a_second_live_token_of_the_name(ada: User) -> None:
    issue_token(ada, name="nightly")
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.create(user=ada, name="nightly", digest="0" * 64, hint="cpt_")


def test_a_revoked_or_expired_token_does_not_hold_its_name(ada: User) -> None:
    revoked, _ = issue_token(ada, name="revoked")
    tokens.revoke(actor=by(ada), token=revoked)
    expired, _ = issue_token(ada, name="expired")
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert issue_token(ada, name="revoked")[0].is_usable
    assert issue_token(ada, name="expired")[0].is_usable
    expired.refresh_from_db()
    assert expired.state == "expired"
    assert ApiToken.objects.get(pk=revoked.pk).state == "revoked"


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "bell\a"])
def test_a_token_needs_a_sensible_name(ada: User, name: str) -> None:
    with pytest.raises(AccountError) as refusal:
        issue_token(ada, name=name)
    assert refusal.value.field == "name"


def test_a_token_that_expires_in_the_past_is_refused(ada: User) -> None:
    with pytest.raises(AccountError) as refusal:
        issue_token(ada, expires_at=timezone.now() - timedelta(seconds=1))
    assert refusal.value.field == "expires_at"


def test_a_deactivated_person_gets_no_token() -> None:
    ada = UserFactory()
    people.deactivate(actor=by(AdministratorFactory()), user=User.objects.get(pk=ada.pk))
    # What the caller knows of the person is older than the deactivation.
    assert ada.is_active
    with pytest.raises(AccountError, match="deactivated"):
        issue_token(ada)


def test_a_stranger_cannot_revoke_a_token_but_an_administrator_can(ada: User) -> None:
    token, plaintext = issue_token(ada)
    for stranger in (UserFactory(), UserFactory(is_staff=True), AdministratorFactory(is_active=False)):
        with pytest.raises(NotPermitted):
            tokens.revoke(actor=by(stranger), token=token)
    assert tokens.find_usable(plaintext)
    tokens.revoke(actor=by(AdministratorFactory()), token=token)
    assert tokens.find_usable(plaintext) is None


def test_revoking_twice_keeps_the_first_moment(ada: User) -> None:
    token, _ = issue_token(ada)
    tokens.revoke(actor=by(ada), token=token)
    first = token.revoked_at
    tokens.revoke(actor=by(ada), token=token)
    assert token.revoked_at == first


@pytest.mark.parametrize(("days", "expected"), [("30", 30), ("90", 90), ("365", 365), ("", None)])
def test_the_page_creates_a_token_and_shows_it_once(
    browser: Client, ada: User, days: str, expected: int | None
) -> None:
    answer = browser.post(reverse("accounts:token_new"), {"name": "nightly", "days": days})
    token = ApiToken.objects.get(user=ada)
    plaintext = answer.context["plaintext"]
    assert answer.status_code == 201
    assert tokens.find_usable(plaintext) == token
    assert plaintext in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    if expected is None:
        assert token.expires_at is None
    else:
        assert token.expires_at - token.created_at == pytest.approx(timedelta(days=expected), abs=timedelta(seconds=5))
    listed = browser.get(reverse("accounts:tokens")).content.decode()
    assert "nightly" in listed
    assert token.hint in listed
    assert plaintext not in listed
    assert token.digest not in listed


def test_a_token_takes_the_password_again_once_the_sign_in_is_a_while_ago(browser: Client, ada: User) -> None:
    as_of_long_ago(browser)
    asked = browser.post(reverse("accounts:token_new"), {"name": "nightly", "days": "30"})
    assert asked.url == f"{REAUTHENTICATE}?next={reverse('accounts:token_new').replace('/', '%2F')}"
    assert "Enter your password" in browser.get(asked.url).content.decode()
    wrong = browser.post(asked.url, {"password": "not this one"})
    assert wrong.status_code == 200
    assert not ApiToken.objects.exists()
    # What was typed goes on where it was interrupted.
    made = browser.post(asked.url, {"password": PASSWORD, "suspended": suspended_mark(browser, asked.url)})
    assert made.status_code == 201
    assert tokens.find_usable(made.context["plaintext"]) == ApiToken.objects.get(user=ada, name="nightly")
    assert "no-store" in made["Cache-Control"]
    assert browser.post(reverse("accounts:token_new"), {"name": "another", "days": "30"}).status_code == 201


def test_a_session_that_never_saw_a_password_makes_no_token(ada: User) -> None:
    stolen = Client()
    stolen.force_login(ada)
    assert stolen.get(reverse("accounts:tokens")).status_code == 200
    assert stolen.post(reverse("accounts:token_new"), {"name": "mine"}).url.startswith(REAUTHENTICATE)
    assert not ApiToken.objects.exists()


def test_passwords_are_not_guessed_where_they_are_entered_again(ada: User) -> None:
    stolen = Client()
    stolen.force_login(ada)
    for guess in range(6):
        stolen.post(REAUTHENTICATE, {"password": f"guess number {guess}"})
    stolen.post(f"{REAUTHENTICATE}?next=/checkpoint/", {"password": PASSWORD})
    assert stolen.post(reverse("accounts:token_new"), {"name": "mine"}).url.startswith(REAUTHENTICATE)


def test_entering_the_password_again_leads_nowhere_but_to_our_own_pages(browser: Client) -> None:
    answer = browser.post(f"{REAUTHENTICATE}?next=https://evil.example/", {"password": PASSWORD})
    assert answer.url == "/"


def test_the_page_says_that_a_name_is_taken(browser: Client, ada: User) -> None:
    issue_token(ada, name="nightly")
    answer = browser.post(reverse("accounts:token_new"), {"name": "nightly", "days": "30"})
    assert answer.status_code == 400
    assert "revoke it first" in answer.content.decode()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("data", [{"name": "", "days": "30"}, {"name": "x", "days": "9999"}, {"name": "x" * 101}])
def test_the_page_refuses_what_the_form_does_not_offer(browser: Client, data: dict[str, str]) -> None:
    assert browser.post(reverse("accounts:token_new"), data).status_code == 400
    assert not ApiToken.objects.exists()


def test_the_page_asks_before_it_revokes(browser: Client, ada: User) -> None:
    token, plaintext = issue_token(ada, name="nightly")
    page = reverse("accounts:token_revoke", args=[token.pk])
    assert "nightly" in browser.get(page).content.decode()
    assert tokens.find_usable(plaintext)
    assert browser.post(page).url == reverse("accounts:tokens")
    assert tokens.find_usable(plaintext) is None
    assert "Revoked" in browser.get(reverse("accounts:tokens")).content.decode()
    assert "already" in browser.get(page).content.decode()


def test_other_peoples_tokens_are_neither_listed_nor_revocable(browser: Client) -> None:
    token, plaintext = issue_token(name="secret project")
    assert "secret project" not in browser.get(reverse("accounts:tokens")).content.decode()
    page = reverse("accounts:token_revoke", args=[token.pk])
    assert browser.get(page).status_code == 404
    assert browser.post(page).status_code == 404
    assert tokens.find_usable(plaintext)


@pytest.mark.parametrize("name", ["accounts:tokens", "accounts:token_new"])
def test_token_pages_ask_for_sign_in_and_take_no_tokens(ada: User, name: str) -> None:
    _, plaintext = issue_token(ada)
    for headers in ({}, bearer(plaintext)):
        answer = Client().get(reverse(name), **headers)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))


def test_a_token_cannot_be_created_or_revoked_from_another_site(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    token, plaintext = issue_token(ada)
    assert client.post(reverse("accounts:token_new"), {"name": "x"}).status_code == 403
    assert client.post(reverse("accounts:token_revoke", args=[token.pk])).status_code == 403
    assert tokens.find_usable(plaintext)
    assert ApiToken.objects.count() == 1


def test_the_command_prints_the_token_and_nothing_else(ada: User, capsys: pytest.CaptureFixture[str]) -> None:
    output = io.StringIO()
    call_command("create_api_token", "ada", name="ci", days=30, stdout=output)
    token = tokens.find_usable(output.getvalue().removesuffix("\n"))
    assert token is not None
    assert (token.user, token.name) == (ada, "ci")
    assert token.expires_at - token.created_at == pytest.approx(timedelta(days=30), abs=timedelta(seconds=5))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["nobody"], {"name": "ci"}),
        (["ada"], {"name": "taken"}),
        (["ada"], {"name": ""}),
        (["ada"], {"name": "ci", "days": 0}),
        (["ada"], {"name": "ci", "days": 99_999_999}),
    ],
)
def test_the_command_refuses_with_one_line(ada: User, arguments: list[str], options: dict[str, Any]) -> None:
    issue_token(ada, name="taken")
    with pytest.raises(CommandError) as refusal:
        call_command("create_api_token", *arguments, **options)
    assert refusal.value.returncode == 1
    assert "\n" not in str(refusal.value)
    assert ApiToken.objects.count() == 1
