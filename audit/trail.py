"""Writes the audit trail. A row is written in the transaction of what it records."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, Self, TypeVar

from django.db import transaction

from audit.actors import Actor
from audit.choices import AuditAction
from audit.models import AuditEvent
from audit.signals import event_recorded
from foundation.exceptions import CheckpointError, InvalidInput
from foundation.texts import storable_text
from registry.exceptions import RegistryError
from registry.proposals import Proposal

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class About:
    """What a row is about; empty where it is about nothing of that kind.

    Attributes:
        target: As `Target` prints it, or a rule's pattern.
        request_number: Of a promote request.
    """

    workspace: str = ""
    model_name: str = ""
    version: str = ""
    target: str = ""
    request_number: int | None = None

    @classmethod
    def of(cls, proposal: Proposal, request_number: int | None = None) -> Self:
        """Returns what a row about a proposal, or about the request for it, says."""
        target = str(proposal.target)
        return cls(proposal.workspace, proposal.model_name, proposal.version, target, request_number)


NOTHING = About()
"""What is about the installation as a whole."""


def record(
    action: AuditAction,
    *,
    actor: Actor,
    about: About = NOTHING,
    from_status: str = "",
    to_status: str = "",
    reason: str = "",
) -> AuditEvent:
    """Adds one row and announces it once the transaction around it has committed.

    Texts may hold anything that a caller sent: what no database takes is replaced, because a row that cannot be written
    is an attempt unseen.
    """
    event = AuditEvent.objects.create(
        action=action,
        actor_id=actor.user_id,
        actor_name=actor.name,
        promote_request_id=about.request_number,
        workspace=storable_text(about.workspace)[:256],
        model_name=storable_text(about.model_name)[:256],
        version=storable_text(about.version)[:32],
        target=storable_text(about.target)[:270],
        from_status=from_status,
        to_status=to_status,
        reason=storable_text(reason),
        request_id=actor.request_id[:64],
    )
    transaction.on_commit(partial(event_recorded.send_robust, sender=AuditEvent, event=event))
    return event


def record_refusal(refusal: CheckpointError, *, attempt: str, actor: Actor, about: About = NOTHING) -> None:
    """Adds the row of something refused; for doors, only where no service was asked or its row was undone.

    Bad input is the caller's to mend and upstream's failures have rows of their own: neither is a refusal.
    """
    if isinstance(refusal, InvalidInput | RegistryError):
        return
    record(AuditAction.REFUSED, actor=actor, about=about, reason=f"{attempt}: {refusal.message}")


def records_refusals(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service so that what it refuses (403 and 409) leaves a row, though its own transaction is undone.

    Where a door has a transaction of its own round the service, that takes the row with it: see `record_refusal`.
    """

    @wraps(service)
    def recording(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except CheckpointError as refusal:
            record_refusal(
                refusal,
                attempt=service.__name__,
                actor=kwargs["actor"],  # type: ignore[arg-type]
                about=_about(kwargs),
            )
            raise

    return recording


def _about(given: dict[str, Any]) -> About:
    """Returns what an attempt was about, from what its service was given: a row with an `about`, or a proposal."""
    for value in given.values():
        if isinstance(value, Proposal):
            return About.of(value)
        if isinstance(found := getattr(value, "about", None), About):
            return found
    return NOTHING
