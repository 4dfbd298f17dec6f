"""The sentences of this room that have parts, or that several modules say."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from foundation.words import listed

NAME_TAKEN = "This user name is taken."
ADDRESS_TAKEN = "Another account has this e-mail address."
ACCOUNT_EXISTS = "An account with this e-mail address exists."
ACTIVATED = "Activated."
LINK_MADE = "A link for a new password was made."
SET_BY_OWNER = "by its owner, who was signed in"
SET_BY_LINK = "by the holder of a link for a new password"
BY_SETUP_LINK = "through the link in the log, as administrator"
BY_ENVIRONMENT = "from CHECKPOINT_ADMIN_USERNAME, as administrator"
BY_CREATESUPERUSER = "by the command createsuperuser, as administrator"
BY_CHANGEPASSWORD = "by the command changepassword"
BY_DEMO = "by the demo"
ANOTHER_CALL_WAITS = (
    "Something else was sent from this browser meanwhile, and only the last goes on. Read above what that is before "
    "you enter the password again."
)
CONFIRM_FOR_API = (
    "It is a while since you entered your password. Enter it again at /checkpoint/accounts/reauthenticate/, or send an "
    "API token."
)


def accounts_deactivated(count: int) -> str:
    """Tells whoever deactivated accounts what follows."""
    return f"Deactivated: {count}, with their service accounts. Their API tokens are revoked for good."


def accounts_activated(count: int) -> str:
    """Tells whoever activated accounts what follows."""
    return f"Activated: {count}. They sign in with their password and make new API tokens."


def service_accounts_activated(count: int) -> str:
    """Tells whoever activated service accounts what follows."""
    return f"Activated: {count}. Make new API tokens for them."


def tokens_revoked(count: int) -> str:
    """Tells whoever revoked tokens how many there were."""
    return f"Revoked: {count}."


def handed_over(account: str, owner: str, revoked: int) -> str:
    """Tells whoever handed a service account over what follows."""
    told = f"Handed over to {owner}, who answers for {account} now. API tokens revoked for good: {revoked}."
    return f"{told} Make new ones for its programs."


def tokens_revoked_with_hand_over(count: int) -> str:
    """Returns what the trail says of the tokens of a service account that was handed over."""
    return f"API tokens revoked: {count}"


def deactivated(revoked_tokens: int, *, owner: str = "") -> str:
    """Returns what the account's history says of its deactivation, of a service account perhaps with its owner."""
    what = f"Deactivated with {owner}, who answered for it" if owner else "Deactivated"
    return f"{what}; API tokens revoked: {revoked_tokens}."


def service_account(owner: str, purpose: str) -> str:
    """Returns what the trail says of a new service account."""
    return f"as a service account of {owner}: {purpose}"


def invited(email: str, link: str, *, is_mailed: bool) -> str:
    """Tells an administrator how the link of a new invitation reaches the person."""
    if is_mailed:
        told = f"The invitation was mailed to {email}."
    else:
        told = f"No mail went out. Give this link to {email} yourself."
    return f"{told} The link works once, for 7 days, and is shown only now: {link}"


def accepted_invitation(inviter: str) -> str:
    """Returns what the trail says of an account that an invitation opened."""
    return f"by the invitation of {inviter}"


def password_links_made(count: int) -> str:
    """Tells whoever made links for new passwords how many there are."""
    return f"Links made: {count}. Each works once, for a day, and is shown only now."


def password_link(name: str, link: str) -> str:
    """Tells an administrator the link with which somebody sets a new password."""
    return f"Give this link to {name} yourself: {link}"


def token_made(name: str, hint: str, expires_at: datetime | None) -> str:
    """Returns what the trail says of a new API token."""
    ends = f"expires {expires_at:%Y-%m-%d}" if expires_at else "does not expire"
    return f"{token(name, hint)}, {ends}"


def token(name: str, hint: str) -> str:
    """Returns how the trail names an API token."""
    return f'"{name}" ({hint}...)'


def changed(before: Mapping[str, str | frozenset[str]], after: Mapping[str, str | frozenset[str]]) -> str:
    """Returns what differs between two standings (see `accounts.standing`); "" where nothing does."""
    parts = []
    for what, now in after.items():
        was = before[what]
        if isinstance(now, frozenset) and isinstance(was, frozenset):
            parts += _added_and_removed(what, sorted(now - was), sorted(was - now))
        elif now != was:
            parts.append(f"{what}: {was or 'none'} became {now or 'none'}")
    return "; ".join(parts)


def group_deleted(members: Sequence[str], rights: Sequence[str]) -> str:
    """Returns what the trail says of a deleted group."""
    return f"deleted; members: {listed(members) or 'none'}; rights: {listed(rights) or 'none'}"


def yes_or_no(value: bool) -> str:
    """Returns how a row spells a flag."""
    return "yes" if value else "no"


def _added_and_removed(what: str, added: Sequence[str], removed: Sequence[str]) -> list[str]:
    told = [("added", added), ("removed", removed)]
    return [f"{what} {verb}: {listed(names)}" for verb, names in told if names]
