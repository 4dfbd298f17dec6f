"""The service by which somebody says that they have looked at what is in their inbox."""

from collections.abc import Iterable

from django.utils import timezone

from audit.actors import Actor
from foundation.exceptions import NotAllowed
from notifications.models import Notice

LARGEST = 2**63 - 1
"""The largest key that a database has."""


def mark_read(*, actor: Actor, numbers: Iterable[int] | None = None, up_to: int = LARGEST) -> int:
    """Marks somebody's own notices as read, and returns how many were new.

    Args:
        actor: Whose.
        numbers: Of the requests; None for all.
        up_to: The last notice that was shown: what came after it stays new.

    Raises:
        NotAllowed: the actor may not sign in.
    """
    if not actor.may_act:
        raise NotAllowed("Sign in first.")
    unread = Notice.objects.filter(reader=actor.account.pk, read_at=None, pk__lte=min(up_to, LARGEST))
    if numbers is not None:
        unread = unread.filter(request_number__in=[number for number in numbers if 0 <= number <= LARGEST])
    # Most pages have nothing new: no write, which on SQLite waits for everybody else's.
    return unread.update(read_at=timezone.now()) if unread.exists() else 0
