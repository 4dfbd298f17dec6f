"""API tokens: made, looked up and revoked here and nowhere else.

A token is 256 random bits behind a prefix that secret scanners can recognise. It is shown once. The database holds its
SHA-256, which is enough because nobody can guess a token: a salt or a slow hash would not make it safer.
"""

import logging
import re
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import sentences
from accounts.exceptions import AccountError, NameTaken, NotPermitted
from accounts.identity.credential_cache import cache
from accounts.models import ApiToken, User
from accounts.standing import about_account
from audit import trail
from audit.actors import Actor, ActorKind
from audit.choices import AuditAction

PREFIX = "cpt_"
_SHAPE = re.compile(r"cpt_[A-Za-z0-9_-]{43}", re.ASCII)
_HINT_LENGTH = 8
_NAME_LENGTH = 100
_USE_IS_NOTED_EVERY = timedelta(minutes=10)

logger = logging.getLogger("checkpoint.accounts")


def looks_like_one(text: str) -> bool:
    """Tells whether the text has a token's form; only then is a database query worth while."""
    return _SHAPE.fullmatch(text) is not None


def digest(plaintext: str) -> str:
    """Returns what the database keeps of a token: its SHA-256 in hexadecimal."""
    return sha256(plaintext.encode("ascii")).hexdigest()


def find_usable(plaintext: str) -> ApiToken | None:
    """Returns the token, its user loaded, if it is neither revoked nor expired and its user is active."""
    if not looks_like_one(plaintext):
        return None
    return ApiToken.objects.usable().select_related("user").filter(digest=digest(plaintext)).first()


def note_use(token: ApiToken) -> None:
    """Keeps when a token was used, at most every ten minutes; a call never fails because this could not be written.

    A conditional update, so that of many calls at once one writes; it sends no signal and empties no cache.
    """
    now = timezone.now()
    if token.last_used_at is not None and token.last_used_at > now - _USE_IS_NOTED_EVERY:
        return
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_IS_NOTED_EVERY)
    try:
        with transaction.atomic():
            ApiToken.objects.filter(due, pk=token.pk).update(last_used_at=now)
    except DatabaseError as failure:
        logger.warning("The use of API token %s could not be noted: %s", token.pk, failure)


def issue(*, actor: Actor, user: User, name: str, expires_at: datetime | None = None) -> tuple[ApiToken, str]:
    """Creates a token and returns it with its plain text, which cannot be shown again.

    Args:
        actor: Who makes it.
        user: Whose rights the token carries.
        name: What it is for; unique among the user's live tokens.
        expires_at: When it stops working, None for never.

    Raises:
        NameTaken: a live token of the user has this name.
        AccountError: the name is empty or too long, the expiry is past, or the user is deactivated.
        NotPermitted: it is a service account's, and the actor may not manage those; Checkpoint's commands may.
    """
    if user.is_service_account and actor.kind is not ActorKind.CHECKPOINT:
        require_manager(actor)
    name = " ".join(name.split())
    now = timezone.now()
    if not name or len(name) > _NAME_LENGTH or not name.isprintable():
        raise AccountError(f"Give the token a name of at most {_NAME_LENGTH} characters.", field="name")
    if expires_at is not None and expires_at <= now:
        raise AccountError("The token would expire in the past.", field="expires_at")
    plaintext = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            # Read again under a lock: a deactivation at this moment either sees the token and revokes it, or is seen.
            if not User.objects.select_for_update().filter(pk=user.pk, is_active=True).exists():
                raise AccountError(f"{user.get_username()} is deactivated and can have no tokens.")
            # An expired token is not valid any more, so its name is free.
            ApiToken.objects.filter(user=user, name=name, revoked_at=None, expires_at__lte=now).update(
                revoked_at=F("expires_at")
            )
            token = ApiToken.objects.create(
                user=user,
                name=name,
                digest=digest(plaintext),
                hint=plaintext[:_HINT_LENGTH],
                created_at=now,
                expires_at=expires_at,
            )
            trail.record(
                AuditAction.TOKEN_MADE,
                actor=actor,
                about=about_account(user),
                reason=sentences.token_made(name, token.hint, expires_at),
            )
    except IntegrityError as error:
        raise NameTaken(
            f'{user.get_username()} has a token named "{name}" already: revoke it first, or take another name.',
            field="name",
        ) from error
    logger.info("API token %s of %s issued", token.pk, user.get_username())
    return token, plaintext


def revoke_all(user: User) -> int:
    """Revokes all tokens of a person, for good, and returns how many there were.

    The caller must also save the person in the same transaction: that makes the credential cache drop its entries.
    """
    return ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())


def require_manager(actor: Actor, change: str = "change") -> None:
    """Raises NotPermitted unless `actor` has Django's permission to `change` (or add) service accounts."""
    if not actor.has_perm(f"accounts.{change}_serviceaccount"):
        raise NotPermitted("Only people with the permission to manage service accounts can do this.")


def may_revoke(actor: Actor, token: ApiToken) -> bool:
    """Tells whether `actor` may revoke the token: its owner may, whoever answers for it, and who administers tokens."""
    is_own = actor.may_act and actor.user_id in (token.user_id, token.user.answerable_id)
    return is_own or actor.has_perm("accounts.change_apitoken")


def revoke(*, actor: Actor, token: ApiToken) -> None:
    """Revokes the token: at once in this process, within 5 seconds in every other. Revoking twice is harmless.

    Raises:
        NotPermitted: the token is somebody else's and `actor` does not administer tokens.
    """
    if not may_revoke(actor, token):
        raise NotPermitted("Only the token's owner or an administrator can revoke it.")
    now = timezone.now()
    with transaction.atomic():
        revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
        if revoked:
            about, reason = about_account(token.user), sentences.token(token.name, token.hint)
            trail.record(AuditAction.TOKEN_REVOKED, actor=actor, about=about, reason=reason)
    token.refresh_from_db(fields=["revoked_at"])
    # A conditional update sends no signal, so the cache is told here.
    user_id = token.user_id
    transaction.on_commit(lambda: cache.forget_user(user_id))
    if revoked:
        logger.info("API token %s of user %s revoked by %s", token.pk, user_id, actor.name)
