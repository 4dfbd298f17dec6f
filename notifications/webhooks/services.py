"""The services of webhooks: the only writers, called by page and API. Each takes an actor and leaves an audit row."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from foundation.texts import checked
from notifications.choices import Event, Format
from notifications.models import Delivery, Webhook
from notifications.outbox import claiming
from notifications.permissions import require_manager
from notifications.webhooks import addresses, envelope, secrets

FORMER_VALID = timedelta(days=1)
"""How long the former secret signs too after a new one was made."""
MOST = 100
"""Webhooks of an installation."""


@trail.records_refusals
def create(
    *,
    actor: Actor,
    url: str,
    events: Sequence[str] = (),
    model_pattern: str = "*",
    description: str = "",
    format: str = Format.CHECKPOINT,
) -> tuple[Webhook, str]:
    """Makes a webhook, and returns it with its secret, which is told only now.

    Args:
        actor: Its owner, who is told when it fails for good.
        url: Http or https.
        events: Values of `Event`; none, or `*` alone, stands for all.
        model_pattern: A glob that ignores case.
        description: For people.
        format: A `Format`.

    Raises:
        InvalidInput: a field is wrong, or there are too many webhooks.
        NotAllowed: the actor may not manage webhooks.
    """
    require_manager(actor)
    values = _checked(url, events, model_pattern, description, format)
    if Webhook.objects.count() >= MOST:
        raise InvalidInput(f"There are {MOST} webhooks: delete one that nobody needs.", field="url")
    secret = secrets.new()
    with transaction.atomic():
        webhook = Webhook.objects.create(owner_id=actor.account.pk, secret=secrets.encrypt(secret), **values)
        _record(actor, webhook, f"made for {addresses.shown(webhook.url)}")
    return webhook, secret


@trail.records_refusals
def edit(
    *,
    actor: Actor,
    webhook: Webhook,
    url: str | None = None,
    events: Sequence[str] | None = None,
    model_pattern: str | None = None,
    description: str | None = None,
    format: str | None = None,
    is_active: bool | None = None,
) -> Webhook:
    """Changes what is given. Switching it on, or another address, forgets the failures of before.

    Raises:
        InvalidInput, NotAllowed: as in `create`.
    """
    require_manager(actor)
    values = _checked(
        webhook.url if url is None else url,
        webhook.events if events is None else events,
        webhook.model_pattern if model_pattern is None else model_pattern,
        webhook.description if description is None else description,
        webhook.format if format is None else format,
    )
    values["is_active"] = webhook.is_active if is_active is None else is_active
    changed = [name for name, value in values.items() if getattr(webhook, name) != value]
    if not changed:
        return webhook
    if "url" in changed or ("is_active" in changed and values["is_active"]):
        values |= {"failures": 0, "paused_until": None}
    with transaction.atomic():
        Webhook.objects.filter(pk=webhook.pk).update(**values)
        webhook.refresh_from_db()
        _record(actor, webhook, "; ".join(f"{name} became {_said(name, values[name])!r}" for name in changed))
    return webhook


@trail.records_refusals
def delete(*, actor: Actor, webhook: Webhook) -> None:
    """Deletes a webhook with its deliveries; what waits is not sent.

    Raises:
        NotAllowed: as in `create`.
    """
    require_manager(actor)
    with transaction.atomic():
        _record(actor, webhook, f"deleted: {addresses.shown(webhook.url)}")
        webhook.delete()


@trail.records_refusals
def rotate(*, actor: Actor, webhook: Webhook) -> str:
    """Makes a new secret and returns it; the former one signs too for `FORMER_VALID`, unless nobody can read it.

    Raises:
        NotAllowed: as in `create`.
    """
    require_manager(actor)
    secret = secrets.new()
    with transaction.atomic():
        locked = Webhook.objects.select_for_update().get(pk=webhook.pk)
        if secrets.is_readable(locked.secret):
            locked.former_secret, locked.former_until = locked.secret, timezone.now() + FORMER_VALID
        else:
            locked.former_secret, locked.former_until = "", None
        locked.secret = secrets.encrypt(secret)
        locked.save(update_fields=["secret", "former_secret", "former_until"])
        _record(actor, locked, "got a new secret")
    return secret


@trail.records_refusals
def test(*, actor: Actor, webhook: Webhook) -> Delivery:
    """Has a ping sent, and returns its delivery.

    Raises:
        WrongState: the webhook is switched off.
        NotAllowed: as in `create`.
    """
    require_manager(actor)
    _require_active(webhook)
    with transaction.atomic():
        _call_soon(webhook)
        return Delivery.objects.create(webhook=webhook, event=envelope.PING, body=envelope.ping(webhook))


@trail.records_refusals
def redeliver(*, actor: Actor, delivery: Delivery) -> Delivery:
    """Has a delivery sent again, whatever became of it, under the same id and with the same body.

    Raises:
        WrongState: the webhook is switched off.
        NotAllowed: as in `create`.
    """
    require_manager(actor)
    _require_active(delivery.webhook)
    with transaction.atomic():
        _call_soon(delivery.webhook)
        claiming.send_again(Delivery.objects.filter(pk=delivery.pk))
    delivery.refresh_from_db()
    return delivery


def _call_soon(webhook: Webhook) -> None:
    """Ends a pause: somebody looks now. The failures stay counted, so that the next one pauses it again."""
    Webhook.objects.filter(pk=webhook.pk).update(paused_until=None)


def _require_active(webhook: Webhook) -> None:
    if not webhook.is_active:
        raise WrongState("The webhook is switched off: switch it on first.")


def _record(actor: Actor, webhook: Webhook, reason: str) -> None:
    trail.record(AuditAction.WEBHOOK_CHANGED, actor=actor, about=webhook.about, reason=reason)


def _said(name: str, value: Any) -> Any:
    """Returns a value as the record has it, which more people read than may know an address."""
    return addresses.shown(value) if name == "url" else value


def _checked(url: str, events: Sequence[str], model_pattern: str, description: str, body_format: str) -> dict[str, Any]:
    if body_format not in Format.values:
        raise InvalidInput(f"{body_format!r} is not a format: use {', '.join(Format.values)}.", field="format")
    pattern = checked(model_pattern, field="model_pattern", longest=256, called="The pattern")
    return {
        "url": addresses.checked(url),
        "format": body_format,
        "events": _checked_events(events),
        "model_pattern": pattern or "*",
        # In one line, as it is a heading and the subject of a mail.
        "description": " ".join(
            checked(description, field="description", longest=200, called="The description").split()
        ),
    }


def _checked_events(events: Sequence[str]) -> list[str]:
    if list(events) == ["*"]:
        return []
    if unknown := [name for name in events if name not in Event.values]:
        raise InvalidInput(f"{unknown[0]!r} is not an event: use {', '.join(Event.values)}.", field="events")
    return [name for name in Event.values if name in events]
