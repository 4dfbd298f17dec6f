"""Every change of an account leaves a row in the trail that says who made it, through which door, and what it was."""

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import people, tokens
from accounts.exceptions import AccountError, NotPermitted
from accounts.joining import first_administrator
from accounts.models import ApiToken, Invitation, User
from audit.choices import AuditAction
from audit.models import AuditEvent
from testing.people import PASSWORD, AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db

NEW = {"password1": "a fine pass phrase", "password2": "a fine pass phrase"}
Row = tuple[str, str, str, str]


def rows() -> list[Row]:
    """Returns (who, through which door, what, of whom) of every row, oldest first."""
    return [(event.actor_name, event.door, event.action, event.target) for event in AuditEvent.objects.order_by("pk")]


def reasons() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("reason", flat=True))


@pytest.fixture
def root() -> User:
    return AdministratorFactory(username="root")


@pytest.fixture
def ada() -> User:
    return UserFactory(username="ada", email="ada@example.org")


@pytest.fixture
def admin(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def act(client: Client, model: str, action: str, row: Any) -> None:
    chosen = {"action": action, "_selected_action": [row.pk]}
    assert client.post(reverse(f"admin:accounts_{model}_changelist"), chosen).status_code == 302


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    tokens_of = {"api_tokens-TOTAL_FORMS": 0, "api_tokens-INITIAL_FORMS": 0}
    return {"username": user.username, "email": user.email} | tokens_of | changes


def test_deactivation_and_activation(admin: Client, ada: User) -> None:
    tokens.issue(actor=by(ada), user=ada, name="nightly")
    act(admin, "user", "deactivate", ada)
    act(admin, "user", "activate", ada)
    assert rows()[1:] == [
        ("root", "admin", AuditAction.ACCOUNT_DEACTIVATED, "account:ada"),
        ("root", "admin", AuditAction.ACCOUNT_ACTIVATED, "account:ada"),
    ]
    assert "API tokens revoked: 1" in reasons()[1]


def test_rights_groups_name_and_address(admin: Client, ada: User) -> None:
    group = Group.objects.get(name="Record readers")
    rules = Permission.objects.get(codename="change_protectionrule")
    page = reverse("admin:accounts_user_change", args=[ada.pk])
    given = form_of(ada, is_staff="on", is_superuser="on", groups=[group.pk], user_permissions=[rules.pk])
    for data in (given, given, form_of(ada, username="ada2", email="new@example.org")):
        answer = admin.post(page, data)
        assert answer.status_code == 302, answer.context["errors"]
    who, door, what = "root", "admin", AuditAction.ACCOUNT_CHANGED
    assert rows() == [(who, door, what, "account:ada"), (who, door, what, "account:ada2")]
    assert reasons() == [
        "staff: no became yes; administrator: no became yes; groups added: Record readers; "
        "rights added: protection.change_protectionrule",
        "name: ada became ada2; address: ada@example.org became new@example.org; staff: yes became no; "
        "administrator: yes became no; groups removed: Record readers; "
        "rights removed: protection.change_protectionrule",
    ]


def test_what_a_group_may(admin: Client, ada: User) -> None:
    rules = Permission.objects.get(codename="change_protectionrule")
    admin.post(reverse("admin:auth_group_add"), {"name": "Editors", "permissions": [rules.pk]})
    editors = Group.objects.get(name="Editors")
    ada.groups.add(editors)
    page = reverse("admin:auth_group_change", args=[editors.pk])
    for name in ("Editors", "Former editors"):
        assert admin.post(page, {"name": name, "permissions": []}).status_code == 302
    admin.post(page, {"name": "Former editors", "permissions": []})
    admin.post(reverse("admin:auth_group_delete", args=[editors.pk]), {"post": "yes"})
    assert [(who, door, what) for who, door, what, _ in rows()] == [("root", "admin", AuditAction.GROUP_CHANGED)] * 4
    assert [of for _, _, _, of in rows()] == ["group:Editors"] * 2 + ["group:Former editors"] * 2
    assert reasons() == [
        "name: none became Editors; rights added: protection.change_protectionrule",
        "rights removed: protection.change_protectionrule",
        "name: Editors became Former editors",
        "deleted; members: ada; rights: none",
    ]


def test_groups_that_are_deleted_together(admin: Client) -> None:
    chosen = [Group.objects.create(name=name).pk for name in ("one", "two")]
    gone = {"action": "delete_selected", "_selected_action": chosen, "post": "yes"}
    admin.post(reverse("admin:auth_group_changelist"), gone)
    assert not Group.objects.filter(pk__in=chosen).exists()
    assert sorted(of for _, _, _, of in rows()) == ["group:one", "group:two"]


def test_tokens_that_are_made_and_revoked_on_the_page_in_the_admin_and_by_the_command(admin: Client, ada: User) -> None:
    browser = Client()
    browser.post("/checkpoint/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert browser.post(reverse("accounts:token_new"), {"name": "page", "days": "30"}).status_code == 201
    call_command("create_api_token", "ada", name="command", stdout=io.StringIO())
    made = {token.name: token for token in ApiToken.objects.all()}
    browser.post(reverse("accounts:token_revoke", args=[made["page"].pk]))
    for _ in range(2):
        act(admin, "apitoken", "revoke", made["command"])
    assert rows() == [
        ("ada", "page", AuditAction.TOKEN_MADE, "account:ada"),
        ("Checkpoint", "command", AuditAction.TOKEN_MADE, "account:ada"),
        ("ada", "page", AuditAction.TOKEN_REVOKED, "account:ada"),
        ("root", "admin", AuditAction.TOKEN_REVOKED, "account:ada"),
    ]
    assert re.fullmatch(rf'"page" \({made["page"].hint}\.\.\.\), expires \d{{4}}-\d\d-\d\d', reasons()[0])
    assert reasons()[1:] == [f'"command" ({made["command"].hint}...), does not expire', *map(str.strip, reasons()[2:])]


def test_a_password_that_its_owner_changes(ada: User) -> None:
    browser = Client()
    browser.post("/checkpoint/accounts/login/", {"login": "ada", "password": PASSWORD})
    browser.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **NEW})
    ada.refresh_from_db()
    assert ada.check_password(NEW["password1"])
    assert rows() == [("ada", "page", AuditAction.PASSWORD_CHANGED, "account:ada")]
    assert reasons() == ["by its owner, who was signed in"]


