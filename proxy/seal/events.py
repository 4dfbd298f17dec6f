"""Seals what a request is about in the transaction that opens it: every process knows once it is committed."""

from typing import Any

from django.db import transaction

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests.models import PromoteRequest
from promote_requests.services import keeping_their_version
from proxy.seal import background, store
from registry.targets import Target, TargetKind

_BEGINS = frozenset({AuditAction.CREATED, AuditAction.SUBMITTED, AuditAction.REOPENED, AuditAction.PROMOTION_STARTED})


def on_event(instance: AuditEvent, *, created: bool, raw: bool = False, **_: Any) -> None:
    """Seals what a row of the trail opens or promotes; lets every look be old when a rule changed."""
    if not created or raw:
        return
    if instance.action == AuditAction.RULE_CHANGED:
        store.expire_all()
    elif instance.promote_request_id is None:
        return
    elif instance.action in _BEGINS:
        if keeping_their_version().filter(pk=instance.promote_request_id).exists():
            store.mark_judged(instance.workspace, instance.model_name, instance.version)
            _learn_soon(instance.workspace)
    elif instance.action == AuditAction.PROMOTED:
        target = Target.parse(instance.target)
        if target.kind == TargetKind.MODEL:
            # The copy stays what it is, which is what the original is made of.
            promote_request = PromoteRequest.objects.get(pk=instance.promote_request_id)
            store.mark_held(instance.workspace, target.name, promote_request.promoted_version, target)
            _learn_soon(instance.workspace)


def _learn_soon(workspace: str) -> None:
    transaction.on_commit(lambda: background.want(workspace))
