"""Sign-in, sign-out, passwords: what works, what is refused, what an outsider can learn."""

import re
from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts import mail as account_mail
from accounts.identity import backends
from accounts.models import User
from testing.people import PASSWORD, UserFactory, bearer, issue_token

pytestmark = pytest.mark.django_db

LOGIN = "/checkpoint/accounts/login/"


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", email="ada@example.org")


def sent_mails() -> list[Any]:
    """Gives the mails so far, after the one thread that sends them has done all that was asked of it."""
    account_mail._sender.submit(lambda: None).result(10)
    return mail.outbox


@pytest.mark.parametrize("login", ["ada", "Ada", "ada@example.org", "ADA@example.org"])
def test_a_person_signs_in_by_name_or_address_and_arrives_at_mlflow(ada: User, login: str) -> None:
    client = Client()
    answer = client.post(LOGIN, {"login": login, "password": PASSWORD})
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.session[SESSION_KEY] == str(ada.pk)


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/checkpoint/promote-requests/new/?model=Fraud", "/checkpoint/promote-requests/new/?model=Fraud"),
        ("/#/models", "/#/models"),
        ("http://testserver/checkpoint/", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("http:///evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("http://localhost/", "/"),
    ],
)
def test_next_leads_nowhere_but_to_the_address_in_use(ada: User, wanted: str, goes_to: str) -> None:
    answer = Client().post(LOGIN, {"login": "ada", "password": PASSWORD, "next": wanted})
    assert answer.url == goes_to


@pytest.mark.parametrize(
    ("login", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("nobody@example.org", PASSWORD), ("ada\0", "x")]
)
def test_a_wrong_name_and_a_wrong_password_read_the_same(ada: User, login: str, password: str) -> None:
    client = Client()
    answer = client.post(LOGIN, {"login": login, "password": password})
    assert answer.status_code == 200
    assert SESSION_KEY not in client.session
    assert answer.context["form"].errors


