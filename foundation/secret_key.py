"""Keeps the secret key of an installation that sets none."""

import os
import secrets
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from foundation.env import ConfigurationError

_SHORTEST = 32
_FEWEST_DIFFERENT = 8


def is_strong(key: str) -> bool:
    """Tells whether the key is long and varied enough that nobody guesses it."""
    return len(key) >= _SHORTEST and len(set(key)) >= _FEWEST_DIFFERENT


def require_strong(key: str) -> str:
    """Returns the key that somebody set.

    Raises:
        ConfigurationError: it could be guessed; whoever guesses it makes themselves anybody's session.
    """
    if not is_strong(key):
        raise ConfigurationError(
            f"SECRET_KEY is too simple: expected at least {_SHORTEST} random characters, or no value to have one made."
        )
    return key


def load_or_create(path: Path) -> str:
    """Returns the key stored at `path`, creating it once with mode 0600.

    Two processes that start together get the same key: one creates the file exclusively, the other reads it.

    Raises:
        ConfigurationError: the file cannot be made or read, or holds no key.
    """
    try:
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be used ({error.strerror}): make it readable for user {os.getuid()}, or set SECRET_KEY."
        ) from None
    except UnicodeDecodeError:
        key = ""
    if not is_strong(key) or not key.isprintable():
        raise ConfigurationError(f"{path} holds no usable key: delete it to have a new one made, or set SECRET_KEY.")
    return key


def _create(path: Path) -> None:
    # Written to a file of another name and linked into place, so that a reader never sees half a key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(get_random_secret_key())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
