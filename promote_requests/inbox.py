"""What waits for whom."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.querysets import PromoteRequestQuerySet

if TYPE_CHECKING:
    from accounts.models import User


def waiting_for(person: "User") -> PromoteRequestQuerySet:
    """Returns the open requests of others whose present evidence this person has not judged yet."""
    judged = Review.objects.filter(
        promote_request=OuterRef("pk"),
        reviewer=person,
        evidence_fingerprint=OuterRef("evidence_fingerprint"),
        created_at__gte=OuterRef("opened_at"),
    ).exclude(verdict=Verdict.COMMENT)
    return PromoteRequest.objects.open().exclude(author=person).filter(~Exists(judged))
