"""Who was mentioned where."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from promote_requests.models.comments import Comment
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.models.reviews import Review


class Mention(models.Model):
    """That somebody is named, alone or by a group, in a comment, a review, or (with neither) the description.

    Attributes:
        told_at: When it went into the outbox, in the transaction in which the mention was written.
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="mentions")
    comment = models.ForeignKey(Comment, on_delete=models.PROTECT, null=True, related_name="mentions")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, null=True, related_name="mentions")
    mentioned = person(related_name="mentions")
    by = person(related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["comment", "mentioned"], name="one_mention_per_comment"),
            models.UniqueConstraint(fields=["review", "mentioned"], name="one_mention_per_review"),
            models.UniqueConstraint(
                fields=["promote_request", "mentioned"],
                condition=Q(comment=None, review=None),
                name="one_mention_per_description",
            ),
            models.CheckConstraint(condition=Q(comment=None) | Q(review=None), name="mentions_have_one_place"),
        ]

    @override
    def __str__(self) -> str:
        return f"Mention of {self.mentioned_id} on #{self.promote_request_id}"

    def get_absolute_url(self) -> str:
        """Returns where the words stand."""
        place = f"#comment-{self.comment_id}" if self.comment_id else f"#review-{self.review_id}"
        return f"{self.promote_request.get_absolute_url()}{place if self.comment_id or self.review_id else ''}"