def test_a_password_that_an_administrator_sets_or_takes_away(admin: Client, ada: User) -> None:
    page = reverse("admin:auth_user_password_change", args=[ada.pk])
    admin.post(page, NEW | {"usable_password": "true", "set-password": "1"})
    admin.post(page, {"password1": "one", "password2": "another", "usable_password": "true", "set-password": "1"})
    admin.post(page, {"usable_password": "false", "unset-password": "1"})
    ada.refresh_from_db()
    assert not ada.has_usable_password()
    assert rows() == [("root", "admin", AuditAction.PASSWORD_CHANGED, "account:ada")] * 2


def test_a_link_for_a_new_password_and_its_use(admin: Client, ada: User) -> None:
    link = people.password_link(actor=by(User.objects.get(username="root")), user=ada)
    browser = Client()
    form = browser.get(link.removeprefix("http://localhost:5000"), follow=True)
    browser.post(form.context["action_url"], NEW)
    ada.refresh_from_db()
    assert ada.check_password(NEW["password1"])
    assert rows() == [
        ("root", "page", AuditAction.PASSWORD_LINK_MADE, "account:ada"),
        ("ada", "page", AuditAction.PASSWORD_CHANGED, "account:ada"),
    ]
    assert reasons() == ["", "by the holder of a link for a new password"]
    assert link.rpartition("/key/")[2] not in str(AuditEvent.objects.values_list())


