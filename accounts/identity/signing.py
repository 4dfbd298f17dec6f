"""Signing by entering one's password once more, for this one act, however lately it was entered before.

The password is compared and forgotten: it is never part of what waits in a session (`suspended`), so it is taken out of
the form here. A token is no signature: whoever holds it need not be its owner.
"""

from dataclasses import dataclass

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from accounts.identity import passwords
from accounts.identity.callers import InvalidCredentials, TooManyAttempts
from accounts.models import User
from foundation.exceptions import InvalidInput

FIELD = "signature_password"


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody who has just proved who they are.

    Attributes:
        user_id: The account's key.
        printed_name: As a signature shows it: the full name, if the account has one, and the user name.
        method: How they proved it.
    """

    user_id: int
    printed_name: str
    method: str = "password"


def printed_name(user: User) -> str:
    """Returns how a signature names somebody."""
    full = user.get_full_name().strip()
    return f"{full} ({user.get_username()})" if full else user.get_username()


@sensitive_variables("password")
def taken(request: HttpRequest) -> str:
    """Returns the password that a form has for a signature, and takes it out of the form."""
    sent = request.POST.copy()
    password = str(sent.pop(FIELD, [""])[-1])
    request.POST = sent  # type: ignore[assignment]  # Django's own type for it is immutable
    return password


@sensitive_variables("password")
def sign(request: HttpRequest, password: str) -> Signer:
    """Returns who signs, if it is their password. Wrong ones count against the limits of the sign-in page.

    Raises:
        InvalidInput: it is empty or not their password, or too many were wrong; `field` is `FIELD`.
    """
    user = request.user
    if not isinstance(user, User) or not user.may_sign_in:
        raise InvalidInput("Sign in to sign: a token is no signature.", field=FIELD)
    if not password:
        raise InvalidInput("Enter your password to sign: nothing was recorded.", field=FIELD)
    try:
        found = passwords.verify(request, user.get_username(), password)
    except TooManyAttempts as refusal:
        raise InvalidInput(f"{refusal.message} Nothing was recorded.", field=FIELD) from None
    except InvalidCredentials:
        raise InvalidInput("This is not your password: nothing was recorded.", field=FIELD) from None
    if found.pk != user.pk:
        raise InvalidInput("This is not your password: nothing was recorded.", field=FIELD)
    record_authentication(request, user, method="password", reauthenticated=True)
    return Signer(user.pk, printed_name(user))
