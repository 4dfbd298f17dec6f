"""Deletes what nobody reads any more."""

from datetime import timedelta
from importlib import import_module

from django.conf import settings
from django.utils import timezone

from notifications.choices import State
from notifications.models import Message

KEPT = {State.DONE: timedelta(days=30), State.DEAD: timedelta(days=90)}
"""How long finished work is kept, counted from its end."""
_BATCH = 1_000


def clear_sessions() -> None:
    """Deletes the sessions that have ended."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def clear_messages() -> None:
    """Deletes messages that were told long ago, and what was sent of them; some at a time, so that no lock lasts."""
    for state, kept in KEPT.items():
        old = Message.objects.filter(state=state, finished_at__lt=timezone.now() - kept).order_by("finished_at")
        while keys := list(old.values_list("pk", flat=True)[:_BATCH]):
            Message.objects.filter(pk__in=keys).delete()
