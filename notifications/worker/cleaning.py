"""Deletes what nobody reads any more."""

from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from notifications.choices import State
from notifications.models import Delivery, Letter, Message, Notice

KEPT = {State.DONE: timedelta(days=30), State.DEAD: timedelta(days=90)}
"""How long finished work is kept, counted from its end."""
KEPT_NEW = timedelta(days=90)
"""How long a notice is kept that nobody looked at; one that somebody did as long as finished work."""
_BATCH = 1_000


def clear_sessions() -> None:
    """Deletes the sessions that have ended."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


def clear_messages() -> None:
    """Deletes what was sent long ago, and messages of which nothing is left; a part at a time: no lock lasts."""
    for state, kept in KEPT.items():
        _clear(Delivery.objects.filter(state=state, finished_at__lt=timezone.now() - kept))
        _clear(Letter.objects.filter(state=state, finished_at__lt=timezone.now() - kept))
    _clear(Notice.objects.filter(at__lt=timezone.now() - KEPT_NEW), by="at")
    _clear(Notice.objects.filter(at__lt=timezone.now() - KEPT[State.DONE], read_at__isnull=False), by="at")
    for state, kept in KEPT.items():
        told = Message.objects.filter(state=state, finished_at__lt=timezone.now() - kept)
        for rows in (Delivery, Letter, Notice):
            told = told.filter(~Exists(rows._default_manager.filter(message=OuterRef("pk"))))
        _clear(told)


def _clear(old: QuerySet[Any], *, by: str = "finished_at") -> None:
    while keys := list(old.order_by(by).values_list("pk", flat=True)[:_BATCH]):
        old.model._default_manager.filter(pk__in=keys).delete()
