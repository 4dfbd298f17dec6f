"""What follows from a change to a person, a token or a session.

The credential cache of this process drops its entries at once: after commit, so that no other thread can read the old
row again between the drop and the change.
"""

from functools import partial
from typing import Any

from allauth.account.signals import password_reset
from allauth.core import ratelimit
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.identity.authentication import session_cache_key
from accounts.identity.credential_cache import cache
from accounts.identity.passwords import attempts_key
from accounts.identity.sessions import mlflow_key
from accounts.models import ApiToken, User


@receiver([post_save, post_delete], sender=User)
def forget_person(instance: User, **kwargs: Any) -> None:
    """Drops the entries of a person whose password, state or name may have changed."""
    user_id = instance.pk
    transaction.on_commit(lambda: cache.forget_user(user_id))


@receiver([post_save, post_delete], sender=ApiToken)
def forget_token(instance: ApiToken, **kwargs: Any) -> None:
    """Drops the entries of the owner of a token that was changed in the admin."""
    user_id = instance.user_id
    transaction.on_commit(lambda: cache.forget_user(user_id))


@receiver(post_delete, sender=Session)
def forget_session(instance: Session, **kwargs: Any) -> None:
    """Drops a session that ended and that of MLflow's origin; signing out and a new password delete its row."""
    own = session_cache_key(instance.session_key, is_mlflow=False)
    at_mlflow = session_cache_key(mlflow_key(instance.session_key), is_mlflow=True)
    for key in (own, at_mlflow):
        transaction.on_commit(partial(cache.forget, key))


@receiver(password_reset)
def forgive_attempts(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Clears the failed attempts of a person who reset the password."""
    for login in filter(None, (user.username, user.email)):
        ratelimit.clear(request, action="login_failed", key=attempts_key(login))
