"""Promotions past the rules: who broke the glass and why, who had consented, and who reviewed it afterwards."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest


class Consent(AppendOnly):
    """A second person's word that somebody may break the glass for what `evidence_fingerprint` names."""

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="consents")
    consented_by = person(related_name="+")
    request_author = person(related_name="+")
    words = models.TextField(blank=True)
    evidence_fingerprint = models.CharField(max_length=80)
    round = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(consented_by=F("request_author")), name="nobody_consents_to_their_own"),
        ]

    @override
    def __str__(self) -> str:
        return f"Consent on #{self.promote_request_id}"


class BrokenGlass(AppendOnly):
    """An attempt to promote past the rules: why, and what was skipped, as sentences.

    Whether it succeeded says the request: `is_bypassed` once it is promoted.
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="broken_glass")
    broken_by = person(related_name="+")
    reason = models.TextField()
    skipped = models.JSONField(help_text="The conditions that did not hold, as sentences.")
    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        permissions: ClassVar = [("break_glass", "Can promote past the rules, and consent to it")]

    @override
    def __str__(self) -> str:
        return f"Broken glass on #{self.promote_request_id}"


class AfterReview(AppendOnly):
    """Somebody else's review, after the fact, of a promotion past the rules."""

    promote_request = models.OneToOneField(PromoteRequest, on_delete=models.PROTECT, related_name="after_review")
    reviewer = person(related_name="+")
    request_author = person(related_name="+")
    broken_by = person(related_name="+")
    consented_by = person(related_name="+", null=True)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(reviewer=F("request_author")) & ~Q(reviewer=F("broken_by")),
                name="nobody_reviews_their_own_afterwards",
            ),
            models.CheckConstraint(
                condition=Q(consented_by=None) | ~Q(reviewer=F("consented_by")),
                name="who_consented_reviews_nothing_afterwards",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"Review afterwards of #{self.promote_request_id}"
