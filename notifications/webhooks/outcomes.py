"""Writes what came of attempts: into the deliveries, and into the webhook, which is left alone when they fail."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from accounts import mail
from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from foundation.addresses import absolute
from notifications.models import Delivery, Webhook
from notifications.outbox import claiming
from notifications.webhooks import health
from notifications.webhooks.links import webhook_path
from notifications.webhooks.sending import Answer

logger = logging.getLogger("checkpoint.worker")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt: what was sent, with which headers, what came of it, and when."""

    delivery: Delivery
    headers: dict[str, str]
    answer: Answer
    at: datetime = field(default_factory=timezone.now)


def write(webhook: Webhook, outcomes: Sequence[Outcome]) -> None:
    """Writes outcomes in the order in which they came, and tells the owner if the webhook was switched off by them.

    Args:
        webhook: To which all of them went.
        outcomes: Of one claim; after a failure comes none.
    """
    was_switched_off = False
    succeeded = [outcome for outcome in outcomes if not outcome.answer.error]
    with transaction.atomic():
        if _write_done(succeeded) < len(succeeded):
            logger.info("Deliveries of webhook %s took so long that somebody else has them now.", webhook.pk)
        if succeeded and webhook.failures:
            webhook.failures, webhook.paused_until = 0, None
            Webhook.objects.filter(pk=webhook.pk).update(failures=0, paused_until=None)
        for outcome in outcomes[len(succeeded) :]:
            answer = outcome.answer
            claiming.fail(outcome.delivery, answer.error, asked_for=answer.asked_for, **_known(outcome))
            was_switched_off = _count_failure(webhook)
    if was_switched_off:
        _tell_owner(webhook)


def _write_done(outcomes: Sequence[Outcome]) -> int:
    return claiming.done_each([outcome.delivery for outcome in outcomes], [_known(outcome) for outcome in outcomes])


def _known(outcome: Outcome) -> dict[str, Any]:
    answer = outcome.answer
    return {
        "request_headers": outcome.headers,
        "attempted_at": outcome.at,
        "milliseconds": answer.milliseconds,
        "answer_status": answer.status,
        "answer_headers": answer.headers,
        "answer_body": answer.body,
    }


def _count_failure(webhook: Webhook) -> bool:
    """Counts a failure, and returns whether the webhook was switched off because of it."""
    # Locked, because several workers may send to one webhook.
    locked = Webhook.objects.select_for_update().filter(pk=webhook.pk).first()
    if locked is None:
        return False  # deleted meanwhile
    locked.failures += 1
    pause = health.pause_after(locked.failures)
    locked.paused_until = timezone.now() + pause if pause else None
    switches_off = locked.is_active and health.is_off_after(locked.failures)
    locked.is_active = locked.is_active and not switches_off
    locked.save(update_fields=["failures", "paused_until", "is_active"])
    webhook.failures, webhook.paused_until, webhook.is_active = locked.failures, locked.paused_until, locked.is_active
    if switches_off:
        reason = f"switched off after {health.OFF_AFTER} failures one after the other"
        trail.record(
            AuditAction.WEBHOOK_CHANGED, actor=Actor.checkpoint(Door.WORKER), about=webhook.about, reason=reason
        )
    return switches_off


def _tell_owner(webhook: Webhook) -> None:
    logger.warning("The webhook %s was switched off: %d attempts failed.", webhook.pk, webhook.failures)
    if webhook.owner.email:
        words = (
            f"{health.OFF_AFTER} attempts one after the other to reach the webhook {webhook} failed, so Checkpoint no "
            f"longer tries.\n\nWhat failed, and the switch: {absolute(webhook_path(webhook.pk))}\n"
        )
        mail.send(EmailMessage(f"The webhook {webhook} was switched off", words, to=[webhook.owner.email]))
