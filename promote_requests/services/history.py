"""What happened around a request: who held its target before, and what else was asked of its version."""

from dataclasses import dataclass

from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.proposals import Change
from registry.targets import TargetKind

HOLDERS_SHOWN = 5
OTHERS_SHOWN = 5
_NOT_SHOWN = ("gate_results", "description")


@dataclass(frozen=True, slots=True)
class History:
    """The requests around one, newest first, without their frozen evidence.

    Attributes:
        holders: Promoted requests that set the same target of the same model.
        champion_by: The one by which the champion that the page shows got the target; None where it is not on record.
        replaced_by: For a promoted request the one that set its target next.
        others: Requests for the same version.
    """

    holders: tuple[PromoteRequest, ...]
    champion_by: PromoteRequest | None
    replaced_by: PromoteRequest | None
    others: tuple[PromoteRequest, ...]


def history_of(promote_request: PromoteRequest, champion_version: str | None, *, reader: int | None) -> History:
    """Returns what happened around a request, in two queries.

    Args:
        promote_request: The request.
        champion_version: Who holds the target as the page shows it.
        reader: The key of whoever looks; drafts are their author's alone.
    """
    same_target = PromoteRequest.objects.filter(
        status=Status.PROMOTED,
        change=Change.SET,
        workspace=promote_request.workspace,
        target_kind=promote_request.target_kind,
        target_name=promote_request.target_name,
    )
    if promote_request.target_kind != TargetKind.MODEL:
        same_target = same_target.filter(model_name=promote_request.model_name)
    rows = same_target.exclude(pk=promote_request.pk).defer(*_NOT_SHOWN).order_by("-promoted_at", "-number")
    holders = tuple(rows[:HOLDERS_SHOWN])
    at = promote_request.promoted_at
    later = [found for found in holders if at is not None and found.promoted_at is not None and found.promoted_at > at]
    # What became champion after this one was promoted is not what this one replaced.
    earlier = [found for found in holders if found not in later]
    by = next((found for found in earlier if (found.promoted_version or found.version) == champion_version), None)
    others = (
        PromoteRequest.objects.for_version(
            promote_request.workspace, promote_request.model_name, promote_request.version
        )
        .visible_to(reader)
        .exclude(pk=promote_request.pk)
        .defer(*_NOT_SHOWN)
        .order_by("-number")
    )
    return History(holders, by, later[-1] if later else None, tuple(others[:OTHERS_SHOWN]))
