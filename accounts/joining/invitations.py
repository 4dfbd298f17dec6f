"""One-time links with which an administrator lets somebody open an account."""

import logging
import secrets
from datetime import timedelta
from hashlib import sha256

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from accounts import mail, people, sentences
from accounts.exceptions import AddressTaken, LinkInvalid, NotPermitted
from accounts.models import Invitation, User
from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from audit.trail import About
from foundation.addresses import absolute, portal_url

LIFETIME = timedelta(days=7)
INVALID = "This invitation was used, replaced, withdrawn or is older than 7 days. Ask your administrator for another."

logger = logging.getLogger("checkpoint.accounts")


def invite(*, actor: Actor, email: str) -> tuple[Invitation, str]:
    """Creates an invitation and returns it with its link, which cannot be shown again; earlier links stop working.

    Raises:
        NotPermitted: the actor may not invite.
        AddressTaken: an account has this address.
    """
    if not actor.has_perm("accounts.add_invitation"):
        raise NotPermitted("Only an administrator can invite people.")
    email = email.strip().lower()
    if people.address_is_taken(email):
        raise AddressTaken(sentences.ACCOUNT_EXISTS, field="email")
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        Invitation.objects.filter(email=email, accepted_at=None, expires_at__gt=now).update(expires_at=now)
        invitation = Invitation.objects.create(
            email=email,
            digest=_digest(secret),
            invited_by_id=actor.account.pk,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        trail.record(AuditAction.INVITED, actor=actor, about=_about(invitation))
    logger.info("Invitation %s issued by %s", invitation.pk, actor.name)
    # In the query and not in the path: Django logs the path of every refused request.
    return invitation, f"{absolute(reverse('accounts:invitation'))}?token={secret}"


def withdraw(*, actor: Actor, invitation: Invitation) -> None:
    """Deletes an invitation unless somebody accepted it; its link opens nothing any more.

    Raises:
        NotPermitted: the actor may not withdraw invitations.
    """
    if not actor.has_perm("accounts.delete_invitation"):
        raise NotPermitted("Only an administrator can withdraw invitations.")
    with transaction.atomic():
        withdrawn, _ = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()
        if withdrawn:
            trail.record(AuditAction.INVITATION_WITHDRAWN, actor=actor, about=_about(invitation))
    logger.info("Invitation %s withdrawn by %s", invitation.pk, actor.name)


def send(invitation: Invitation, link: str) -> bool:
    """Mails the link to the invited person and tells whether the mail server took it."""
    values = {"invitation": invitation, "link": link, "public_url": portal_url()}
    subject = render_to_string("accounts/email/invitation_subject.txt", values).strip()
    body = render_to_string("accounts/email/invitation.txt", values)
    return mail.send(EmailMessage(subject, body, to=[invitation.email]))


def find(secret: str) -> Invitation:
    """Returns the invitation that a link belongs to.

    Raises:
        LinkInvalid: it was used, was replaced, is too old, never existed, or came from somebody who is deactivated.
    """
    invitation = Invitation.objects.filter(
        digest=_digest(secret),
        accepted_at=None,
        expires_at__gt=timezone.now(),
        # Deactivating an administrator's account that was stolen also ends the invitations made with it.
        invited_by__is_active=True,
    ).first()
    if invitation is None:
        raise LinkInvalid(INVALID)
    return invitation


def accept(*, actor: Actor, secret: str, username: str, password: str) -> User:
    """Creates the invited person's account. Of several who use one link at the same moment, one succeeds.

    Raises:
        LinkInvalid: the link was used, was replaced, is too old, or never existed.
        AccountError: the name or the password is not acceptable; the link stays valid.
    """
    with transaction.atomic():
        invitation = find(secret)
        inviter = invitation.invited_by.get_username()
        user = people.create(
            actor=actor,
            username=username,
            email=invitation.email,
            password=password,
            how=sentences.accepted_invitation(inviter),
        )
        now = timezone.now()
        # This conditional update decides, not the check above: the loser of a race rolls its new account back.
        accepted = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, expires_at__gt=now).update(
            accepted_at=now, accepted_by=user
        )
        if accepted != 1:
            raise LinkInvalid(INVALID)
    logger.info("Invitation %s accepted as %s", invitation.pk, user.username)
    return user


def _about(invitation: Invitation) -> About:
    return About(target=f"invitation:{invitation.email}")


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
