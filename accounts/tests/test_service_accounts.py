"""Service accounts: made and managed by people, opened by tokens and by nothing else."""

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import people, service_accounts, tokens
from accounts.exceptions import AccountError, NameTaken, NotPermitted
from accounts.identity import sessions
from accounts.identity.callers import InvalidCredentials
from accounts.models import ApiToken, ServiceAccount, User
from audit.actors import Actor, ActorKind, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from testing.people import PASSWORD, AdministratorFactory, UserFactory, bearer, by, issue_token, service_account

pytestmark = pytest.mark.django_db
ME = "/checkpoint/api/promote-requests/"
LISTED = "admin:accounts_serviceaccount_changelist"


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada")


@pytest.fixture
def root() -> User:
    return AdministratorFactory(username="root")


@pytest.fixture
def nightly(ada: User) -> User:
    return service_account("nightly", ada)


@pytest.fixture
def admin(root: User) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": "root", "password": PASSWORD})
    return client


def rows(action: AuditAction) -> list[tuple[str, str]]:
    return list(AuditEvent.objects.filter(action=action).values_list("target", "reason"))


# It cannot sign in.


def test_its_token_opens_the_api_and_says_what_kind_of_actor_it_is(nightly: User) -> None:
    _, plaintext = issue_token(nightly)
    assert Client().get(ME, **bearer(plaintext)).status_code == 200
    actor = Actor.of(nightly, Door.API)
    assert (actor.kind, actor.name, actor.may_act) == (ActorKind.SERVICE_ACCOUNT, "nightly", True)


def test_no_password_opens_it_on_the_page_or_as_basic(nightly: User) -> None:
    answer = Client().post(reverse("account_login"), {"login": "nightly", "password": PASSWORD})
    assert answer.status_code == 200
    assert "not correct" in answer.content.decode()
    assert Client().get(ME, headers={"Authorization": "Basic bmlnaHRseTpwYXNzd29yZA=="}).status_code == 401


def test_a_session_made_for_it_opens_nothing(nightly: User) -> None:
    client = Client()
    client.force_login(nightly)
    assert client.get("/checkpoint/").status_code == 302
    with pytest.raises(InvalidCredentials):
        sessions.find_user(client.session.session_key or "")


def test_neither_mail_nor_an_administrator_makes_a_link_for_a_password(nightly: User, root: User) -> None:
    Client().post(reverse("account_reset_password"), {"email": "nightly@example.org"})
    assert not [message for message in mail.outbox if "/password/reset/" in message.body]
    with pytest.raises(AccountError, match="has no password"):
        people.password_link(actor=by(root), user=nightly)


@pytest.mark.parametrize(
    "change",
    [
        {"password": "pbkdf2_sha256$1$a$b"},
        {"email": "nightly@example.org"},
        {"is_staff": True},
        {"is_superuser": True},
    ],
)
def test_the_database_keeps_it_without_password_address_and_rights(nightly: User, change: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="service_accounts_cannot_sign_in"), transaction.atomic():
        User.objects.filter(pk=nightly.pk).update(**change)


def test_a_person_cannot_be_made_a_service_account_nor_the_reverse(admin: Client, nightly: User, ada: User) -> None:
    with pytest.raises(AccountError, match="is a person"):
        service_accounts.change(actor=by(User.objects.get(username="root")), account=ada, owner=ada, purpose="x")
    assert admin.get(reverse("admin:accounts_user_change", args=[nightly.pk])).status_code == 302
    assert admin.get(reverse("admin:accounts_serviceaccount_change", args=[ada.pk])).status_code == 302
    assert "nightly" not in admin.get(reverse("admin:accounts_user_changelist")).content.decode()


def test_it_has_no_right_whatever_groups_it_is_in(nightly: User, root: User) -> None:
    group = Group.objects.create(name="Everything")
    group.permissions.set(Permission.objects.all())
    nightly.groups.add(group)
    for permission in ("accounts.change_user", "accounts.add_serviceaccount", "protection.add_protectionrule"):
        assert not Actor.of(User.objects.get(pk=nightly.pk), Door.API).has_perm(permission)
    with pytest.raises(NotPermitted):
        people.deactivate(actor=by(nightly), user=root)
    with pytest.raises(NotPermitted):
        service_accounts.create(actor=by(nightly), username="another", owner=root, purpose="Breeds.")
    with pytest.raises(NotPermitted):
        tokens.issue(actor=by(nightly), user=nightly, name="another")


# Made and handed over.


