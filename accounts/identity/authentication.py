"""Identifies the caller, for the proxy and the API."""

import base64
import binascii
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts import tokens
from accounts.identity import passwords, sessions
from accounts.identity.callers import Caller, CallerKind, InvalidCredentials, TooManyAttempts
from accounts.identity.client_address import client_address
from accounts.identity.credential_cache import cache
from accounts.models import User
from foundation.addresses import Site, site_of

__all__ = ["CHALLENGE", "Caller", "CallerKind", "InvalidCredentials", "TooManyAttempts", "identify"]

CHALLENGE = 'Bearer realm="Checkpoint"'
"""For the header `WWW-Authenticate`. Basic works too, but a browser that is offered it shows its own password box."""

_HEADER_LENGTH = 8_192


def identify(request: HttpRequest) -> Caller:
    """Returns the caller: by the header `Authorization` if there is one, else by the session cookie, else anonymous.

    Where MLflow has an origin of its own, a call to it is identified by the session of that origin and by no other.
    Accepts `Bearer <token>` and `Basic` with a password or a token. Writes nothing but a token's last use, does not
    touch `request.user` or `request.session`, and makes no database query for credentials that it checked in the last
    seconds (CHECKPOINT_CREDENTIAL_CACHE_SECONDS). Bad credentials never make an anonymous caller: a job with an old
    token fails instead of going on without a name.

    Raises:
        InvalidCredentials: what was sent is malformed, unknown, expired or revoked, or its user is deactivated (401).
        TooManyAttempts: too many wrong passwords (429).
    """
    header = request.META.get("HTTP_AUTHORIZATION")
    if header is not None:
        return _by_header(request, header)
    is_mlflow = site_of(request) is Site.MLFLOW
    session_key = request.COOKIES.get(
        settings.CHECKPOINT_MLFLOW_COOKIE_NAME if is_mlflow else settings.SESSION_COOKIE_NAME
    )
    if session_key:
        caller = _by_session(session_key, is_mlflow=is_mlflow)
        if caller.user_id is not None:
            return caller
    return Caller(CallerKind.ANONYMOUS, None, "", f"anonymous:{client_address(request)}")


def _by_header(request: HttpRequest, header: str) -> Caller:
    if len(header) > _HEADER_LENGTH:
        raise InvalidCredentials
    key = cache.digest("authorization", header)
    caller = cache.get(key)
    if caller is not None:
        return caller
    reading = cache.begin()
    scheme, _, credential = header.partition(" ")
    credential = credential.strip(" ")
    expires_at: datetime | None = None
    match scheme.lower():
        case "bearer":
            caller, expires_at = _by_token(credential)
        case "basic":
            login, password = _split(credential)
            if tokens.looks_like_one(password):
                caller, expires_at = _by_token(password, login)
            else:
                caller = _as_caller(CallerKind.BASIC, passwords.verify(request, login, password))
        case _:
            raise InvalidCredentials("This kind of credentials is not understood: send Bearer or Basic.")
    cache.remember(key, caller, reading, life=_seconds_left(expires_at))
    return caller


def _by_token(plaintext: str, login: str | None = None) -> tuple[Caller, datetime | None]:
    token = tokens.find_usable(plaintext)
    # A token sent with another person's name is a mistake or an attack; either way the log must not show that name.
    if token is None or (login is not None and login.lower() not in _names(token.user)):
        raise InvalidCredentials
    tokens.note_use(token)
    user = token.user
    caller = Caller(CallerKind.TOKEN, user.pk, user.username, f"token:{token.pk}", user.owner_id)
    return caller, token.expires_at


def _by_session(session_key: str, *, is_mlflow: bool) -> Caller:
    key = session_cache_key(session_key, is_mlflow=is_mlflow)
    caller = cache.get(key)
    if caller is not None:
        return caller
    reading = cache.begin()
    user, expires_at = (sessions.find_mlflow_user if is_mlflow else sessions.find_user)(session_key)
    if user is None:
        caller = Caller(CallerKind.ANONYMOUS, None, "", "anonymous")
    else:
        name = sha256(session_key.encode()).hexdigest()[:16]
        caller = Caller(CallerKind.SESSION, user.pk, user.username, f"session:{name}")
    cache.remember(key, caller, reading, life=_seconds_left(expires_at))
    return caller


def session_cache_key(session_key: str, *, is_mlflow: bool) -> bytes:
    """Returns the key of a session in the credential cache; one of MLflow's origin is another kind of credential."""
    return cache.digest("mlflow session" if is_mlflow else "session", session_key)


def _split(credential: str) -> tuple[str, str]:
    """Returns user name and password of Basic credentials (RFC 7617)."""
    try:
        raw = base64.b64decode(credential, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCredentials("The Basic credentials are malformed.") from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # The Python library `requests` sends names and passwords in this older encoding.
        text = raw.decode("latin-1")
    login, colon, password = text.partition(":")
    if not colon or not login or not password or "\0" in text:
        raise InvalidCredentials("The Basic credentials are malformed.")
    return login, password


def _as_caller(kind: CallerKind, user: User) -> Caller:
    return Caller(kind, user.pk, user.username, f"{kind}:{user.pk}")


def _names(user: User) -> set[str]:
    return {user.username.lower(), user.email.lower()} - {""}


def _seconds_left(expires_at: datetime | None) -> float | None:
    return None if expires_at is None else (expires_at - timezone.now()).total_seconds()
