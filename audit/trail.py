"""Writes the audit trail. A row is written in the transaction of what it records."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, Self, TypeVar

from django.db import transaction

from audit.actors import Actor
from audit.choices import AuditAction
from audit.models import AuditEvent
from audit.signals import event_recorded, event_written
from foundation.exceptions import CheckpointError, InvalidInput
from foundation.texts import storable_text
from registry.exceptions import RegistryError
from registry.proposals import Proposal

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class About:
    """What a row is about. A field is empty where it does not apply.

    Attributes:
        target: A `Target` as it is printed, a rule's pattern, or `account:NAME`, `group:NAME`, `invitation:ADDRESS`,
            `webhook:ID`.
        request_number: The promote request's.
    """

    workspace: str = ""
    model_name: str = ""
    version: str = ""
    target: str = ""
    request_number: int | None = None

    @classmethod
    def of(cls, proposal: Proposal, request_number: int | None = None) -> Self:
        """Returns what a row about a proposal is about; with a number, also the request for it."""
        target = str(proposal.target)
        return cls(proposal.workspace, proposal.model_name, proposal.version, target, request_number)


NOTHING = About()
"""For rows about the installation as a whole."""


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

    Texts may hold anything that a caller sent. Characters that a database cannot store are replaced: if the row could
    not be written, nobody would see the attempt.
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
        door=actor.door,
        request_id=actor.request_id[:64],
    )
    event_written.send(sender=AuditEvent, event=event)
    transaction.on_commit(partial(event_recorded.send_robust, sender=AuditEvent, event=event))
    return event


def record_refusal(refusal: CheckpointError, *, attempt: str, actor: Actor, about: About = NOTHING) -> None:
    """Adds the row of a refusal. A door calls it only where no service was called, or where its row was rolled back.

    Bad input and errors of the registry are not refusals and get no row here.

    Args:
        refusal: What was said.
        attempt: What was tried, in plain words: `delete rule`.
        actor: Who tried.
        about: What it was about.
    """
    if isinstance(refusal, InvalidInput | RegistryError):
        return
    record(AuditAction.REFUSED, actor=actor, about=about, reason=f"{attempt}: {refusal.message}")


def records_refusals(service: Callable[P, R]) -> Callable[P, R]:
    """Decorates a service so that its refusals (403 and 409) leave a row, although its transaction is rolled back.

    Where the door runs the service inside a transaction of its own, the row is rolled back too: see `record_refusal`.
    """

    @wraps(service)
    def recording(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return service(*args, **kwargs)
        except CheckpointError as refusal:
            record_refusal(
                refusal,
                attempt=service.__name__.replace("_", " "),
                actor=kwargs["actor"],  # type: ignore[arg-type]
                about=_about(kwargs),
            )
            raise

    return recording


def _about(given: dict[str, Any]) -> About:
    """Returns what an attempt was about, from the service's arguments: a proposal, a row with an `about`, a model."""
    for value in given.values():
        if isinstance(value, Proposal):
            return About.of(value)
        if isinstance(found := getattr(value, "about", None), About):
            return found
    if "model_name" in given:
        return About(given.get("workspace", ""), given["model_name"])
    return NOTHING
