"""Which requests wait for whom."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from promote_requests.models import PromoteRequest, Review
from promote_requests.querysets import PromoteRequestQuerySet

if TYPE_CHECKING:
    from accounts.models import User


def waiting_for(person: "User") -> PromoteRequestQuerySet:
    """Returns the open requests of others whose present evidence this person has not judged yet."""
    judged = Review.objects.standing().filter(
        promote_request=OuterRef("pk"), reviewer=person, evidence_fingerprint=OuterRef("evidence_fingerprint")
    )
    return PromoteRequest.objects.open().exclude(author=person).filter(~Exists(judged))
