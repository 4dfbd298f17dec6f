"""The channel of webhooks: makes deliveries of messages, and sends each webhook's, one after the other."""

import logging
import time
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from threading import Event as Flag

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from foundation.database.connections import release
from foundation.exceptions import WrongState
from notifications.choices import Format
from notifications.models import Delivery, Message, Webhook
from notifications.outbox import claiming
from notifications.webhooks import envelope, outcomes, secrets, sending, signing
from notifications.webhooks.outcomes import Outcome
from registry.names import plain

BATCH = 200
"""Deliveries that are claimed together: the more, the less each costs; at most those of one second are sent twice."""
_SENT = ("pk", "uid", "webhook", "event", "body", "attempts", "claim", "due_at")
"""Of a delivery that are read to send it; not what came of the attempt before."""
_LONGEST_BATCH = 30.0
"""Seconds after which nothing more of a batch is begun: what is under way then has to end within the lease."""
_WRITES_EVERY = 1.0
"""Seconds after which outcomes are written: if the worker is killed, what was sent since is sent once more."""

logger = logging.getLogger("checkpoint.worker")


class Webhooks:
    """The channel. A lane is a webhook."""

    name = "webhooks"

    def prepare(self, messages: Sequence[Message]) -> None:
        """Reads the figures of messages that go to chats."""
        chats = list(Webhook.objects.filter(is_active=True).exclude(format=Format.CHECKPOINT))
        for message in messages:
            for webhook in chats:
                if wants(webhook, message):
                    envelope.prepare(message, webhook)

    def spread(self, messages: Sequence[Message]) -> None:
        """Writes a delivery for each webhook that wants to be told of a message, from the time at which it was made."""
        webhooks = list(Webhook.objects.filter(is_active=True))
        made = (
            Delivery(
                webhook=webhook,
                message=message,
                event=message.event,
                request_number=message.request_number,
                body=envelope.body_of(message, webhook),
            )
            for message in messages
            for webhook in webhooks
            if wants(webhook, message)
        )
        # A message that somebody has told once more is not sent again to those who had it.
        Delivery.objects.bulk_create(made, ignore_conflicts=True)

    def lanes(self) -> Iterable[int]:
        """Returns the webhooks to which something is to be sent now."""
        due = claiming.due(Delivery.objects.filter(webhook=OuterRef("pk"))).order_by()
        return list(callable_now().filter(Exists(due)).values_list("pk", flat=True))

    def run(self, lane: int, stop: Flag) -> None:
        """Sends what is due to a webhook until nothing is, or an attempt fails."""
        while not stop.is_set():
            webhook = callable_now().select_related("owner").filter(pk=lane).first()
            batch = claiming.claim(Delivery.objects.filter(webhook=lane).only(*_SENT), BATCH) if webhook else []
            if webhook is None or not batch or not _send(webhook, batch, stop):
                return


def callable_now() -> "QuerySet[Webhook]":
    """Returns the webhooks that are on and not left alone."""
    return Webhook.objects.filter(Q(paused_until=None) | Q(paused_until__lte=timezone.now()), is_active=True)


def wants(webhook: Webhook, message: Message) -> bool:
    """Tells whether a webhook is to be told of a message. Patterns ignore case, as those of protection rules do."""
    return (
        webhook.created_at <= message.at
        and (not webhook.events or message.event in webhook.events)
        and fnmatchcase(plain(message.model_name), plain(webhook.model_pattern))
    )


def _send(webhook: Webhook, batch: Sequence[Delivery], stop: Flag) -> bool:
    """Sends a batch until an attempt fails, and returns whether none did; gives back what it did not begin."""
    try:
        valid = _secrets(webhook)
    except WrongState as error:
        outcomes.write(webhook, [Outcome(batch[0], {}, sending.Answer(error=error.message))])
        claiming.give_back(batch[1:])
        return False
    begun = written = time.monotonic()
    unwritten: list[Outcome] = []
    failed = False
    private_allowed, upstream = settings.CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES, settings.CHECKPOINT_REGISTRY_URL
    with sending.Sender(webhook.url, private_allowed=private_allowed, never=upstream) as sender:
        for position, delivery in enumerate(batch):
            now = time.monotonic()
            if failed or stop.is_set() or now - begun > _LONGEST_BATCH:
                claiming.give_back(batch[position:])
                break
            if unwritten and now - written > _WRITES_EVERY:
                outcomes.write(webhook, unwritten)
                unwritten, written = [], now
            release()  # no connection to the database is held while a receiver thinks
            unwritten.append(_attempt(delivery, valid, sender))
            failed = bool(unwritten[-1].answer.error)
    outcomes.write(webhook, unwritten)
    return not failed


def _attempt(delivery: Delivery, valid: Sequence[str], sender: sending.Sender) -> Outcome:
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Checkpoint",
        "X-Checkpoint-Event": delivery.event,
        "X-Checkpoint-Attempt": str(delivery.attempts + 1),
        **signing.headers(delivery_id=str(delivery.uid), timestamp=int(time.time()), body=body, secrets=valid),
    }
    return Outcome(delivery, headers, sender.post(headers, body))


def _secrets(webhook: Webhook) -> list[str]:
    kept = [webhook.secret]
    if webhook.former_secret and webhook.former_until is not None and webhook.former_until > timezone.now():
        kept.append(webhook.former_secret)
    return [secrets.decrypt(secret) for secret in kept]
