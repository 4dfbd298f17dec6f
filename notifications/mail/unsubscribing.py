"""The link in each mail by which its reader hears no more of that request, with one press and without signing in.

Threat: whoever else has the link can mute one request for one person, and nothing more.
"""

from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from foundation.addresses import absolute

_SALT = "checkpoint.mail.unsubscribe"


def address(reader_id: int, number: int) -> str:
    """Returns the link for a reader and a request (RFC 8058: a POST to it is the one press)."""
    token = signing.dumps([reader_id, number], salt=_SALT)
    return f"{absolute(reverse('notifications:unsubscribe'))}?{urlencode({'token': token})}"


def read(token: str) -> tuple[int, int] | None:
    """Returns reader and request of a link; None where nobody of ours made it, or its reader is no longer there."""
    try:
        reader_id, number = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    is_there = get_user_model()._default_manager.filter(pk=reader_id).exists()
    return (int(reader_id), int(number)) if is_there else None
