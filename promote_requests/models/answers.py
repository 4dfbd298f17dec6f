"""What was answered to the questions of the rules."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.models.reviews import Review
from promote_requests.querysets import AnswerManager


class Answer(AppendOnly):
    """An answer to a question of the rules: by the author, or by a reviewer in a review.

    It is never changed; a later one of the author's replaces it, and a later review its reviewer's.
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="answers")
    review = models.ForeignKey(
        Review, null=True, on_delete=models.PROTECT, related_name="answers", help_text="Null: by the author."
    )
    answered_by = person(related_name="+")
    question_key = models.CharField(max_length=16)
    question = models.CharField(max_length=300, help_text="As it was asked.")
    answer = models.TextField()
    rules = models.JSONField(help_text="[{pk, version}] of the rules that applied when it was answered.")
    was_private = models.BooleanField(default=False, help_text="Whether it was given to a draft.")
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = AnswerManager()

    class Meta:
        ordering: ClassVar = ["pk"]

    @override
    def __str__(self) -> str:
        return f"{self.question}: {self.answer}"
