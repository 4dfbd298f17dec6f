"""Records direct changes that the guard refused.

Anybody on the network may be refused as often as they like where `CHECKPOINT_ANONYMOUS` is `write`, so calls without
credentials have only so many rows per caller and hour. The others are counted, and one row says how many they were.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor, ActorKind, Door
from audit.choices import AuditAction
from audit.models import AnonymousRefusals
from audit.trail import About
from foundation.words import counted

ROWS_PER_HOUR = 5
_HOUR = timedelta(hours=1)
_NETWORK_BITS = 64
"""Of an IPv6 address: whoever has one has all of the network."""


def record(*, actor: Actor, about: About, reason: str) -> bool:
    """Records a refused call, or counts it where its anonymous caller has had enough rows in this hour.

    Returns:
        Whether it got a row.
    """
    if actor.kind is not ActorKind.ANONYMOUS:
        trail.record(AuditAction.CALL_REFUSED, actor=actor, about=about, reason=reason)
        return True
    now = timezone.now()
    end_hours(now)
    with transaction.atomic():
        # Locked, so that of calls at the same moment each gets a number of its own.
        counts = AnonymousRefusals.objects.select_for_update()
        count, _ = counts.get_or_create(caller=_caller(actor.origin), hour=_hour(now))
        count.count += 1
        count.save(update_fields=["count"])
        if count.count == ROWS_PER_HOUR:
            reason = f"{reason} More calls from {count.caller} are only counted until {_hour(now) + _HOUR:%H:%M} UTC."
        if count.count > ROWS_PER_HOUR:
            return False
        trail.record(AuditAction.CALL_REFUSED, actor=actor, about=about, reason=reason)
        return True


def end_hours(now: datetime | None = None) -> None:
    """Records, for each caller, the calls of past hours that had no row; call it before the trail is read."""
    over = AnonymousRefusals.objects.filter(hour__lt=_hour(now or timezone.now())).order_by("hour", "pk")
    for pk in list(over.values_list("pk", flat=True)):
        with transaction.atomic():
            # Of several that find it, one takes it away and records it.
            count = AnonymousRefusals.objects.select_for_update().filter(pk=pk).first()
            if count is None:
                continue
            if count.count > ROWS_PER_HOUR:
                _record_count(count)
            count.delete()


def _record_count(count: AnonymousRefusals) -> None:
    more = counted(count.count - ROWS_PER_HOUR, "more call")
    reason = f"{more} from {count.caller} between {count.hour:%Y-%m-%d %H:%M} and {count.hour + _HOUR:%H:%M} UTC."
    trail.record(AuditAction.CALLS_COUNTED, actor=Actor.anonymous(Door.PROXY, origin=count.caller), reason=reason)


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _caller(origin: str) -> str:
    try:
        address = ip_address(origin)
    except ValueError:
        return origin[:64] or "an unknown address"
    return str(ip_network((address, _NETWORK_BITS), strict=False)) if address.version == 6 else str(address)
