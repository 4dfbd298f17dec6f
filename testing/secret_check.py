"""Finds Checkpoint's secrets where they must not be: in a log, or in what MLflow got."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

PASSWORD = "correct horse battery"
"""Of everybody in these suites, or how theirs begins."""

_SETTINGS = ("SECRET_KEY", "CHECKPOINT_REGISTRY_PASSWORD", "CHECKPOINT_REGISTRY_TOKEN", "CHECKPOINT_ADMIN_PASSWORD")
_SHORTEST = 8
"""Characters; anything shorter is found in any text."""
_TOKEN = re.compile(r"cpt_[\w-]{43}")


def secrets(environment: dict[str, str], *credentials: str) -> set[str]:
    """Returns what must not be seen: the settings' secrets, these credentials, and how they look in a header.

    Args:
        environment: A server's.
        credentials: Tokens and session ids.
    """
    found = {environment.get(name, "") for name in _SETTINGS} | set(credentials) | {PASSWORD}
    key = Path(environment.get("CHECKPOINT_STATE_DIR", ""), "secret_key")
    if key.is_file():
        found.add(key.read_text().strip())
    for user in ("ada", "grace", environment.get("CHECKPOINT_REGISTRY_USERNAME", "")):
        found |= {base64.b64encode(f"{user}:{secret}".encode()).decode() for secret in list(found) if secret}
    return {secret for secret in found if len(secret) >= _SHORTEST}


def leaks(text: str, unwanted: Iterable[str]) -> list[str]:
    """Returns the lines that hold a secret, or an API token of anybody's."""
    known = list(unwanted)
    return [line for line in text.splitlines() if _TOKEN.search(line) or any(secret in line for secret in known)]
