"""Service accounts: made and handed over here. They are deactivated and activated like people (`accounts.people`).

A service account is for programs. It has API tokens and no password, opens requests, comments and reports checks, and
judges nothing: what it may is said once, in `promote_requests.permissions` and `Actor.has_perm`.
"""

import logging

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import sentences, tokens
from accounts.exceptions import AccountError, NameTaken
from accounts.models import ServiceAccount, User
from accounts.standing import about_account, of_account, record_account
from audit import trail
from audit.actors import Actor, ActorKind
from audit.choices import AuditAction

logger = logging.getLogger("checkpoint.accounts")


def create(*, actor: Actor, username: str, owner: User, purpose: str) -> ServiceAccount:
    """Makes a service account, without any token.

    Args:
        actor: Who makes it.
        username: Its name.
        owner: The person who answers for it.
        purpose: What it is for, in a sentence.

    Raises:
        NotPermitted: the actor may not manage service accounts; Checkpoint's commands may.
        NameTaken: another account has the name, in any case.
        AccountError: the name or the purpose is not acceptable, or the owner is no active person.
    """
    if actor.kind is not ActorKind.CHECKPOINT:
        tokens.require_manager(actor, "add")
    account = drafted(username=username, purpose=purpose)
    try:
        with transaction.atomic():
            account.owner = _person(owner)
            account.save()
            reason = sentences.service_account(owner.get_username(), account.purpose)
            trail.record(AuditAction.ACCOUNT_CREATED, actor=actor, about=about_account(account), reason=reason)
    except IntegrityError as error:
        raise NameTaken(sentences.NAME_TAKEN, field="username") from error
    logger.info("Service account %s created by %s", account.username, actor.name)
    return account


def drafted(*, username: str, purpose: str) -> ServiceAccount:
    """Returns a service account that is not saved yet and has no owner, if its name and purpose are acceptable.

    Raises:
        NameTaken: another account has the name, in any case.
        AccountError: the name or the purpose is not acceptable.
    """
    account = ServiceAccount(username=User.normalize_username(username.strip()), password=make_password(None))
    account.purpose = checked_purpose(purpose)
    if User.objects.filter(username__iexact=account.username).exists():
        raise NameTaken(sentences.NAME_TAKEN, field="username")
    try:
        account.clean_fields(exclude=["password"])
        account.clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise AccountError(" ".join(messages), field=field) from error
    return account


def change(*, actor: Actor, account: User, owner: User, purpose: str) -> int:
    """Hands a service account over, or says anew what it is for; returns how many API tokens that revoked.

    A hand-over revokes all of them: whoever answered for it may hold them still, and would go on acting in its name.

    Raises:
        NotPermitted: the actor may not manage service accounts.
        AccountError: it is none, the purpose is not acceptable, or the owner is no active person.
    """
    tokens.require_manager(actor)
    purpose = checked_purpose(purpose)
    with transaction.atomic():
        # The owner before the account, as a deactivation locks them.
        owner = _person(owner)
        locked = User.objects.select_for_update().filter(pk=account.pk, owner__isnull=False).first()
        if locked is None:
            raise AccountError(f"{account.get_username()} is a person: only a service account has an owner.")
        before = of_account(locked)
        is_handed_over = locked.owner_id != owner.pk
        locked.owner, locked.purpose = owner, purpose
        locked.save(update_fields=["owner", "purpose"])
        revoked = tokens.revoke_all(locked) if is_handed_over else 0
        further = sentences.tokens_revoked_with_hand_over(revoked) if is_handed_over else ""
        record_account(actor=actor, user=locked, before=before, further=further)
    account.owner, account.purpose = owner, purpose
    return revoked


def _person(owner: User) -> User:
    """Returns the owner under a lock, so that a deactivation at this moment sees the account or is seen.

    Raises:
        AccountError: it is a service account itself, or deactivated.
    """
    locked = User.objects.select_for_update().filter(pk=owner.pk).first()
    if locked is None or not locked.may_sign_in:
        raise AccountError("Name a person with an active account, who answers for it.", field="owner")
    return locked


def checked_purpose(purpose: str) -> str:
    """Returns what a service account is for, without superfluous spaces.

    Raises:
        AccountError: it is empty, too long, or holds what cannot be printed.
    """
    purpose = " ".join(purpose.split())
    if not purpose or len(purpose) > 200 or not purpose.isprintable():
        raise AccountError("Say in at most 200 characters what it is for.", field="purpose")
    return purpose
