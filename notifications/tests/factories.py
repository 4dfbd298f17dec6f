"""Messages as a room above writes them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from notifications.choices import Event
from notifications.models import Message
from notifications.outbox.writing import announce


def message(event: Event = Event.PROMOTED, **values: Any) -> Message:
    given = {"workspace": "", "model_name": "Fraud", "request_number": 7, "actor_id": None}
    payload = {"sentence": "ada promoted #7: Fraud version 2 to Production.", "actor": {"name": "ada"}}
    return announce(event, **{"at": timezone.now(), "payload": payload} | given | values)


def let_pass(rows: Any, seconds: float) -> None:
    """Makes the rows as due as they are so many seconds later."""
    for row in rows:
        type(row).objects.filter(pk=row.pk).update(due_at=row.due_at - timedelta(seconds=seconds))
