"""Deletes who created runs and logged models that no version is made of: most runs never become one."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from audit.making.models import MadeThing, VersionPart

_BATCH = 1_000


def clear_unused() -> None:
    """Deletes what is older than CHECKPOINT_RUN_MAKERS_DAYS and part of no version; a part at a time: no lock lasts."""
    oldest = timezone.now() - timedelta(days=settings.CHECKPOINT_RUN_MAKERS_DAYS)
    unused = MadeThing.objects.filter(at__lt=oldest).exclude(
        Exists(VersionPart.objects.filter(thing_id=OuterRef("thing_id")))
    )
    while keys := list(unused.order_by("at").values_list("pk", flat=True)[:_BATCH]):
        MadeThing.objects.filter(pk__in=keys).delete()
