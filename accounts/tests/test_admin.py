import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import people, tokens
from accounts.exceptions import NotPermitted
from accounts.models import Invitation, User
from testing.people import PASSWORD, AdministratorFactory, UserFactory, by, issue_token

pytestmark = pytest.mark.django_db


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def administrator() -> User:
    return AdministratorFactory(username="root")


@pytest.fixture
def admin(administrator: User) -> Client:
    return browser_of(administrator)


@pytest.fixture
def clerk() -> User:
    """Somebody who may edit people, tokens and invitations, but is no administrator."""
    user = UserFactory(username="clerk", is_staff=True)
    names = ["view_user", "change_user", "delete_user", "add_user", "view_apitoken", "change_apitoken"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names, content_type__app_label="accounts"))
    return user


def run(client: Client, model: str, action: str, *rows: Any) -> str:
    url = reverse(f"admin:accounts_{model}_changelist")
    answer = client.post(url, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)
    return str(answer.content.decode())


@pytest.mark.parametrize("model", ["user", "apitoken", "invitation"])
def test_lists_and_rows_render(admin: Client, model: str) -> None:
    token, _ = issue_token()
    admin.post(reverse("admin:accounts_invitation_add"), {"email": "grace@example.org"})
    row = {"user": token.user, "apitoken": token, "invitation": Invitation.objects.get()}[model]
    assert admin.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
    assert admin.get(reverse(f"admin:accounts_{model}_change", args=[row.pk])).status_code == 200


def test_inviting_mails_the_link_and_shows_it_once(admin: Client) -> None:
    answer = admin.post(reverse("admin:accounts_invitation_add"), {"email": "Grace@example.org"}, follow=True)
    [link] = re.findall(r"http://localhost:5000/checkpoint/accounts/invitation/\?token=[\w-]+", answer.content.decode())
    assert "was mailed to grace@example.org" in answer.content.decode()
    assert mail.outbox[0].to == ["grace@example.org"]
    assert link in mail.outbox[0].body
    assert Client().get(link).status_code == 200
    invitation = Invitation.objects.get()
    for page in (
        reverse("admin:accounts_invitation_changelist"),
        reverse("admin:accounts_invitation_change", args=[invitation.pk]),
        reverse("admin:accounts_invitation_history", args=[invitation.pk]),
    ):
        assert link.partition("token=")[2] not in admin.get(page).content.decode()


@pytest.mark.parametrize("backend", ["dummy", pytest.param("smtp", marks=pytest.mark.sockets)])
def test_without_working_mail_the_administrator_is_told_to_pass_the_link_on(
    admin: Client, settings: Any, backend: str
) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    answer = admin.post(reverse("admin:accounts_invitation_add"), {"email": "grace@example.org"}, follow=True)
    assert "No mail went out. Give this link to grace@example.org yourself" in answer.content.decode()


def test_nobody_is_invited_who_has_an_account(admin: Client, administrator: User) -> None:
    answer = admin.post(reverse("admin:accounts_invitation_add"), {"email": administrator.email.upper()})
    assert "exists" in answer.content.decode()
    assert not Invitation.objects.exists()


def test_an_accepted_invitation_stays_and_a_pending_one_can_be_withdrawn(admin: Client) -> None:
    for email in ("pending@example.org", "accepted@example.org"):
        admin.post(reverse("admin:accounts_invitation_add"), {"email": email})
    link = re.findall(r"http\S+token=\S+", mail.outbox[1].body)[0]
    Client().post(link, {"username": "grace", "password1": PASSWORD, "password2": PASSWORD})
    pending = Invitation.objects.get(email="pending@example.org")
    accepted = Invitation.objects.get(email="accepted@example.org")
    assert accepted.accepted_by is not None
    for invitation in (pending, accepted):
        admin.post(reverse("admin:accounts_invitation_delete", args=[invitation.pk]), {"post": "yes"})
    run(admin, "invitation", "delete_selected", accepted)
    assert list(Invitation.objects.all()) == [accepted]