def test_making_one_says_in_the_trail_who_answers_for_it_and_why(root: User, ada: User) -> None:
    made = service_accounts.create(actor=by(root), username="nightly", owner=ada, purpose="  Trains  every night. ")
    assert (made.owner, made.purpose, made.has_usable_password()) == (ada, "Trains every night.", False)
    assert rows(AuditAction.ACCOUNT_CREATED) == [
        ("account:nightly", "as a service account of ada: Trains every night.")
    ]


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"username": "ADA"}, "username", "taken"),
        ({"username": ""}, "username", "blank"),
        ({"username": "a b"}, "username", "valid username"),
        ({"username": "n@example.org"}, "username", "own e-mail"),
        ({"username": "x" * 151}, "username", "150"),
        ({"purpose": " "}, "purpose", "at most 200"),
        ({"purpose": "x" * 201}, "purpose", "at most 200"),
        ({"purpose": "a\x00b"}, "purpose", "at most 200"),
        ({"owner": "gone"}, "owner", "active account"),
        ({"owner": "robot"}, "owner", "active account"),
    ],
)
def test_what_is_wrong_is_said_of_its_field_and_nothing_is_made(
    root: User, ada: User, given: dict[str, Any], field: str, says: str
) -> None:
    owners = {"gone": UserFactory(username="gone", is_active=False), "robot": service_account("robot", ada)}
    values = {"username": "nightly", "purpose": "Trains.", "owner": ""} | given
    owner = owners.get(values.pop("owner"), ada)
    with pytest.raises(AccountError, match=says) as refusal:
        service_accounts.create(actor=by(root), owner=owner, **values)
    assert refusal.value.field == field
    assert ServiceAccount.objects.count() == 1


def test_who_lacks_the_permission_manages_none(ada: User, nightly: User) -> None:
    for act in (
        lambda: service_accounts.create(actor=by(ada), username="x", owner=ada, purpose="x"),
        lambda: service_accounts.change(actor=by(ada), account=nightly, owner=ada, purpose="x"),
        lambda: tokens.issue(actor=by(ada), user=nightly, name="mine"),
        lambda: people.deactivate(actor=by(ada), user=nightly),
    ):
        with pytest.raises(NotPermitted, match="manage service accounts"):
            act()


def test_handing_over_revokes_its_tokens_and_says_from_whom_to_whom(
    root: User, nightly: User, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    token, plaintext = issue_token(nightly)
    assert Client().get(ME, **bearer(plaintext)).status_code == 200
    grace = UserFactory(username="grace")
    with django_capture_on_commit_callbacks(execute=True):
        revoked = service_accounts.change(actor=by(root), account=nightly, owner=grace, purpose="Trains every night.")
    assert revoked == 1
    told = "owner: ada became grace; API tokens revoked: 1"
    assert rows(AuditAction.ACCOUNT_CHANGED) == [("account:nightly", told)]
    token.refresh_from_db()
    assert token.state == "revoked"
    assert Client().get(ME, **bearer(plaintext)).status_code == 401


def test_saying_anew_what_it_is_for_leaves_its_tokens(root: User, ada: User, nightly: User) -> None:
    _, plaintext = issue_token(nightly)
    assert service_accounts.change(actor=by(root), account=nightly, owner=ada, purpose="Trains.") == 0
    assert Client().get(ME, **bearer(plaintext)).status_code == 200


# Taken out of use.


def test_it_is_deactivated_with_its_owner_and_says_why(root: User, ada: User, nightly: User) -> None:
    _, plaintext = issue_token(nightly)
    assert people.deactivate(actor=by(root), user=ada) == 1
    nightly.refresh_from_db()
    assert not nightly.is_active
    assert Client().get(ME, **bearer(plaintext)).status_code == 401
    told = dict(rows(AuditAction.ACCOUNT_DEACTIVATED))
    assert told["account:nightly"] == "Deactivated with ada, who answered for it; API tokens revoked: 1."
    with pytest.raises(AccountError, match="name another owner first"):
        people.activate(actor=by(root), user=nightly)
    people.activate(actor=by(root), user=ada)
    nightly.refresh_from_db()
    assert not nightly.is_active


def test_one_that_was_handed_over_goes_on_without_its_former_owner(root: User, ada: User, nightly: User) -> None:
    service_accounts.change(actor=by(root), account=nightly, owner=root, purpose="Trains every night.")
    _, plaintext = issue_token(nightly)
    people.deactivate(actor=by(AdministratorFactory()), user=ada)
    assert Client().get(ME, **bearer(plaintext)).status_code == 200


def test_its_owner_may_revoke_its_tokens_and_nobody_elses(ada: User, nightly: User) -> None:
    token, _ = issue_token(nightly)
    with pytest.raises(NotPermitted):
        tokens.revoke(actor=by(UserFactory()), token=token)
    tokens.revoke(actor=by(ada), token=token)
    assert token.state == "revoked"


def test_the_last_use_of_a_token_is_kept_to_within_ten_minutes(nightly: User) -> None:
    token, plaintext = issue_token(nightly)
    before = timezone.now()
    Client().get(ME, **bearer(plaintext))
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    assert first >= before
    tokens.note_use(token)
    token.refresh_from_db()
    assert token.last_used_at == first


# In the admin.


def test_the_admin_makes_one_lists_it_and_hands_it_over(admin: Client, ada: User) -> None:
    add = reverse("admin:accounts_serviceaccount_add")
    values = {"username": "nightly", "owner": ada.pk, "purpose": "Trains."} | TOKEN_FORMSET
    assert admin.post(add, values).status_code == 302
    made = ServiceAccount.objects.get()
    page = admin.get(reverse(LISTED)).content.decode()
    assert "nightly" in page
    assert "ada" in page
    grace = UserFactory(username="grace")
    address = reverse("admin:accounts_serviceaccount_change", args=[made.pk])
    group = Group.objects.create(name="Pipelines")
    issue_token(made)
    sent = {"owner": grace.pk, "purpose": "Trains.", "groups": [group.pk]} | TOKEN_FORMSET
    answer = admin.post(address, sent, follow=True)
    assert answer.redirect_chain, answer.context["errors"]
    assert (
        "Handed over to grace, who answers for nightly now. API tokens revoked for good: 1." in answer.content.decode()
    )
    made.refresh_from_db()
    assert (made.owner, made.username) == (grace, "nightly")
    assert [reason for _, reason in rows(AuditAction.ACCOUNT_CHANGED)] == [
        "owner: ada became grace; API tokens revoked: 1",
        "groups added: Pipelines",
    ]


TOKEN_FORMSET = {"api_tokens-TOTAL_FORMS": "0", "api_tokens-INITIAL_FORMS": "0"}


@pytest.mark.parametrize(
    ("given", "field"),
    [({"username": "root"}, "username"), ({"owner": "0"}, "owner"), ({"purpose": "a\x01"}, "purpose")],
)
def test_the_admins_form_says_what_is_wrong_at_the_field_and_keeps_the_rest(
    admin: Client, ada: User, given: dict[str, str], field: str
) -> None:
    values = {"username": "nightly", "owner": ada.pk, "purpose": "Trains."} | given
    answer = admin.post(reverse("admin:accounts_serviceaccount_add"), values)
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert (list(form.errors), form["purpose"].value()) == ([field], values["purpose"])
    assert not ServiceAccount.objects.exists()


def test_a_token_is_made_in_the_admin_shown_once_and_asks_for_the_password(admin: Client, nightly: User) -> None:
    address = reverse("admin:accounts_serviceaccount_token", args=[nightly.pk])
    assert admin.get(address).status_code == 200
    assert admin.post(address, {"name": "", "days": "90"}).status_code == 400
    answer = admin.post(address, {"name": "training", "days": "90"})
    (plaintext,) = re.findall(r"cpt_[\w-]{43}", answer.content.decode())
    assert (answer.status_code, "no-store" in answer["Cache-Control"]) == (201, True)
    assert Client().get(ME, **bearer(plaintext)).status_code == 200
    assert (
        plaintext not in admin.get(reverse("admin:accounts_serviceaccount_change", args=[nightly.pk])).content.decode()
    )
    session = admin.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] -= 3_600
    session.save()
    assert "reauthenticate" in admin.post(address, {"name": "another", "days": "90"})["Location"]
    assert ApiToken.objects.count() == 1


