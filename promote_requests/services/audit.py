"""Writes the audit trail. A row is written in the transaction of what it records."""

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from django.db import transaction

from promote_requests.choices import AuditAction
from promote_requests.evidence import storable_text
from promote_requests.exceptions import InvalidInput, PromoteRequestError, RegistryError
from promote_requests.models import AuditEvent, PromoteRequest, ProtectionRule
from promote_requests.signals import event_recorded

if TYPE_CHECKING:
    from accounts.models import User

P = ParamSpec("P")
R = TypeVar("R")

SYSTEM = "Checkpoint"
"""The name under which Checkpoint records what it did by itself."""


def record(
    action: AuditAction,
    *,
    actor_id: int | None,
    actor_name: str,
    promote_request: PromoteRequest | None = None,
    workspace: str = "",
    model_name: str = "",
    version: str = "",
    target: str = "",
    from_status: str = "",
    to_status: str = "",
    reason: str = "",
    request_id: str = "",
) -> AuditEvent:
    """Adds one row and announces it once the transaction around it has committed.

    With `promote_request` given, workspace, model, version and target are taken from it. Texts may hold anything that
    a caller sent: what no database takes is replaced, because a row that cannot be written is an attempt unseen.
    """
    if promote_request is not None:
        workspace = promote_request.workspace
        model_name = promote_request.model_name
        version = promote_request.version
        target = str(promote_request.target)
    event = AuditEvent.objects.create(
        action=action,
        actor_id=actor_id,
        actor_name=actor_name,
        promote_request=promote_request,
        workspace=storable_text(workspace)[:256],
        model_name=storable_text(model_name)[:256],
        version=storable_text(version)[:32],
        target=storable_text(target)[:270],
        from_status=from_status,
        to_status=to_status,
        reason=storable_text(reason),
        request_id=request_id[:64],
    )
    transaction.on_commit(partial(event_recorded.send_robust, sender=AuditEvent, event=event))
    return event


def by(actor: "User | None") -> dict[str, "int | str | None"]:
    """Returns `record`'s two arguments about who did it; None stands for Checkpoint itself."""
    if actor is None or actor.pk is None:
        return {"actor_id": None, "actor_name": SYSTEM if actor is None else "anonymous"}
    return {"actor_id": actor.pk, "actor_name": actor.get_username()}


def record_refusal(
    refusal: PromoteRequestError,
    *,
    attempt: str,
    actor: "User",
    promote_request: PromoteRequest | None = None,
    about: dict[str, Any] | None = None,
    request_id: str = "",
) -> None:
    """Adds the row of something refused; for doors, only where no service was asked or its row was undone.

    Bad input is the caller's to mend and upstream's failures have rows of their own: neither is a refusal. `about`
    names workspace, model, version and target where there is no request to take them from.
    """
    if isinstance(refusal, InvalidInput | RegistryError):
        return
    record(
        AuditAction.REFUSED,
        promote_request=promote_request,
        reason=f"{attempt}: {refusal.message}",
        request_id=request_id,
        **(about or {}),
        **by(actor),  # type: ignore[arg-type]
    )


def records_refusals(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service so that what it refuses (403 and 409) leaves a row, though its own transaction is undone.

    Where a door has a transaction of its own round the service, that takes the row with it: see `record_refusal`.
    """

    @wraps(service)
    def recording(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except PromoteRequestError as refusal:
            record_refusal(
                refusal,
                attempt=service.__name__,
                actor=kwargs["actor"],  # type: ignore[arg-type]
                promote_request=kwargs.get("promote_request"),  # type: ignore[arg-type]
                about=_about(kwargs),
                request_id=str(kwargs.get("request_id", "")),
            )
            raise

    return recording


def about_rule(rule: ProtectionRule) -> dict[str, Any]:
    """Returns the columns in which a row says which rule it is about."""
    return {"workspace": rule.workspace_pattern, "model_name": rule.model_pattern, "target": rule.target_pattern}


def _about(given: dict[str, Any]) -> dict[str, Any]:
    """Returns what an attempt was about, from what its service was given."""
    if (rule := given.get("rule")) is not None:
        return about_rule(rule)
    return {name: str(given[name]) for name in ("workspace", "model_name", "version", "target") if name in given}
