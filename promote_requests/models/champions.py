"""What was said of champions after they were promoted."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest


class ChampionReview(AppendOnly):
    """Somebody's word that a version in use was looked at again, on the evidence that `evidence_digest` names."""

    promote_request = models.ForeignKey(
        PromoteRequest,
        on_delete=models.PROTECT,
        related_name="champion_reviews",
        help_text="By which the version got the target.",
    )
    reviewer = person(related_name="+")
    request_author = person(related_name="+")
    body = models.TextField()
    evidence_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(reviewer=F("request_author")), name="nobody_reviews_their_own_champion"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"Review of the champion by #{self.promote_request_id}"