def test_deactivating_ends_tokens_and_sessions_for_good_and_activating_lets_in_with_the_password(
    admin: Client,
) -> None:
    ada, grace = UserFactory(username="ada"), UserFactory(username="grace")
    token, plaintext = issue_token(ada)
    _, of_grace = issue_token(grace)
    browser, browser_of_grace = browser_of(ada), browser_of(grace)
    told = run(admin, "user", "deactivate", ada)
    assert "Deactivated: 1, with their service accounts. Their API tokens are revoked for good." in told
    token.refresh_from_db()
    assert token.state == "revoked"
    history = reverse("admin:accounts_user_history", args=[ada.pk])
    assert "Deactivated; API tokens revoked: 1." in admin.get(history).content.decode()
    assert browser.get(reverse("accounts:tokens")).status_code == 302
    assert "make new API tokens" in run(admin, "user", "activate", ada)
    assert tokens.find_usable(plaintext) is None
    assert browser.get(reverse("accounts:tokens")).status_code == 302
    assert Client().login(username="ada", password=PASSWORD)
    assert tokens.find_usable(of_grace)
    assert browser_of_grace.get(reverse("accounts:tokens")).status_code == 200


def test_activating_somebody_who_is_active_ends_nothing(administrator: User) -> None:
    token, plaintext = issue_token()
    people.activate(actor=by(administrator), user=token.user)
    assert tokens.find_usable(plaintext)


