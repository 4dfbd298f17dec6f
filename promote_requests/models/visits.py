"""When somebody looked at a request, for nobody's eyes but their own."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from promote_requests.models.requests import PromoteRequest


class Visit(models.Model):
    """One reader's last visit to one request's page, and the end of the visit before. Not the record: rows may go."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.CASCADE, related_name="+")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    last_at = models.DateTimeField(help_text="When the reader looked last, to within a minute.")
    previous_at = models.DateTimeField(null=True, help_text="When the visit before this one ended.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["promote_request", "reader"], name="one_visit_per_reader"),
        ]

    def __str__(self) -> str:
        return f"Visit to #{self.promote_request_id}"