def test_the_admin_deactivates_and_activates(admin: Client, nightly: User) -> None:
    for action, is_active in (("deactivate", False), ("activate", True)):
        admin.post(reverse(LISTED), {"action": action, "_selected_action": [nightly.pk]})
        nightly.refresh_from_db()
        assert nightly.is_active is is_active


def test_a_clerk_without_the_right_sees_nothing_of_it(nightly: User) -> None:
    clerk = UserFactory(username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user", "view_apitoken"]))
    client = Client()
    client.force_login(clerk)
    assert client.get(reverse(LISTED)).status_code == 403
    address = reverse("admin:accounts_serviceaccount_token", args=[nightly.pk])
    assert client.post(address, {"name": "mine", "days": ""}).status_code in (302, 403)
    assert not ApiToken.objects.exists()


# By the command.


def test_the_command_makes_the_account_with_its_first_token_and_finds_it_again(ada: User) -> None:
    for name in ("first", "second"):
        out = StringIO()
        call_command("create_api_token", "nightly", name=name, owner="ada", purpose="Trains.", stdout=out)
        assert tokens.find_usable(out.getvalue().strip()) is not None
    assert ServiceAccount.objects.get().owner == ada
    call_command("create_api_token", "nightly", name="third", stdout=StringIO())


@pytest.mark.parametrize(
    ("username", "options", "says"),
    [
        ("nightly", {"owner": "ada"}, "both --owner and --purpose"),
        ("nightly", {"owner": "nobody", "purpose": "x"}, "no user named nobody"),
        ("ada", {"owner": "ada", "purpose": "x"}, "is no service account of ada"),
        ("nightly", {"owner": "ada", "purpose": " "}, "at most 200"),
        ("nightly", {"owner": "ada", "purpose": "x", "name": " "}, "Give the token a name"),
    ],
)
def test_the_command_says_what_is_wrong_and_makes_nothing(
    ada: User, username: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("create_api_token", username, **{"name": "first"} | options)
    assert not ServiceAccount.objects.exists()


def test_two_of_a_name_at_the_same_moment_are_one(monkeypatch: pytest.MonkeyPatch, root: User, nightly: User) -> None:
    drafted = ServiceAccount(username="Nightly", password="!", purpose="Trains.")
    monkeypatch.setattr(service_accounts, "drafted", lambda **given: drafted)
    with pytest.raises(NameTaken):
        service_accounts.create(actor=by(root), username="Nightly", owner=root, purpose="Trains.")
