"""The sentences of this room that have parts, or that several modules say."""

NAME_TAKEN = "This user name is taken."
ADDRESS_TAKEN = "Another account has this e-mail address."
ACCOUNT_EXISTS = "An account with this e-mail address exists."
ACTIVATED = "Activated."


def accounts_deactivated(count: int) -> str:
    """Tells whoever deactivated accounts what follows."""
    return f"Deactivated: {count}. Their API tokens are revoked for good."


def accounts_activated(count: int) -> str:
    """Tells whoever activated accounts what follows."""
    return f"Activated: {count}. They sign in with their password and make new API tokens."


def tokens_revoked(count: int) -> str:
    """Tells whoever revoked tokens how many there were."""
    return f"Revoked: {count}."


def deactivated(revoked_tokens: int) -> str:
    """Returns what the account's history says of its deactivation."""
    return f"Deactivated; API tokens revoked: {revoked_tokens}."


def invited(email: str, link: str, *, is_mailed: bool) -> str:
    """Tells an administrator how the link of a new invitation reaches the person."""
    if is_mailed:
        told = f"The invitation was mailed to {email}."
    else:
        told = f"No mail went out. Give this link to {email} yourself."
    return f"{told} The link works once, for 7 days, and is shown only now: {link}"