@pytest.mark.parametrize("login", ["ada", "nobody", "ada@example.org", "nobody@example.org", "retired"])
def test_a_wrong_password_costs_one_hash_whoever_it_is_for(
    ada: User, login: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    UserFactory(username="retired", is_active=False)
    hashed: list[str] = []
    check, make = backends.check_password, backends.make_password
    monkeypatch.setattr(backends, "check_password", lambda raw, stored: (hashed.append(raw), check(raw, stored))[1])
    monkeypatch.setattr(backends, "make_password", lambda raw: (hashed.append(raw), make(raw))[1])
    Client().post(LOGIN, {"login": login, "password": "wrong"})
    assert hashed == ["wrong"]


def test_a_deactivated_person_is_told_so_only_after_the_right_password() -> None:
    UserFactory(username="retired", is_active=False)
    client = Client()
    right = client.post(LOGIN, {"login": "retired", "password": PASSWORD})
    assert right.url == "/checkpoint/accounts/inactive/"
    assert SESSION_KEY not in client.session
    assert "deactivated" in client.get(right.url).content.decode()
    assert Client().post(LOGIN, {"login": "retired", "password": "wrong"}).status_code == 200


def test_wrong_passwords_are_limited_per_name_even_for_the_right_one_afterwards(ada: User) -> None:
    for _ in range(5):
        Client().post(LOGIN, {"login": "ada", "password": "wrong"})
    client = Client()
    answer = client.post(LOGIN, {"login": "Ada", "password": PASSWORD})
    assert "Too many failed login attempts" in answer.content.decode()
    assert SESSION_KEY not in client.session


def test_a_forged_forwarding_header_does_not_lift_the_limit_of_an_address(ada: User) -> None:
    answers = [
        Client().post(LOGIN, {"login": f"name{n}", "password": "x"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
        for n in range(11)
    ]
    assert "Too many failed login attempts" in answers[-1].content.decode()


def test_behind_a_trusted_proxy_each_client_has_a_limit_of_its_own(ada: User, settings: Any) -> None:
    settings.CHECKPOINT_TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    answers = [
        Client().post(LOGIN, {"login": f"name{n}", "password": "x"}, HTTP_X_FORWARDED_FOR=f"1.1.1.1, 10.0.0.{n}")
        for n in range(11)
    ]
    assert "Too many failed login attempts" not in answers[-1].content.decode()


def test_too_many_sign_ins_from_one_address_get_429_in_our_own_page(ada: User) -> None:
    answers = [Client().post(LOGIN, {"login": "", "password": ""}) for _ in range(31)]
    assert answers[-1].status_code == 429
    assert "Too many attempts" in answers[-1].content.decode()


def test_a_flood_of_sign_ins_is_refused_instead_of_queueing_for_ever(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_SLOT_SECONDS", 0.01)
    taken = 0
    while backends._slots.acquire(blocking=False):
        taken += 1
    try:
        answer = Client().post(LOGIN, {"login": "ada", "password": PASSWORD})
    finally:
        backends._slots.release(taken)
    assert "Too many failed login attempts" in answer.content.decode()


def test_signing_out_ends_the_session(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    assert "Sign out" in client.get(reverse("account_logout")).content.decode()
    assert SESSION_KEY in client.session
    assert client.post(reverse("account_logout")).url == LOGIN
    assert SESSION_KEY not in client.session


def test_a_password_is_reset_through_a_mail_that_names_the_public_address(ada: User, settings: Any) -> None:
    settings.CHECKPOINT_PUBLIC_URL = "https://models.example.org"
    client = Client()
    for guess in range(6):
        client.post(LOGIN, {"login": "ada", "password": f"guess {guess}"})
    answer = client.post(reverse("account_reset_password"), {"email": "ADA@example.org"}, HTTP_HOST="localhost")
    assert answer.url == reverse("account_reset_password_done")
    [message] = sent_mails()
    [link] = re.findall(r"https?://\S+/key/\S+", message.body)
    assert link.startswith("https://models.example.org/checkpoint/accounts/password/reset/key/")
    assert "localhost" not in message.body
    form = client.get(link.removeprefix("https://models.example.org"), follow=True)
    assert form.context["form"].user == ada
    action = form.context["action_url"]
    weak = client.post(action, {"password1": "short", "password2": "short"})
    assert weak.context["form"].errors
    done = client.post(action, {"password1": "a fine pass phrase", "password2": "a fine pass phrase"}, follow=True)
    assert done.redirect_chain[-1][0] == reverse("account_reset_password_from_key_done")
    ada.refresh_from_db()
    assert ada.check_password("a fine pass phrase")
    new_session = Client().post(LOGIN, {"login": "ada", "password": "a fine pass phrase"})
    assert new_session.url == "/"
    again = Client().get(link.removeprefix("https://models.example.org"), follow=True)
    assert again.context["token_fail"]


def test_a_reset_for_an_unknown_address_answers_the_same_and_tells_only_its_owner(ada: User) -> None:
    UserFactory(username="retired", email="retired@example.org", is_active=False)
    known = Client().post(reverse("account_reset_password"), {"email": "ada@example.org"})
    for email in ("nobody@example.org", "retired@example.org"):
        unknown = Client().post(reverse("account_reset_password"), {"email": email})
        assert (unknown.status_code, unknown.url) == (known.status_code, known.url)
    bodies = {message.to[0]: message.body for message in sent_mails()}
    assert "no active account" in bodies["nobody@example.org"]
    assert "/key/" not in bodies["retired@example.org"]


def test_an_address_that_was_changed_gets_no_more_reset_links(ada: User) -> None:
    Client().post(reverse("account_reset_password"), {"email": "ada@example.org"})
    ada.email = "Ada.New@example.org"
    ada.save()
    Client().post(reverse("account_reset_password"), {"email": "ada@example.org"})
    Client().post(reverse("account_reset_password"), {"email": "ada.new@example.org"})
    links = [(message.to[0], "/key/" in message.body) for message in sent_mails()]
    assert links == [("ada@example.org", True), ("ada@example.org", False), ("ada.new@example.org", True)]


@pytest.mark.sockets
def test_a_mail_server_that_is_down_does_not_show(ada: User, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = Client().post(reverse("account_reset_password"), {"email": "ada@example.org"})
    assert answer.url == reverse("account_reset_password_done")
    sent_mails()
    assert "was not sent" in caplog.text
    assert "ada@example.org" not in caplog.text


def test_a_changed_password_needs_the_old_one_and_ends_other_sessions(ada: User) -> None:
    here, elsewhere = Client(), Client()
    here.force_login(ada)
    elsewhere.force_login(ada)
    new = {"password1": "a fine pass phrase", "password2": "a fine pass phrase"}
    refused = here.post(reverse("account_change_password"), new | {"oldpassword": "wrong"})
    assert "oldpassword" in refused.context["form"].errors
    assert here.post(reverse("account_change_password"), new | {"oldpassword": PASSWORD}).status_code == 302
    assert here.get(reverse("accounts:tokens")).status_code == 200
    assert elsewhere.get(reverse("accounts:tokens")).status_code == 302


def test_sign_up_is_closed_by_page_and_by_post() -> None:
    for answer in (
        Client().get(reverse("account_signup")),
        Client().post(
            reverse("account_signup"),
            {"username": "eve", "email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD},
        ),
    ):
        assert "Ask your administrator" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["account_email", "account_confirm_email", "account_confirm_login_code", "mfa_index"],
)
def test_pages_of_allauth_that_are_not_offered_do_not_exist(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


@pytest.mark.parametrize(
    "path",
    [
        "login/",
        "signup/",
        "inactive/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/done/",
        "password/reset/key/1-nonsense/",
    ],
)
def test_every_page_for_strangers_is_in_our_own_shell(path: str) -> None:
    answer = Client().get(f"/checkpoint/accounts/{path}")
    assert answer.status_code == 200
    assert "base.html" in [template.name for template in answer.templates]
    assert "Sign out" not in answer.content.decode()


@pytest.mark.parametrize("path", ["logout/", "password/change/", "tokens/"])
def test_every_page_for_people_is_in_our_own_shell(ada: User, path: str) -> None:
    client = Client()
    client.force_login(ada)
    answer = client.get(f"/checkpoint/accounts/{path}")
    assert answer.status_code == 200
    assert "base.html" in [template.name for template in answer.templates]


def test_a_person_without_a_password_is_led_to_the_page_that_sets_one() -> None:
    user = UserFactory()
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    answer = client.get(reverse("account_change_password"), follow=True)
    assert answer.redirect_chain[-1][0] == reverse("account_set_password")


@pytest.mark.parametrize("mode", ["off", "read", "write"])
def test_anonymous_access_to_mlflow_never_opens_checkpoints_pages(settings: Any, mode: str) -> None:
    settings.CHECKPOINT_ANONYMOUS = mode
    for name in ("promote_requests:list", "accounts:tokens", "account_change_password"):
        answer = Client().get(reverse(name))
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, LOGIN)


def test_a_token_does_not_open_pages(ada: User) -> None:
    _, plaintext = issue_token(ada)
    assert Client().get(reverse("promote_requests:list"), **bearer(plaintext)).status_code == 302