def test_invitations_that_are_made_accepted_and_withdrawn(admin: Client) -> None:
    for email in ("grace@example.org", "linus@example.org", "eve@example.org"):
        page = admin.post(reverse("admin:accounts_invitation_add"), {"email": email}, follow=True).content.decode()
        if "grace" in email:
            [link] = re.findall(r"http://localhost:5000(/checkpoint/accounts/invitation/\?token=[\w-]+)", page)
    Client().post(link, NEW | {"username": "grace"})
    linus, eve = (Invitation.objects.get(email=f"{name}@example.org") for name in ("linus", "eve"))
    admin.post(reverse("admin:accounts_invitation_delete", args=[linus.pk]), {"post": "yes"})
    chosen = {"action": "delete_selected", "_selected_action": [eve.pk], "post": "yes"}
    admin.post(reverse("admin:accounts_invitation_changelist"), chosen)
    assert rows()[2:] == [
        ("root", "admin", AuditAction.INVITED, "invitation:eve@example.org"),
        ("grace", "page", AuditAction.ACCOUNT_CREATED, "account:grace"),
        ("root", "admin", AuditAction.INVITATION_WITHDRAWN, "invitation:linus@example.org"),
        ("root", "admin", AuditAction.INVITATION_WITHDRAWN, "invitation:eve@example.org"),
    ]
    assert reasons()[3] == "by the invitation of root"


def test_accounts_that_come_about_otherwise(admin: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"username": "added", "email": "", "usable_password": "true", **NEW}
    admin.post(reverse("admin:accounts_user_add"), data)
    settings.CHECKPOINT_ADMIN_USERNAME, settings.CHECKPOINT_ADMIN_PASSWORD = "first", "from the environment"
    first_administrator.prepare()
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "from the environment")
    call_command("createsuperuser", username="second", email="", interactive=False, stdout=io.StringIO())
    monkeypatch.setattr("getpass.getpass", lambda **_: "set by a command")
    call_command("changepassword", "second", stdout=io.StringIO())
    assert User.objects.get(username="second").check_password("set by a command")
    assert rows() == [
        ("root", "admin", AuditAction.ACCOUNT_CREATED, "account:added"),
        ("Checkpoint", "command", AuditAction.ACCOUNT_CREATED, "account:first"),
        ("Checkpoint", "command", AuditAction.ACCOUNT_CREATED, "account:second"),
        ("Checkpoint", "command", AuditAction.PASSWORD_CHANGED, "account:second"),
    ]


def test_the_first_administrator_who_uses_the_link_in_the_log() -> None:
    link = first_administrator.prepare()
    assert link is not None
    assert Client().post(link, NEW | {"username": "grace", "email": ""}).status_code == 302
    assert rows() == [("grace", "page", AuditAction.ACCOUNT_CREATED, "account:grace")]
    assert reasons() == ["through the link in the log, as administrator"]


def test_a_change_that_is_undone_leaves_no_row(admin: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("django.contrib.admin.options.ModelAdmin.log_change", fail)
    for page, data in [
        (reverse("admin:accounts_user_change", args=[ada.pk]), form_of(ada, is_staff="on")),
        (
            reverse("admin:auth_user_password_change", args=[ada.pk]),
            NEW | {"usable_password": "true", "set-password": ""},
        ),
    ]:
        with pytest.raises(RuntimeError):
            admin.post(page, data)
    ada.refresh_from_db()
    assert not ada.is_staff
    assert ada.check_password(PASSWORD)
    assert rows() == []


@pytest.mark.parametrize("action", ["deactivated", "of an administrator", "with a right that the actor lacks"])
def test_links_for_new_passwords_are_made_for_nobody_whom_one_may_not_edit(root: User, ada: User, action: str) -> None:
    clerk = UserFactory(username="clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="change_user"))
    assert people.password_link(actor=by(clerk), user=ada)
    if action == "deactivated":
        ada.is_active = False
        with pytest.raises(AccountError, match="activate the account first"):
            people.password_link(actor=by(root), user=ada)
        return
    if action == "of an administrator":
        ada = root
    else:
        ada.user_permissions.add(Permission.objects.get(codename="change_protectionrule"))
    for actor in (clerk, UserFactory()):
        with pytest.raises(NotPermitted):
            people.password_link(actor=by(actor), user=ada)
    assert len(rows()) == 1
