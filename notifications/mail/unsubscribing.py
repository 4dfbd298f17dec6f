"""The link in each mail by which its reader gets no more of that kind, with one press and without signing in.

Of a request's mail that is what happens to the request, of the mail of a day that mail. Threat: whoever else has the
link can do this one thing for one person, and nothing more.
"""

from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core import signing
from django.urls import reverse

from foundation.addresses import absolute

DAILY = 0
"""Stands for the mail of a day where a request's number would be."""
_SALT = "checkpoint.mail.unsubscribe"


def address(reader_id: int, number: int) -> str:
    """Returns the link for a reader and a request, or `DAILY` (RFC 8058: a POST to it is the one press)."""
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
