"""What happened around a request: who held its target before, and what else was asked of its version."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, Subquery

from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.moves.holders import same_target
from registry.proposals import Change

HOLDERS_SHOWN = 5
OTHERS_SHOWN = 5
_NOT_SHOWN = ("gate_results", "description")


@dataclass(frozen=True, slots=True)
class History:
    """The requests around one, newest first, without their frozen evidence.

    Attributes:
        holders: Promoted requests that set the same target of the same model.
        champion_by: The last by which the champion that the page shows got the target; None where it is not on record.
        replaced_by: For a promoted request the one that set its target next.
        others: Requests for the same version.
    """

    holders: tuple[PromoteRequest, ...]
    champion_by: PromoteRequest | None
    replaced_by: PromoteRequest | None
    others: tuple[PromoteRequest, ...]


def history_of(promote_request: PromoteRequest, champion_version: str | None, *, reader: int | None) -> History:
    """Returns what happened around a request, in two queries, however many promotions there were.

    Args:
        promote_request: The request.
        champion_version: Who holds the target as the page shows it.
        reader: The key of whoever looks; drafts are their author's alone.
    """
    promotions = same_target(promote_request).filter(status=Status.PROMOTED, change=Change.SET)
    rows = promotions.exclude(pk=promote_request.pk).defer(*_NOT_SHOWN).order_by("-promoted_at", "-number")
    others = (
        PromoteRequest.objects.for_version(
            promote_request.workspace, promote_request.model_name, promote_request.version
        )
        .visible_to(reader)
        .exclude(pk=promote_request.pk)
        .defer(*_NOT_SHOWN)
        .order_by("-number")
    )
    holders, champion_by, replaced_by = _promotions(rows, promote_request.promoted_at, champion_version)
    return History(holders, champion_by, replaced_by, tuple(others[:OTHERS_SHOWN]))


def _promotions(
    rows: PromoteRequestQuerySet, promoted_at: datetime | None, version: str | None
) -> tuple[tuple[PromoteRequest, ...], PromoteRequest | None, PromoteRequest | None]:
    """Returns the holders that are shown, the promotion that brought the champion, and the one that came next.

    All in one query, but neither of the two among the holders that are shown: of an old promotion these all came
    later.
    """
    sought = Q(pk__in=rows.values("pk")[:HOLDERS_SHOWN])
    if version is not None:
        # What became champion after this one was promoted is not what this one replaced.
        earlier = rows if promoted_at is None else rows.filter(promoted_at__lte=promoted_at)
        held = earlier.filter(Q(promoted_version=version) | Q(promoted_version="", version=version))
        sought |= Q(pk=Subquery(held.values("pk")[:1]))
    if promoted_at is not None:
        later = rows.filter(promoted_at__gt=promoted_at).reverse()
        sought |= Q(pk=Subquery(later.values("pk")[:1]))
    found = list(rows.filter(sought))
    came_later = [] if promoted_at is None else [row for row in found if (row.promoted_at or promoted_at) > promoted_at]
    before = [row for row in found if row not in came_later]
    champion_by = next((row for row in before if (row.promoted_version or row.version) == version), None)
    return tuple(found[:HOLDERS_SHOWN]), champion_by, came_later[-1] if came_later else None
