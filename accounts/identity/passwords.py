"""Checks passwords that programs send with every call (Basic), without hashing every time.

A password hash takes a third of a second of a core by design. The verdict on a (login, password) pair is therefore
remembered, under an HMAC whose key only this process knows, together with the stored hash that it was reached on. The
verdict, right or wrong, holds while the account has that hash; changing the password makes it void. The account itself
is read again whenever the credential cache has no entry, at least every 5 seconds.

Wrong passwords count against the same limits as on the sign-in page (ACCOUNT_RATE_LIMITS, `login_failed`), so that
neither way in is weaker. A job that repeats one wrong password counts once, not once a second.
"""

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from os import urandom
from threading import Lock

from allauth.core.internal import ratelimit
from django.http import HttpRequest

from accounts.identity.backends import HashingBusy, find_user, hashing_slot, password_matches
from accounts.identity.callers import InvalidCredentials, TooManyAttempts
from accounts.models import User

VERDICT_SECONDS = 300.0
CAPACITY = 4_096
RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _Verdict:
    stored_hash: str
    is_right: bool
    until: float


class Verdicts:
    """Remembers which passwords were right or wrong for which stored hash; bounded, safe to use from any thread."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, capacity: int = CAPACITY) -> None:
        self.clock = clock
        self.capacity = capacity
        self._secret = urandom(32)
        self._lock = Lock()
        self._entries: OrderedDict[bytes, _Verdict] = OrderedDict()

    def get(self, login: str, password: str, stored_hash: str) -> bool | None:
        """Returns the verdict on this pair, or None if none was reached on this stored hash lately."""
        key = self._key(login, password)
        with self._lock:
            verdict = self._entries.get(key)
            if verdict is None or verdict.until <= self.clock() or verdict.stored_hash != stored_hash:
                return None
            self._entries.move_to_end(key)
            return verdict.is_right

    def remember(self, login: str, password: str, stored_hash: str, *, is_right: bool) -> None:
        """Keeps a verdict for 5 minutes."""
        key = self._key(login, password)
        with self._lock:
            self._entries[key] = _Verdict(stored_hash, is_right, self.clock() + VERDICT_SECONDS)
            self._entries.move_to_end(key)
            while len(self._entries) > self.capacity:
                self._entries.popitem(last=False)

    def clear(self) -> None:
        """Drops everything."""
        with self._lock:
            self._entries.clear()

    def _key(self, login: str, password: str) -> bytes:
        return hmac.digest(self._secret, f"{login}\0{password}".encode("utf-8", "surrogatepass"), "sha256")


verdicts = Verdicts()
"""The verdicts of this process."""


def verify(request: HttpRequest, login: str, password: str) -> User:
    """Returns the active user whose password it is.

    Raises:
        InvalidCredentials: unknown or deactivated user, or wrong password; the three cannot be told apart.
        TooManyAttempts: too many wrong passwords from this address or for this name, or too many checks at once.
    """
    user = find_user(login)
    stored_hash = user.password if user else ""
    is_right = verdicts.get(login, password, stored_hash)
    if is_right is None:
        try:
            with hashing_slot():
                is_right = _judge(request, user, login, password)
        except HashingBusy:
            raise TooManyAttempts(RETRY_SECONDS) from None
    if not is_right or user is None or not user.may_sign_in:
        raise InvalidCredentials
    return user


def _judge(request: HttpRequest, user: User | None, login: str, password: str) -> bool:
    stored_hash = user.password if user else ""
    # Of fifty jobs that start with the same password, one hashes; the others wait and then find its verdict.
    is_right = verdicts.get(login, password, stored_hash)
    if is_right is not None:
        return is_right
    usage = ratelimit.consume(
        request, app="allauth.account", action="login_failed", key=attempts_key(login), limit_get=True
    )
    if usage is None:
        raise TooManyAttempts(RETRY_SECONDS)
    is_right = password_matches(user, password)
    if is_right:
        usage.rollback()
    verdicts.remember(login, password, stored_hash, is_right=is_right)
    return is_right


def attempts_key(login: str) -> str:
    """Returns the key under which wrong passwords for one name are counted, the same at every door."""
    return f"login:{login.strip().lower()}"
