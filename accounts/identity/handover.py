"""Carries a sign-in from the origin of Checkpoint's pages to that of MLflow (CHECKPOINT_PORTAL_URL).

The shape is that of OAuth's authorization code with a proof key (RFC 7636):

1. MLflow's origin gives the browser a secret in a cookie, and sends it to the pages with a digest of that secret.
2. The pages, where the person is signed in or signs in now, send it back with a code, which is stored with the digest.
3. MLflow's origin takes the code once, and only from the browser that holds the secret.

A code that somebody else reads in an address, a log or a history opens nothing: it was used, lives for a minute, and
another browser lacks the secret. A code that somebody made for their own browser signs nobody else in as them.
"""

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256

from django.core.cache import cache
from django.utils.crypto import constant_time_compare

from accounts.exceptions import LinkInvalid

SECRET_SECONDS = 600
"""How long a browser may take from MLflow's origin to its return, with signing in between."""
CODE_SECONDS = 60
INVALID = "This step of signing in was done already, took too long, or was begun in another browser. Open MLflow again."

_SECRET = re.compile(r"[\w-]{43}")
_PROOF = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a code stands for.

    Attributes:
        session_key: Of the session of Checkpoint's pages.
        next_path: Where the person wanted to go at MLflow's origin.
    """

    session_key: str
    next_path: str


def secret(known: str = "") -> str:
    """Returns the secret for a browser, which keeps the one it has: several of its tabs may be under way at once."""
    return known if _SECRET.fullmatch(known) else secrets.token_urlsafe(32)


def proof(secret_of_browser: str) -> str:
    """Returns the digest by which the pages know the browser's secret without seeing it."""
    return sha256(secret_of_browser.encode()).hexdigest()


def issue(*, session_key: str, proof_of_browser: str, next_path: str) -> str:
    """Returns a code for the browser whose secret has this digest.

    Raises:
        LinkInvalid: that is no digest.
    """
    if not _PROOF.fullmatch(proof_of_browser):
        raise LinkInvalid(INVALID)
    code = secrets.token_urlsafe(32)
    cache.set(_key(code), (session_key, proof_of_browser, next_path), CODE_SECONDS)
    return code


def redeem(code: str, secret_of_browser: str) -> Arrival:
    """Returns what a code stands for, once: whoever shows it uses it up, also without the secret.

    Raises:
        LinkInvalid: it was used, is too old, or is another browser's.
    """
    found = cache.get(_key(code))
    # Of several that show it at the same moment, one deletes the row.
    if found is None or not cache.delete(_key(code)):
        raise LinkInvalid(INVALID)
    session_key, proof_of_browser, next_path = found
    if not constant_time_compare(proof(secret_of_browser), proof_of_browser):
        raise LinkInvalid(INVALID)
    return Arrival(session_key, next_path)


def _key(code: str) -> str:
    return f"handover:{sha256(code.encode()).hexdigest()}"
