"""The body that webhooks get: MLflow's envelope around what MLflow's own events lack, or a message for a chat."""

import json
from typing import Any

from django.utils import timezone

from notifications.choices import Event, Format
from notifications.figures import NOTHING, Figures, figures_of, tells_figures
from notifications.models import Message, Webhook
from notifications.webhooks import chat

PING = "webhook.ping"


def body_of(message: Message, webhook: Webhook) -> str:
    """Returns a message as a webhook gets it, as JSON in ASCII."""
    data = {"format": message.format, **message.payload}
    return _body(webhook, message.event, message.at.isoformat(), data, message.workspace, _figures(message, webhook))


def prepare(message: Message, webhook: Webhook) -> None:
    """Reads beforehand what of the evidence a body will need, which takes its time."""
    _figures(message, webhook)


def _figures(message: Message, webhook: Webhook) -> Figures:
    is_chat = webhook.format in (Format.SLACK, Format.TEAMS)
    has_figures = is_chat and tells_figures(message.event)
    return figures_of(message.payload.get("evidence_digest", "")) if has_figures else NOTHING


def ping(webhook: Webhook) -> str:
    """Returns the body by which somebody tries a webhook out."""
    data = {"webhook": webhook.pk, "url": webhook.url, "sentence": "If you can read this, the webhook works."}
    return _body(webhook, PING, timezone.now().isoformat(), data, "")


def names_of(events: list[str]) -> list[str]:
    """Returns what the events of a webhook are called for people; all of them where it names none."""
    return [Event(name).label for name in events] if events else ["everything"]


def _body(
    webhook: Webhook, event: str, timestamp: str, data: dict[str, Any], workspace: str, figures: Figures = NOTHING
) -> str:
    if webhook.format == Format.SLACK:
        return json.dumps(chat.slack(data, figures))
    if webhook.format == Format.TEAMS:
        return json.dumps(chat.teams(data, figures))
    entity, _, action = event.partition(".")
    envelope = {"entity": entity, "action": action, "timestamp": timestamp, "data": data}
    return json.dumps(envelope | ({"workspace": workspace} if workspace else {}))
