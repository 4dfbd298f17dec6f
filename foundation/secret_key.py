"""Keeps the secret key of an installation that sets none."""

import os
import secrets
from pathlib import Path

from django.core.management.utils import get_random_secret_key

from foundation.env import ConfigurationError


def load_or_create(path: Path) -> str:
    """Returns the key stored at `path`, creating it once with mode 0600.

    Two processes that start together get the same key: one creates the file exclusively, the other reads it.

    Raises:
        ConfigurationError: the folder cannot be written or the file cannot be read.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        key = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ConfigurationError(
            f"{path.parent} is not writable ({error.strerror}): mount a folder that user {os.getuid()} may write, "
            "or set CHECKPOINT_STATE_DIR."
        ) from None
    if len(key) < 50:
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
