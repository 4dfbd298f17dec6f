"""What people wrote beside their reviews."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest


class Comment(AppendOnly):
    """A comment in a request's timeline."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="comments")
    author = person(related_name="promote_request_comments")
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    @override
    def __str__(self) -> str:
        return f"Comment on #{self.promote_request_id}"
