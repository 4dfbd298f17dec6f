"""Links that Checkpoint makes for people, always at the public address: a caller can forge the Host header."""

from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse

from accounts.models import User
from foundation.addresses import absolute


def new_password(user: User) -> str:
    """Returns a link with which a person sets a new password; signing in or setting one ends it."""
    return new_password_by_key(f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}")


def new_password_by_key(key: str) -> str:
    """Returns the link of a key that names a person and proves that the link was made for them."""
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
    return absolute(path.replace("UID-KEY", key))
