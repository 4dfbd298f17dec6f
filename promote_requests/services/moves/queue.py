"""Requests that wait for the same target: they know of each other, and hear of it when one of them gets there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db.models import Q

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from promote_requests import sentences
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.moves.holders import NOT_SHOWN, same_target
from registry.targets import TargetKind

_WAITING = (Status.OPEN, Status.PROMOTING)


def _slot(promote_request: PromoteRequest) -> tuple[str, ...]:
    """Returns what two requests for the same target have in common."""
    is_copy = promote_request.target_kind == TargetKind.MODEL
    model = "" if is_copy else promote_request.model_name
    return promote_request.workspace, model, promote_request.target_kind, promote_request.target_name


def beside(requests: Iterable[PromoteRequest]) -> dict[int, Sequence[PromoteRequest]]:
    """Returns {number: the others that wait for the same target, oldest first}, in one query for all of them.

    Drafts are left out, which are nobody's but their author's; so is everything about a request that has ended.
    """
    asking = [one for one in requests if one.status in (*_WAITING, Status.DRAFT) and one.target.has_champion]
    if not asking:
        return {}
    waiting: dict[tuple[str, ...], list[PromoteRequest]] = defaultdict(list)
    found = PromoteRequest.objects.filter(
        Q(model_name__in={one.model_name for one in asking}) | Q(target_kind=TargetKind.MODEL),
        status__in=_WAITING,
        workspace__in={one.workspace for one in asking},
        target_kind__in={one.target_kind for one in asking},
        target_name__in={one.target_name for one in asking},
    )
    for one in found.select_related("author").defer(*NOT_SHOWN).order_by("number"):
        waiting[_slot(one)].append(one)
    return {
        one.number: [other for other in waiting.get(_slot(one), []) if other.number != one.number] for one in asking
    }


def tell_of_new_holder(promoted: PromoteRequest, *, actor: Actor) -> None:
    """Tells the other requests for a target that it has a new holder, in the transaction that records the promotion.

    Whoever approved one of them has compared with the former champion, so their approval does not count any more: the
    next look at the facts says so. This says it to them at once. Their rows are not locked: who promotes one of them at
    this moment holds its row and waits for this transaction.
    """
    if not promoted.target.has_champion:
        return
    for other in same_target(promoted).filter(status=Status.OPEN).exclude(pk=promoted.pk).order_by("number"):
        trail.record(
            AuditAction.ASKED_AGAIN, about=other.about, reason=sentences.has_a_new_holder(promoted), actor=actor
        )
