"""Looks, again and again, whether a version that was deleted is in MLflow again: nobody else would see it come back."""

from audit.actors import Actor, Door
from promote_requests.models import PromoteRequest
from promote_requests.services.gating import UNFINISHED
from promote_requests.services.moves.gone import notice_presence
from registry import patience

_PATIENCE = 10.0
"""Seconds that MLflow gets for each request."""


def look_for_deleted() -> None:
    """Asks MLflow for the version of each unfinished request that says that it is deleted; writes where it is back."""
    gone = PromoteRequest.objects.filter(status__in=UNFINISHED, gone_at__isnull=False)
    for promote_request in gone.order_by("number"):
        with patience.at_most(_PATIENCE, afresh=True):
            notice_presence(promote_request, actor=Actor.checkpoint(Door.WORKER))
