"""How people get accounts: invitations and the first administrator, each link once."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.core import mail, signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import people
from accounts.exceptions import AccountError, AddressTaken, LinkInvalid, NameTaken, NotPermitted
from accounts.joining import first_administrator, invitations
from accounts.models import Installation, Invitation, User
from audit.actors import Actor, Door
from audit.models import AuditEvent
from foundation.env import ConfigurationError
from testing.people import PASSWORD, AdministratorFactory, UserFactory, by

NEW = {"username": "grace", "password1": "a fine pass phrase", "password2": "a fine pass phrase"}
PUBLIC = "http://localhost:5000"
NOBODY = Actor.anonymous(Door.PAGE)


def invite(email: str = "grace@example.org", actor: User | None = None) -> tuple[Invitation, str, str]:
    invitation, link = invitations.invite(actor=by(actor or AdministratorFactory()), email=email)
    return invitation, link, link.partition("?token=")[2]


def setup_token() -> str:
    link = first_administrator.prepare()
    assert link is not None
    return link.partition("?token=")[2]


# -- invitations --


@pytest.mark.django_db
def test_an_invitation_opens_one_account_with_the_invited_address() -> None:
    invitation, link, secret = invite("Grace@Example.org")
    assert link == f"{PUBLIC}/checkpoint/accounts/invitation/?token={secret}"
    assert invitation.expires_at - invitation.created_at == timedelta(days=7)
    client = Client()
    page = client.get(link)
    assert page.status_code == 200
    assert "grace@example.org" in page.content.decode()
    answer = client.post(link, NEW)
    grace = User.objects.get(username="grace")
    assert answer.status_code == 302
    assert client.session[SESSION_KEY] == str(grace.pk)
    assert (grace.email, grace.is_staff, grace.is_superuser) == ("grace@example.org", False, False)
    assert grace.check_password(NEW["password1"])
    invitation.refresh_from_db()
    assert invitation.accepted_by == grace
    assert Client().get(link).status_code == 410
    assert Client().post(link, NEW | {"username": "another"}).status_code == 410
    assert not User.objects.filter(username="another").exists()


@pytest.mark.django_db
def test_the_link_is_kept_only_as_a_digest() -> None:
    _, _, secret = invite()
    assert secret not in str(list(Invitation.objects.values()))


@pytest.mark.django_db
def test_an_old_a_replaced_and_an_unknown_link_open_nothing() -> None:
    old, _, expired = invite("old@example.org")
    Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    administrator = AdministratorFactory()
    _, _, replaced = invite("twice@example.org", administrator)
    _, _, good = invite("twice@example.org", administrator)
    for secret in (expired, replaced, "x" * 43, "é", ""):
        with pytest.raises(LinkInvalid):
            invitations.accept(actor=NOBODY, secret=secret, username="somebody", password=PASSWORD)
        assert Client().get(reverse("accounts:invitation"), {"token": secret}).status_code == 410
    assert (
        invitations.accept(actor=NOBODY, secret=good, username="somebody", password=PASSWORD).email
        == "twice@example.org"
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"username": "ADA"}, "username"),
        ({"username": "ada@example.org"}, "username"),
        ({"username": "no spaces"}, "username"),
        ({"username": ""}, "username"),
        ({"password2": "something else"}, "password2"),
        ({"password1": "short", "password2": "short"}, "password2"),
        ({"password1": "1234567890123", "password2": "1234567890123"}, "password2"),
        ({"password1": "grace@example", "password2": "grace@example"}, "password2"),
    ],
)
def test_a_refused_name_or_password_leaves_the_link_good(change: dict[str, str], field: str) -> None:
    UserFactory(username="ada", email="ada@example.org")
    _, link, _ = invite()
    answer = Client().post(link, NEW | change)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    focused = re.findall(r'<input[^>]* name="(\w+)"[^>]* autofocus', answer.content.decode())
    assert focused == [field]
    assert not User.objects.filter(email="grace@example.org").exists()
    assert Client().post(link, NEW).status_code == 302


@pytest.mark.django_db
def test_the_links_of_somebody_who_was_deactivated_open_nothing() -> None:
    stolen = AdministratorFactory()
    _, link, _ = invite(actor=stolen)
    people.deactivate(actor=by(AdministratorFactory()), user=stolen)
    assert Client().get(link).status_code == 410
    assert Client().post(link, NEW).status_code == 410
    people.activate(actor=by(AdministratorFactory()), user=stolen)
    assert Client().post(link, NEW).status_code == 410
    assert not User.objects.filter(username="grace").exists()


@pytest.mark.django_db
def test_an_address_that_got_an_account_meanwhile_is_refused() -> None:
    _, link, secret = invite()
    UserFactory(email="grace@example.org")
    with pytest.raises(AddressTaken):
        invitations.accept(actor=NOBODY, secret=secret, username="grace2", password=PASSWORD)
    answer = Client().post(link, NEW)
    assert answer.status_code == 400
    assert "e-mail address" in answer.content.decode()


@pytest.mark.django_db
def test_a_signed_in_person_cannot_use_somebody_elses_invitation_by_mistake() -> None:
    _, link, _ = invite()
    client = Client()
    client.force_login(UserFactory())
    assert "Sign out" in client.get(link).content.decode()
    client.post(link, NEW)
    assert not User.objects.filter(username="grace").exists()


@pytest.mark.django_db
def test_only_administrators_invite_and_nobody_who_has_an_account() -> None:
    for stranger in (UserFactory(), UserFactory(is_staff=True), AdministratorFactory(is_active=False)):
        with pytest.raises(NotPermitted):
            invitations.invite(actor=by(stranger), email="x@example.org")
    UserFactory(email="here@example.org")
    with pytest.raises(AddressTaken):
        invitations.invite(actor=by(AdministratorFactory()), email="HERE@example.org")
    assert not Invitation.objects.exists()


@pytest.mark.django_db
def test_the_invitation_mail_carries_the_link() -> None:
    invitation, link, _ = invite()
    assert invitations.send(invitation, link)
    assert mail.outbox[0].to == ["grace@example.org"]
    assert link in mail.outbox[0].body
    assert "\n" not in mail.outbox[0].subject


@pytest.mark.django_db
def test_names_and_addresses_are_unique_without_regard_to_case() -> None:
    UserFactory(username="ada", email="ada@example.org")
    with pytest.raises(NameTaken):
        people.create(actor=NOBODY, username="Ada", email="", password=PASSWORD, how="")
    with pytest.raises(AddressTaken):
        people.create(actor=NOBODY, username="another", email="ADA@example.org", password=PASSWORD, how="")
    with pytest.raises(AccountError) as refusal:
        people.create(actor=NOBODY, username="ada@example.org", email="", password=PASSWORD, how="")
    assert refusal.value.field == "username"


# -- the first administrator --


@pytest.mark.django_db
def test_the_link_in_the_log_creates_the_first_administrator_once() -> None:
    link = first_administrator.prepare()
    assert link is not None
    assert link.startswith(f"{PUBLIC}/checkpoint/setup/?token=")
    client = Client()
    assert client.get(link).status_code == 200
    assert client.post(link, NEW | {"email": "grace@example.org"}).status_code == 302
    grace = User.objects.get()
    assert (grace.username, grace.email, grace.is_superuser, grace.is_staff) == (
        "grace",
        "grace@example.org",
        True,
        True,
    )
    assert client.session[SESSION_KEY] == str(grace.pk)
    assert Client().get(link).status_code == 410
    assert Client().post(link, NEW | {"username": "another"}).status_code == 410
    assert User.objects.count() == 1
    assert first_administrator.prepare() is None


@pytest.mark.django_db
def test_the_setup_link_is_dead_as_soon_as_there_is_any_account() -> None:
    token = setup_token()
    UserFactory(is_active=False)
    with pytest.raises(LinkInvalid):
        first_administrator.create(actor=NOBODY, token=token, username="eve", email="", password=PASSWORD)
    assert Client().get(reverse("setup"), {"token": token}).status_code == 410
    assert first_administrator.prepare() is None


@pytest.mark.django_db
def test_a_setup_link_is_not_made_again_after_it_was_used() -> None:
    first_administrator.create(actor=NOBODY, token=setup_token(), username="grace", email="", password=PASSWORD)
    AuditEvent.objects.all()._raw_delete("default")  # the trail keeps people from being deleted
    User.objects.all().delete()
    assert first_administrator.prepare() is None


@pytest.mark.django_db
def test_forged_foreign_and_old_setup_links_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = setup_token()
    foreign = signing.dumps("00000000-0000-0000-0000-000000000000", salt="accounts.joining.first_administrator")
    other_salt = signing.dumps(str(Installation.objects.get().anonymous_id), salt="something else")
    for token in ("", "nonsense", good[:-1], foreign, other_salt):
        assert Client().get(reverse("setup"), {"token": token}).status_code == 410
        with pytest.raises(LinkInvalid):
            first_administrator.create(actor=NOBODY, token=token, username="eve", email="", password=PASSWORD)
    monkeypatch.setattr(first_administrator, "LIFETIME", timedelta(seconds=-1))
    with pytest.raises(LinkInvalid):
        first_administrator.check(good)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_weak_password_is_refused_and_the_setup_link_stays_good() -> None:
    link = first_administrator.prepare()
    answer = Client().post(link, NEW | {"password1": "password", "password2": "password"})
    assert answer.status_code == 400
    with pytest.raises(AccountError):
        first_administrator.create(actor=NOBODY, token=setup_token(), username="grace", email="", password="short")
    assert Installation.objects.get().setup_at is None
    assert Client().post(link, NEW).status_code == 302


@pytest.mark.django_db
def test_the_environments_administrator_is_created_once_and_their_password_never_reset(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = "root", "from the environment"
    with caplog.at_level(logging.INFO):
        assert first_administrator.prepare() is None
    root = User.objects.get()
    assert (root.username, root.is_superuser, root.is_staff) == ("root", True, True)
    assert root.check_password("from the environment")
    assert "from the environment" not in caplog.text
    root.set_password("changed by hand")
    root.save()
    assert first_administrator.prepare() is None
    root.refresh_from_db()
    assert root.check_password("changed by hand")
    assert User.objects.count() == 1


@pytest.mark.django_db
def test_the_environments_administrator_is_created_beside_other_people(settings: Any) -> None:
    UserFactory()
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = "root", "from the environment"
    first_administrator.prepare()
    assert User.objects.get(username="root").is_superuser


@pytest.mark.django_db
def test_an_existing_person_is_not_promoted_by_the_environment(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    UserFactory(username="root")
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = "Root", "from the environment"
    with caplog.at_level(logging.WARNING):
        first_administrator.prepare()
    assert not User.objects.get().is_superuser
    assert "CHECKPOINT_ADMIN_USERNAME" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "password", "variable"),
    [
        ("root", "q7w", "CHECKPOINT_ADMIN_PASSWORD"),
        ("no spaces", "from the environment", "CHECKPOINT_ADMIN_USERNAME"),
    ],
)
def test_an_unusable_administrator_in_the_environment_is_one_clear_line(
    settings: Any, name: str, password: str, variable: str
) -> None:
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = name, password
    with pytest.raises(ConfigurationError, match=re.compile(rf"^{variable} [^\n]*$")) as refusal:
        first_administrator.prepare()
    assert password not in str(refusal.value)


@pytest.mark.django_db
def test_no_secret_of_a_link_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    setup = first_administrator.prepare()
    assert setup is not None
    with caplog.at_level(logging.DEBUG):
        Client().post(setup, NEW | {"password2": "another"})
        _, link, secret = invite()
        Client().post(link, NEW | {"password2": "another"})
        Client().get(f"{link}x")
    assert "Bad Request" in caplog.text
    assert secret not in caplog.text
    assert setup.partition("=")[2] not in caplog.text
    assert NEW["password1"] not in caplog.text
