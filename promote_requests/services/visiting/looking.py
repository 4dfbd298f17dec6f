"""Notes that somebody looks at a request. Only they themselves are ever told."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from audit.actors import Actor
from promote_requests.models import PromoteRequest, Visit

NEW_VISIT_AFTER = timedelta(minutes=30)
"""Whoever looks again sooner is still on the same visit, and is shown the same as new."""
WRITTEN_AT_MOST_EVERY = timedelta(minutes=1)


def look(*, actor: Actor, promote_request: PromoteRequest) -> None:
    """Notes that `actor` has the request's page before them now.

    Two pages opened at once begin one visit: the second write finds that the first has moved `last_at`.
    """
    now = timezone.now()
    visits = Visit.objects.filter(promote_request=promote_request, reader=actor.account.pk)
    last_at = visits.values_list("last_at", flat=True).first()
    if last_at is None:
        first = Visit(promote_request=promote_request, reader_id=actor.account.pk, last_at=now)
        Visit.objects.bulk_create([first], ignore_conflicts=True)
    elif now - last_at >= NEW_VISIT_AFTER:
        visits.filter(last_at=last_at).update(previous_at=F("last_at"), last_at=now)
    elif now - last_at >= WRITTEN_AT_MOST_EVERY:
        visits.filter(last_at=last_at).update(last_at=now)


def last_look(reader_id: int, promote_request: PromoteRequest) -> datetime | None:
    """Returns when the reader's visit before this one ended; None on the first."""
    visits = Visit.objects.filter(promote_request=promote_request, reader=reader_id)
    return visits.values_list("previous_at", flat=True).first()
