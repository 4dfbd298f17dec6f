"""The outbox, who leads, what is told to whom, and what was sent."""

from notifications.models.people import Letter, Notice, Preference, Reminder, Subscription
from notifications.models.webhooks import Delivery, Webhook
from notifications.models.work import Lease, Message, Work

__all__ = [
    "Delivery",
    "Lease",
    "Letter",
    "Message",
    "Notice",
    "Preference",
    "Reminder",
    "Subscription",
    "Webhook",
    "Work",
]
