"""What requests have to do with each other: for a page of them, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Q

from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.moves.holders import NOT_SHOWN, holding
from promote_requests.services.moves.queue import beside


@dataclass(frozen=True, slots=True)
class Around:
    """What one request has to do with others.

    Attributes:
        waiting: The others that wait for the same target, oldest first.
        undone_by: Those that take its change back, or did, newest first; none that were closed.
        supersedes: Those that were closed in its favour.
        holds: Whether its version has the target now, by Checkpoint's record.
        ended_last: Whether it is closed and no other for the same ended since, so that an objection to it is in the way
            of asking anew.
    """

    waiting: Sequence[PromoteRequest] = ()
    undone_by: Sequence[PromoteRequest] = ()
    supersedes: Sequence[PromoteRequest] = ()
    holds: bool = False
    ended_last: bool = False


def around(requests: Collection[PromoteRequest]) -> dict[int, Around]:
    """Returns {number: what it has to do with others} for each, in four queries at most."""
    numbers = [one.pk for one in requests]
    promoted = [one.pk for one in requests if one.status == Status.PROMOTED]
    waiting = beside(requests)
    undone, superseded = defaultdict(list), defaultdict(list)
    linked = PromoteRequest.objects.filter(Q(undoes__in=promoted) | Q(superseded_by__in=numbers))
    linked = linked.submitted().select_related("author").defer(*NOT_SHOWN).order_by("-number")
    for one in linked if numbers else ():
        if one.undoes_id and one.status != Status.CLOSED:
            undone[one.undoes_id].append(one)
        if one.superseded_by_id:
            superseded[one.superseded_by_id].append(one)
    holding_now = set(holding().filter(pk__in=promoted).values_list("pk", flat=True)) if promoted else set()
    closed = [one.pk for one in requests if one.status == Status.CLOSED]
    last = (
        set(PromoteRequest.objects.filter(pk__in=closed).last_to_end().values_list("pk", flat=True)) if closed else ()
    )
    return {
        pk: Around(waiting.get(pk, ()), tuple(undone[pk]), tuple(superseded[pk]), pk in holding_now, pk in last)
        for pk in numbers
    }
