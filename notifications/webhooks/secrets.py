"""Makes the secrets that deliveries are signed with, and keeps them so that the database alone does not tell them."""

import base64
import secrets
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from foundation.exceptions import WrongState

PREFIX = "whsec_"
"""Of a secret, as the Standard Webhooks specification writes it; base64 of its bytes follows."""
_BYTES = 32


def new() -> str:
    """Returns a secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def encrypt(secret: str) -> str:
    """Returns a secret as the database keeps it."""
    return _cipher(settings.SECRET_KEY).encrypt(secret.encode()).decode()


def decrypt(kept: str) -> str:
    """Returns a kept secret.

    Raises:
        WrongState: another SECRET_KEY encrypted it.
    """
    try:
        return _cipher(settings.SECRET_KEY).decrypt(kept.encode()).decode()
    except InvalidToken:
        raise WrongState("Its secret was kept with another SECRET_KEY and cannot be read: make a new one.") from None


def is_readable(kept: str) -> bool:
    """Tells whether a kept secret can be used: not where another SECRET_KEY encrypted it."""
    try:
        decrypt(kept)
    except WrongState:
        return False
    return True


@lru_cache(maxsize=2)
def _cipher(key: str) -> Fernet:
    # A key of its own for this purpose (RFC 5869): nothing else that SECRET_KEY makes can be read with it.
    derived = HKDF(SHA256(), length=32, salt=None, info=b"checkpoint webhook secrets, 1").derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
