"""How much waits to be told, and since when."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q, QuerySet
from django.utils import timezone

from notifications.choices import State
from notifications.models import Delivery, Letter, Message


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in one place.

    Attributes:
        waiting: How many rows.
        oldest: Since when the oldest of them waits; None where none does.
        held: How many of them wait because their webhook is paused or off; they are not counted in `oldest`.
        given_up: How many rows were given up.
    """

    name: str
    waiting: int
    oldest: datetime | None
    held: int
    given_up: int


def queues() -> tuple[Queue, ...]:
    """Returns what waits in the outbox, to be delivered to webhooks, and to be mailed."""
    callable_now = Q(webhook__paused_until=None) | Q(webhook__paused_until__lte=timezone.now())
    callable_now &= Q(webhook__is_active=True)
    return (
        _queue("Messages", Message.objects.all(), None),
        _queue("Deliveries to webhooks", Delivery.objects.all(), callable_now),
        _queue("Mail", Letter.objects.all(), None),
    )


def messages_given_up() -> "QuerySet[Message]":
    """Returns the messages that no channel would take, the newest first."""
    return Message.objects.filter(state=State.DEAD).order_by("-finished_at")


def deliveries_given_up() -> "QuerySet[Delivery]":
    """Returns the deliveries that failed for good, the newest first, with their webhooks."""
    return Delivery.objects.filter(state=State.DEAD).select_related("webhook").order_by("-finished_at")


def letters_given_up() -> "QuerySet[Letter]":
    """Returns what no mail server took, the newest first, with reader and message."""
    return Letter.objects.filter(state=State.DEAD).select_related("reader", "message").order_by("-finished_at")


def _queue(
    name: str, rows: "QuerySet[Message] | QuerySet[Delivery] | QuerySet[Letter]", callable_now: Q | None
) -> Queue:
    waiting = Q(state=State.WAITING)
    if callable_now is None:
        found = rows.aggregate(
            waiting=Count("pk", filter=waiting),
            oldest=Min("created_at", filter=waiting),
            given_up=Count("pk", filter=Q(state=State.DEAD)),
        )
        return Queue(name, found["waiting"], found["oldest"], 0, found["given_up"])
    found = rows.aggregate(
        waiting=Count("pk", filter=waiting),
        # Not `~held`, which would leave out webhooks that were never paused: NULL is not later than now, nor not.
        oldest=Min("created_at", filter=waiting & callable_now),
        held=Count("pk", filter=waiting) - Count("pk", filter=waiting & callable_now),
        given_up=Count("pk", filter=Q(state=State.DEAD)),
    )
    return Queue(name, found["waiting"], found["oldest"], found["held"], found["given_up"])
