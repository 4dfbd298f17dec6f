"""Creates, deactivates and activates accounts."""

import logging

from django.contrib.auth.models import Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import sentences, tokens
from accounts.exceptions import AccountError, AddressTaken, NameTaken, NotPermitted
from accounts.identity import sessions
from accounts.models import Invitation, User
from audit.actors import Actor

logger = logging.getLogger("checkpoint.accounts")


def create(*, username: str, email: str, password: str, is_administrator: bool = False) -> User:
    """Creates an account whose name, address and password are all acceptable.

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
    except IntegrityError:
        # Another process was faster since the check above; check again which of the two it took.
        _refuse_taken(user)
        raise
    logger.info("Account %s created%s", user.username, " as administrator" if is_administrator else "")
    return user


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
    in this process, and within 5 seconds in every other.

    Raises:
        NotPermitted: the account is the actor's own, or an administrator's while the actor is none.
    """
    if user.pk == actor.user_id:
        raise NotPermitted("You cannot deactivate your own account: ask another administrator.")
    _require_rank(actor, user)
    with transaction.atomic():
        user.is_active = False
        user.save(update_fields=["is_active"])
        revoked = _end_access(user)
    logger.info("Account %s deactivated by %s, API tokens revoked: %s", user.username, actor.name, revoked)
    return revoked


def activate(*, actor: Actor, user: User) -> None:
    """Activates an account, which can then sign in with its password only. An active one is left unchanged.

    Raises:
        NotPermitted: the account is an administrator's and the actor is none.
    """
    _require_rank(actor, user)
    with transaction.atomic():
        if User.objects.select_for_update().filter(pk=user.pk, is_active=True).exists():
            return
        # Again, for whatever began before the deactivation and ended after it, such as a sign-in.
        _end_access(user)
        user.is_active = True
        user.save(update_fields=["is_active"])
    logger.info("Account %s activated by %s", user.username, actor.name)


def _end_access(user: User) -> int:
    now = timezone.now()
    Invitation.objects.filter(invited_by=user, accepted_at=None, expires_at__gt=now).update(expires_at=now)
    sessions.end_all(user)
    return tokens.revoke_all(user)


def may_edit(actor: User, user: User) -> bool:
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
    if not actor.has_perm("accounts.change_user"):
        raise NotPermitted("Only an administrator can do this.")
    if user.is_superuser and not actor.account.is_superuser:
        raise NotPermitted(f"{user.username} is an administrator: only another one can do this.")
