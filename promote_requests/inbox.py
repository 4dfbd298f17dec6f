"""Which requests wait for whom."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from promote_requests.models import PromoteRequest, Review
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services.moves import champions
from protection.matching import Rulebook

if TYPE_CHECKING:
    from accounts.models import User


def waiting_for(person: "User") -> PromoteRequestQuerySet:
    """Returns the open requests of others whose present evidence this person has not judged yet."""
    judged = Review.objects.standing().filter(
        promote_request=OuterRef("pk"), reviewer=person, evidence_fingerprint=OuterRef("evidence_fingerprint")
    )
    return PromoteRequest.objects.open().exclude(author=person).filter(~Exists(judged))


def to_review_afterwards(person: "User") -> PromoteRequestQuerySet:
    """Returns the promotions past the rules that nobody has reviewed and that this person may review."""
    return PromoteRequest.objects.flagged().exclude(author=person).exclude(promoted_by=person)


def champions_for(person: "User", rules: Rulebook) -> list[champions.Champion]:
    """Returns the champions that this person owns, or approved where nobody owns them, and that are due for review."""
    return champions.waiting_for(person.pk, person.get_username(), person.groups.values_list("pk", flat=True), rules)
