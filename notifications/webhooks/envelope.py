"""The body that webhooks get: MLflow's envelope, around what MLflow's own events lack."""

import json
from typing import Any

from django.utils import timezone

from notifications.choices import Event
from notifications.models import Message

PING = "webhook.ping"


def body_of(message: Message) -> str:
    """Returns a message as webhooks get it, as JSON in ASCII."""
    data = {"format": message.format, **message.payload}
    return _body(message.event, message.at.isoformat(), data, message.workspace)


def ping(webhook_id: int, url: str) -> str:
    """Returns the body by which somebody tries a webhook out."""
    said = "If you can read this, the webhook works."
    return _body(PING, timezone.now().isoformat(), {"webhook": webhook_id, "url": url, "sentence": said}, "")


def names_of(events: list[str]) -> list[str]:
    """Returns what the events of a webhook are called for people; all of them where it names none."""
    return [Event(name).label for name in events] if events else ["everything"]


def _body(event: str, timestamp: str, data: dict[str, Any], workspace: str) -> str:
    entity, _, action = event.partition(".")
    envelope = {"entity": entity, "action": action, "timestamp": timestamp, "data": data}
    return json.dumps(envelope | ({"workspace": workspace} if workspace else {}))
