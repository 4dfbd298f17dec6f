"""Which of several workers does the scheduled work: the one that holds a lease, a row that it renews."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from notifications.models import Lease

LEADER = "leader"
TERM = timedelta(seconds=20)
"""How long a lease holds. Who asks every `RENEWED_EVERY` takes over within 25 s from one that died."""
RENEWED_EVERY = timedelta(seconds=5)


def lead(holder: str) -> bool:
    """Takes or renews the lease, and returns whether `holder` has it now."""
    now = timezone.now()
    free = Q(holder=holder) | Q(holder="") | Q(until__lte=now)
    if Lease.objects.filter(free, name=LEADER).update(holder=holder, until=now + TERM):
        return True
    if Lease.objects.filter(name=LEADER).exists():
        return False
    try:
        with transaction.atomic():
            Lease.objects.create(name=LEADER, holder=holder, until=now + TERM)
    except IntegrityError:
        return False  # the first of all, and another one was faster
    return True


def step_down(holder: str) -> None:
    """Gives the lease back, so that another one need not wait for its end."""
    Lease.objects.filter(name=LEADER, holder=holder).update(holder="")


def leader() -> str:
    """Returns who leads; "" where nobody does."""
    return Lease.objects.filter(name=LEADER, until__gt=timezone.now()).values_list("holder", flat=True).first() or ""