def test_what_an_account_got_while_it_was_being_deactivated_is_not_revived(administrator: User) -> None:
    ada = UserFactory(username="ada")
    people.deactivate(actor=by(administrator), user=ada)
    User.objects.filter(pk=ada.pk).update(is_active=True)
    _, plaintext = issue_token(ada)
    browser = browser_of(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    people.activate(actor=by(administrator), user=ada)
    assert tokens.find_usable(plaintext) is None
    assert browser.get(reverse("accounts:tokens")).status_code == 302


def test_nobody_deactivates_themselves(admin: Client, administrator: User) -> None:
    assert "your own account" in run(admin, "user", "deactivate", administrator)
    administrator.refresh_from_db()
    assert administrator.is_active


def test_people_are_never_deleted(admin: Client) -> None:
    ada = UserFactory()
    assert admin.post(reverse("admin:accounts_user_delete", args=[ada.pk]), {"post": "yes"}).status_code == 403
    run(admin, "user", "delete_selected", ada)
    assert User.objects.filter(pk=ada.pk).exists()


def test_a_clerk_can_neither_become_administrator_nor_touch_one(clerk: User, administrator: User) -> None:
    browser = browser_of(clerk)
    own = reverse("admin:accounts_user_change", args=[clerk.pk])
    data = {"username": "clerk", "is_superuser": "on", "is_staff": "on", "user_permissions": ["1"]}
    browser.post(own, data | {"email": clerk.email})
    clerk.refresh_from_db()
    assert not clerk.is_superuser
    assert clerk.user_permissions.count() == 6
    for name in ("admin:accounts_user_change", "admin:auth_user_password_change"):
        page = reverse(name, args=[administrator.pk])
        new = {"username": "root", "password1": "taken over by me", "password2": "taken over by me"}
        browser.post(page, new | {"usable_password": "true", "set-password": "1"})
    administrator.refresh_from_db()
    assert administrator.check_password(PASSWORD)
    assert "only another one can do this" in run(browser, "user", "deactivate", administrator)
    administrator.refresh_from_db()
    assert administrator.is_active
    for act in (people.deactivate, people.activate):
        with pytest.raises(NotPermitted):
            act(actor=by(UserFactory()), user=administrator)


def test_a_clerk_edits_nobody_who_has_a_right_that_the_clerk_lacks(clerk: User) -> None:
    browser = browser_of(clerk)
    rules = Permission.objects.get(codename="change_protectionrule")
    editor, member, away, ordinary = (UserFactory(username=name) for name in ("editor", "member", "away", "ordinary"))
    editor.user_permissions.add(rules)
    member.groups.add(Group.objects.get(name="Record readers"))
    away.user_permissions.add(rules)
    people.deactivate(actor=by(AdministratorFactory()), user=away)
    for user in (editor, member, away, ordinary):
        page = reverse("admin:auth_user_password_change", args=[user.pk])
        new = {"password1": "taken over by me", "password2": "taken over by me"}
        browser.post(page, new | {"usable_password": "true", "set-password": "1"})
        user.refresh_from_db()
        assert user.check_password("taken over by me") == (user == ordinary)
    # Putting somebody out of office takes no rights over.
    assert "Deactivated: 1" in run(browser, "user", "deactivate", editor)


def test_only_administrators_give_rights_to_groups(clerk: User, admin: Client) -> None:
    approvers = Group.objects.get(name="Record readers")
    clerk.groups.add(approvers)
    clerk.user_permissions.add(*Permission.objects.filter(content_type__app_label="auth", content_type__model="group"))
    rules = Permission.objects.get(codename="change_protectionrule")
    page = reverse("admin:auth_group_change", args=[approvers.pk])
    assert browser_of(clerk).get(page).status_code == 200
    for address in (page, reverse("admin:auth_group_add"), reverse("admin:auth_group_delete", args=[approvers.pk])):
        answer = browser_of(clerk).post(address, {"name": "Record readers", "permissions": [rules.pk], "post": "yes"})
        assert answer.status_code == 403
    assert rules not in approvers.permissions.all()
    admin.post(page, {"name": "Record readers", "permissions": [rules.pk]})
    assert rules in approvers.permissions.all()


def test_the_change_form_can_neither_deactivate_nor_show_a_token(admin: Client) -> None:
    token, plaintext = issue_token()
    page = reverse("admin:accounts_user_change", args=[token.user_id])
    content = admin.get(page).content.decode()
    assert token.hint in content
    assert plaintext not in content
    assert token.digest not in content
    admin.post(page, {"username": token.user.username, "email": token.user.email, "is_active": ""})
    token.user.refresh_from_db()
    assert token.user.is_active


def test_a_new_person_in_the_admin_gets_a_lower_case_address(admin: Client) -> None:
    data = {"username": "grace", "email": "Grace@Example.org", "usable_password": "true"}
    admin.post(reverse("admin:accounts_user_add"), data | {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(username="grace").email == "grace@example.org"


def test_tokens_are_revoked_in_bulk_and_are_otherwise_read_only(admin: Client, clerk: User) -> None:
    first, plaintext = issue_token()
    second, another = issue_token()
    assert "Revoked: 2" in run(browser_of(clerk), "apitoken", "revoke", first, second)
    assert tokens.find_usable(plaintext) is None
    assert tokens.find_usable(another) is None
    assert admin.get(reverse("admin:accounts_apitoken_add")).status_code == 403
    assert admin.post(reverse("admin:accounts_apitoken_delete", args=[first.pk]), {"post": "yes"}).status_code == 403
    admin.post(reverse("admin:accounts_apitoken_change", args=[first.pk]), {"revoked_at": "", "name": "renamed"})
    first.refresh_from_db()
    assert first.revoked_at is not None
    assert first.name == "training"


def test_times_in_the_admin_are_in_utc_and_say_so(admin: Client) -> None:
    token, _ = issue_token()
    html = admin.get(reverse("admin:accounts_apitoken_changelist")).content.decode()
    assert f"{token.created_at:%Y-%m-%d %H:%M:%S} UTC" in html


def test_the_admin_has_checkpoints_mark_and_keeps_long_names_in_their_columns(admin: Client) -> None:
    html = admin.get(reverse("admin:index")).content.decode()
    for file in ("img/mark.svg", "css/admin.css"):
        assert f"/checkpoint/static/checkpoint/{file}" in html


def test_the_admin_asks_strangers_and_people_without_the_right_to_sign_in() -> None:
    page = reverse("admin:accounts_user_changelist")
    assert Client().get(page).status_code == 302
    assert browser_of(UserFactory()).get(page, follow=True).status_code in {200, 403}
    assert "Select user" not in browser_of(UserFactory()).get(page, follow=True).content.decode()
