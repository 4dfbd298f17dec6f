"""How an installation gets its first administrator: from the environment, or through a link in the log.

The link works once, for a day, and only while there is no account at all: it is the one page that gives every right to
somebody who has not signed in.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import people, sentences
from accounts.exceptions import AccountError, LinkInvalid, NameTaken
from accounts.joining import installation
from accounts.models import Installation, User
from audit.actors import Actor, Door
from foundation.addresses import absolute
from foundation.env import ConfigurationError

LIFETIME = timedelta(days=1)
INVALID = (
    "This link was used or is older than a day, or there is an account already. "
    "If there is none, restart Checkpoint: its log shows a new link."
)
_SALT = "accounts.joining.first_administrator"

logger = logging.getLogger("checkpoint.accounts")


def prepare() -> str | None:
    """Creates the administrator that the environment names, or returns the link with which a person creates one.

    Call it after the migrations, whenever a server starts; any number of times, in any number of processes.
    The account CHECKPOINT_ADMIN_USERNAME is created if there is none of that name; an existing one is left unchanged,
    its password included. The link is returned only while there is no account; show it to whoever starts the server.

    Raises:
        ConfigurationError: the name or password in the environment is not acceptable.
    """
    row = installation.current()
    if settings.CHECKPOINT_ADMIN_USERNAME:
        _create_from_environment()
        return None
    if row.setup_at is not None or User.objects.exists():
        return None
    return f"{absolute(reverse('setup'))}?token={_token(row)}"


def _create_from_environment() -> None:
    name = settings.CHECKPOINT_ADMIN_USERNAME
    existing = User.objects.filter(username__iexact=name).first()
    if existing is not None:
        if not (existing.is_superuser and existing.is_active):
            logger.warning("CHECKPOINT_ADMIN_USERNAME names %s, who is no active administrator; left as it is.", name)
        return
    try:
        people.create(
            actor=Actor.checkpoint(Door.COMMAND),
            username=name,
            email="",
            password=settings.CHECKPOINT_ADMIN_PASSWORD,
            how=sentences.BY_ENVIRONMENT,
            is_administrator=True,
        )
    except NameTaken:
        logger.info("Another process created %s at this moment.", name)
    except AccountError as error:
        variable = "CHECKPOINT_ADMIN_PASSWORD" if error.field == "password" else "CHECKPOINT_ADMIN_USERNAME"
        raise ConfigurationError(f"{variable} cannot be used: {error.message}") from error


def check(token: str) -> None:
    """Raises LinkInvalid unless the link of this token would create the first administrator now."""
    row = installation.current()
    try:
        value = signing.loads(token, salt=_SALT, max_age=LIFETIME)
    except signing.BadSignature:
        raise LinkInvalid(INVALID) from None
    if value != str(row.anonymous_id) or row.setup_at is not None or User.objects.exists():
        raise LinkInvalid(INVALID)


def create(*, actor: Actor, token: str, username: str, email: str, password: str) -> User:
    """Creates the first administrator. Of several who use the link at the same moment, one succeeds.

    Raises:
        LinkInvalid: the link is not valid, or not any more.
        AccountError: name, address or password is not acceptable; the link stays valid.
    """
    with transaction.atomic():
        check(token)
        if not _take():
            raise LinkInvalid(INVALID)
        return people.create(
            actor=actor,
            username=username,
            email=email,
            password=password,
            how=sentences.BY_SETUP_LINK,
            is_administrator=True,
        )


def _take() -> bool:
    # The update locks the row until the transaction ends, so everybody else waits here and then finds it taken.
    return Installation.objects.filter(pk=1, setup_at=None).update(setup_at=timezone.now()) == 1


def _token(row: Installation) -> str:
    return signing.dumps(str(row.anonymous_id), salt=_SALT)
