"""Creates, deactivates and activates accounts."""

import logging

from django.contrib.auth.models import AbstractUser, Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import links, sentences, tokens
from accounts.exceptions import AccountError, AddressTaken, NameTaken, NotPermitted
from accounts.identity import sessions
from accounts.models import Invitation, User
from accounts.standing import about_account
from audit import trail
from audit.actors import Actor, ActorKind
from audit.choices import AuditAction

logger = logging.getLogger("checkpoint.accounts")


def create(*, actor: Actor, username: str, email: str, password: str, how: str, is_administrator: bool = False) -> User:
    """Creates an account whose name, address and password are all acceptable.

    Args:
        actor: Who creates it. Anonymous: the person whose account it is, who has none before.
        username: Its name.
        email: Its address, or "".
        password: Its password.
        how: Why the actor may, for the audit trail.
        is_administrator: Whether it has every right.

    Raises:
        NameTaken: another account has the name, in any case.
        AddressTaken: another account has the address.
        AccountError: the name, the address or the password is not acceptable; the message says why.
    """
    user = User(
        username=User.normalize_username(username.strip()),
        email=email.strip().lower(),
        is_staff=is_administrator,
        is_superuser=is_administrator,
    )
    _refuse_taken(user)
    try:
        user.clean_fields(exclude=["password"])
        user.clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise AccountError(" ".join(messages), field=field) from error
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountError(" ".join(error.messages), field="password") from error
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
            record_creation(actor=actor, user=user, how=how)
    except IntegrityError:
        # Another process was faster since the check above; check again which of the two it took.
        _refuse_taken(user)
        raise
    logger.info("Account %s created%s", user.username, " as administrator" if is_administrator else "")
    return user


def record_creation(*, actor: Actor, user: User, how: str = "") -> None:
    """Records a new account, in the transaction of its creation."""
    if actor.kind == ActorKind.ANONYMOUS:
        actor = Actor.of(user, actor.door, actor.request_id)
    trail.record(AuditAction.ACCOUNT_CREATED, actor=actor, about=about_account(user), reason=how)


def record_password(*, actor: Actor, user: User, how: str = "") -> None:
    """Records that a password was set, in the transaction of the change."""
    trail.record(AuditAction.PASSWORD_CHANGED, actor=actor, about=about_account(user), reason=how)


def password_link(*, actor: Actor, user: User) -> str:
    """Returns a link with which an active person sets a new password; it works once, for a day.

    Raises:
        NotPermitted: the actor may not edit the account; see `may_edit`.
        AccountError: the account is deactivated, or a service account.
    """
    _require_rank(actor, user)
    if user.is_service_account:
        raise AccountError(f"{user.get_username()} is a service account: it has no password, only API tokens.")
    if not may_edit(actor.account, user):
        raise NotPermitted(f"{user.get_username()} has a right that you lack: only an administrator can do this.")
    if not user.is_active:
        raise AccountError(f"{user.get_username()} is deactivated: activate the account first.")
    trail.record(AuditAction.PASSWORD_LINK_MADE, actor=actor, about=about_account(user))
    return links.new_password(user)


def address_is_taken(email: str) -> bool:
    """Tells whether an account, active or not, has this address."""
    return bool(email) and User.objects.filter(email__iexact=email).exists()


def _refuse_taken(user: User) -> None:
    if User.objects.filter(username__iexact=user.username).exists():
        raise NameTaken(sentences.NAME_TAKEN, field="username")
    if address_is_taken(user.email):
        raise AddressTaken(sentences.ADDRESS_TAKEN, field="email")


def deactivate(*, actor: Actor, user: User) -> int:
    """Deactivates an account and returns how many API tokens that revoked. What it did stays in the record.

    Its sessions, tokens and open invitations end for good: activating it later revives none of them. They end at once
    in this process, and within 5 seconds in every other. The service accounts that this person answers for are
    deactivated too, because nobody would answer for what they do: hand them over first to keep them.

    Raises:
        NotPermitted: the account is the actor's own, or an administrator's while the actor is none.
    """
    if user.pk == actor.user_id:
        raise NotPermitted("You cannot deactivate your own account: ask another administrator.")
    _require_rank(actor, user)
    with transaction.atomic():
        # Before its service accounts are read: one that is handed over at this moment is seen, or waits and is refused.
        User.objects.select_for_update().get(pk=user.pk)
        revoked = _deactivate(user, actor)
        for account in User.objects.select_for_update().filter(owner=user, is_active=True).order_by("pk"):
            revoked += _deactivate(account, actor, because_of=user)
    logger.info("Account %s deactivated by %s, API tokens revoked: %s", user.username, actor.name, revoked)
    return revoked


def _deactivate(user: User, actor: Actor, *, because_of: User | None = None) -> int:
    user.is_active = False
    user.save(update_fields=["is_active"])
    revoked = _end_access(user)
    owner = because_of.get_username() if because_of else ""
    reason = sentences.deactivated(revoked, owner=owner)
    trail.record(AuditAction.ACCOUNT_DEACTIVATED, actor=actor, about=about_account(user), reason=reason)
    return revoked


def activate(*, actor: Actor, user: User) -> None:
    """Activates an account, which can then sign in with its password only. An active one is left unchanged.

    Raises:
        NotPermitted: the account is an administrator's and the actor is none.
        AccountError: it is a service account and its owner is deactivated.
    """
    _require_rank(actor, user)
    if user.owner is not None and not user.owner.is_active:
        raise AccountError(
            f"{user.owner.get_username()}, who answers for it, is deactivated: name another owner first."
        )
    with transaction.atomic():
        if User.objects.select_for_update().filter(pk=user.pk, is_active=True).exists():
            return
        # Again, for whatever began before the deactivation and ended after it, such as a sign-in.
        _end_access(user)
        user.is_active = True
        user.save(update_fields=["is_active"])
        trail.record(AuditAction.ACCOUNT_ACTIVATED, actor=actor, about=about_account(user))
    logger.info("Account %s activated by %s", user.username, actor.name)


def _end_access(user: User) -> int:
    now = timezone.now()
    Invitation.objects.filter(invited_by=user, accepted_at=None, expires_at__gt=now).update(expires_at=now)
    sessions.end_all(user)
    return tokens.revoke_all(user)


def may_edit(actor: AbstractUser, user: User) -> bool:
    """Tells whether `actor` may edit this account, its address and password included.

    Whoever sets another's password can act as them, so nobody may edit an account that has a right they lack.
    """
    if actor.is_superuser:
        return True
    # Read from the database: Django reports no rights for a deactivated account, which may be activated again.
    granted = Permission.objects.filter(Q(user=user) | Q(group__user=user)).select_related("content_type")
    own = actor.get_all_permissions()
    rights = {f"{permission.content_type.app_label}.{permission.codename}" for permission in granted}
    return not user.is_superuser and rights <= own


def _require_rank(actor: Actor, user: User) -> None:
    if user.is_service_account:
        tokens.require_manager(actor)
        return
    if not actor.has_perm("accounts.change_user"):
        raise NotPermitted("Only an administrator can do this.")
    if user.is_superuser and not actor.account.is_superuser:
        raise NotPermitted(f"{user.username} is an administrator: only another one can do this.")
