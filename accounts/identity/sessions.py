"""Finds the user of a session, as Django does but without writing anything, and ends all sessions of a person."""

from datetime import datetime

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.identity.callers import InvalidCredentials
from accounts.models import User

ENDED = "The session has ended: sign in again."
_CAME_FROM = "checkpoint_came_from"


def find_user(session_key: str) -> tuple[User | None, datetime]:
    """Returns the user who is signed in with this session (None: nobody is) and when the session expires.

    Verifies what `django.contrib.auth.get_user` verifies: the backend is configured, the user is active, and the
    session was made with the present password (or under a fallback of SECRET_KEY). Unlike it, this neither cycles nor
    saves the session, because it runs for every proxied call.

    Raises:
        InvalidCredentials: there is no such session, it has expired, or its user may not use it any more.
    """
    data, expires_at = _read(session_key)
    if SESSION_KEY not in data:
        return None, expires_at
    user = _load(data)
    if user is None or not _verifies(user, data.get(HASH_SESSION_KEY, "")):
        raise InvalidCredentials(ENDED)
    return user, expires_at


def find_mlflow_user(mlflow_key: str) -> tuple[User | None, datetime]:
    """Returns what `find_user` does for a session of MLflow's origin: it is as good as the one that it came from.

    Raises:
        InvalidCredentials: there is no such session, or the one that it came from has ended.
    """
    data, _ = _read(mlflow_key)
    session_key = data.get(_CAME_FROM)
    if session_key is None:  # a session of the pages, which opens nothing at MLflow's address
        raise InvalidCredentials(ENDED)
    return find_user(session_key)


def begin_at_mlflow(session_key: str) -> tuple[str, datetime]:
    """Begins the session of MLflow's origin that belongs to a session of Checkpoint's pages.

    It holds nobody's name, so the pages take it for that of somebody who is not signed in, and it is of no use without
    the one that it came from. Each has one: who comes again gets the same.

    Returns:
        Its key, for a cookie, and when it ends.

    Raises:
        InvalidCredentials: nobody is signed in with that session, or not any more.
    """
    user, expires_at = find_user(session_key)
    if user is None:
        raise InvalidCredentials(ENDED)
    key = mlflow_key(session_key)
    values = {"session_data": SessionStore().encode({_CAME_FROM: session_key}), "expire_date": expires_at}
    Session.objects.update_or_create(session_key=key, defaults=values)
    return key, expires_at


def mlflow_key(session_key: str) -> str:
    """Returns the key of the session of MLflow's origin; nobody without SECRET_KEY can tell one from the other."""
    return salted_hmac("checkpoint.mlflow-session", session_key, algorithm="sha256").hexdigest()[:40]


def end_all(user: User) -> None:
    """Deletes every session of a person. It reads everybody's sessions to find them, so call it rarely."""
    live = Session.objects.filter(expire_date__gt=timezone.now())
    own = [session.pk for session in live.iterator() if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=own).delete()


def _read(session_key: str) -> tuple[dict[str, str], datetime]:
    """Returns what a session holds and when it expires, or raises InvalidCredentials."""
    if not (session_key.isascii() and session_key.isalnum() and 8 <= len(session_key) <= 40):
        raise InvalidCredentials(ENDED)
    row = (
        Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now())
        .values_list("session_data", "expire_date")
        .first()
    )
    if row is None:
        raise InvalidCredentials(ENDED)
    data = SessionStore().decode(row[0])
    if not data:
        # Django stores no empty session: this one was signed with a secret key that is no longer configured.
        raise InvalidCredentials(ENDED)
    return data, row[1]


def _load(data: dict[str, str]) -> User | None:
    backend_path = data.get(BACKEND_SESSION_KEY)
    if backend_path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user_id = User._meta.pk.to_python(data[SESSION_KEY])
    user: User | None = load_backend(backend_path).get_user(user_id)
    return user


def _verifies(user: User, session_hash: str) -> bool:
    if not session_hash:
        return False
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, candidate) for candidate in hashes)
