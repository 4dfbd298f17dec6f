"""The one place where a password is compared with its hash."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from typing_extensions import override

from accounts.models import User

_slots = BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))
_SLOT_SECONDS = 5.0
_PASSWORD_LENGTH = 1024


class HashingBusy(Exception):
    """So many passwords are being checked that this one had to wait too long."""


@contextmanager
def hashing_slot() -> Iterator[None]:
    """Lets at most half of the cores hash passwords at once, so that the others stay free for other requests.

    Raises:
        HashingBusy: no slot came free within 5 seconds.
    """
    if not _slots.acquire(timeout=_SLOT_SECONDS):
        raise HashingBusy
    try:
        yield
    finally:
        _slots.release()


def find_user(login: str) -> User | None:
    """Returns the one account that a person means by this user name or e-mail address, active or not.

    Both are unique without regard to case. Where a text is somebody's address and somebody else's name, the address
    wins: a name can be chosen, an address was given by an administrator.
    """
    if not login or len(login) > 254 or "\0" in login:
        return None
    by_address = _only(list(User.objects.filter(email__iexact=login)[:2]), "email", login) if "@" in login else None
    return by_address or _only(list(User.objects.filter(username__iexact=login)[:2]), "username", login)


def _only(users: list[User], field: str, login: str) -> User | None:
    # Databases fold the case of rare letters in different ways: of several matches only an exact one counts.
    exact = next((user for user in users if getattr(user, field) == login), None)
    return exact or (users[0] if len(users) == 1 else None)


def password_matches(user: User | None, password: str) -> bool:
    """Tells whether the password is the user's; costs one hash, whether the user exists or not.

    Call it inside `hashing_slot`. Writes nothing: a hash of an old strength is renewed when the password next changes.
    """
    if not password or len(password) > _PASSWORD_LENGTH:
        return False
    if user is None:
        make_password(password)
        return False
    return check_password(password, user.password)


class PasswordBackend(AuthenticationBackend):
    """Signs in by user name or e-mail address with exactly one hash, so that timing tells nothing about names.

    Replaces the backends of allauth and Django: together they hash once or three times, depending on whether the
    account exists.
    """

    @override
    def user_can_authenticate(self, user: Any) -> bool:
        """Refuses deactivated accounts and service accounts; Django asks this of every session too."""
        return isinstance(user, User) and user.may_sign_in

    @override
    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Returns the active user whose password it is; a deactivated one is kept aside for allauth's own page."""
        login = credentials.get("email") or credentials.get("username")
        password = credentials.get("password")
        if not login or not password:
            return None
        user = find_user(login)
        with hashing_slot():
            matches = password_matches(user, password)
        if not matches or user is None:
            return None
        if not self.user_can_authenticate(user):
            self._stash_user(user)
            return None
        return user
