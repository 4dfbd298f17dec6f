from functools import partial
from typing import TYPE_CHECKING

from django.apps import AppConfig

from audit.choices import AuditAction
from registry.targets import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from audit.models import AuditEvent


class PromoteRequestsConfig(AppConfig):
    """Promote requests."""

    name = "promote_requests"
    verbose_name = "Promote requests"

    def ready(self) -> None:
        """Has everything told, hides drafts of others, names what waits for a password, forgets lists when promoted."""
        from accounts.identity import suspended  # noqa: PLC0415 - apps are loaded only now
        from audit import visibility  # noqa: PLC0415
        from audit.signals import event_recorded, event_written  # noqa: PLC0415
        from notifications.people import visibility as told  # noqa: PLC0415
        from promote_requests import acts, telling  # noqa: PLC0415
        from promote_requests.querysets import draft_of_somebody_else  # noqa: PLC0415

        suspended.words.update(acts.WORDS)
        visibility.hidden_from.append(partial(draft_of_somebody_else, prefix="promote_request__"))

        told.kept_to.append(_readers)

        event_written.connect(telling.tell, dispatch_uid="promote_requests.telling")
        event_recorded.connect(_forget_lists, dispatch_uid="promote_requests.lists")


def _readers(numbers: "Collection[int]") -> dict[int, set[int]]:
    from promote_requests.models import PromoteRequest  # noqa: PLC0415 - apps are loaded only now

    return PromoteRequest.objects.filter(number__in=numbers).kept_to()


def _forget_lists(event: "AuditEvent", **_: object) -> None:
    from registry import lists  # noqa: PLC0415 - needs the cache, and so the settings

    if event.action == AuditAction.PROMOTED:
        is_stage = Target.parse(event.target).kind == TargetKind.STAGE
        lists.forget(event.workspace, has_moved_stage_only=is_stage)
