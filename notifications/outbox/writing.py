"""Writes what is to be told into the outbox."""

from datetime import datetime
from typing import Any

from notifications.choices import Event
from notifications.models import Message, Subscription

FORMAT = 1
"""Of the payloads that are written today; docs/webhooks.md describes it."""


_FOLLOWS_OTHERS = (Event.PROMOTED, Event.ROLLED_BACK)
"""Told after the beginning of the promotion, by which the same person takes part already."""


def announce(
    event: Event,
    *,
    at: datetime,
    workspace: str,
    model_name: str,
    request_number: int,
    actor_id: int | None,
    payload: dict[str, Any],
    audience: dict[str, list[int]] | None = None,
) -> Message:
    """Adds a message. Call it in the transaction of what happened: both are there then, or neither.

    Args:
        event: What happened.
        at: When.
        workspace: Canonical.
        model_name: Of the version that it is about.
        request_number: The promote request's.
        actor_id: The key of who did it; None for Checkpoint itself.
        payload: JSON of format `FORMAT`, whole: what it says was so at this moment.
        audience: As `Message.audience`; None for all whom such an event concerns.
    """
    if actor_id is not None and event not in _FOLLOWS_OTHERS:
        # Who does something about a request follows it, unless they have muted it.
        Subscription.objects.get_or_create(request_number=request_number, user_id=actor_id)
    return Message.objects.create(
        event=event,
        format=FORMAT,
        at=at,
        workspace=workspace,
        model_name=model_name,
        request_number=request_number,
        actor_id=actor_id,
        payload=payload,
        audience=audience or {},
    )
