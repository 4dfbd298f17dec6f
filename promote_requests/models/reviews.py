"""What reviewers said of a request."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.choices import Verdict
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.querysets import ReviewManager


class Review(AppendOnly):
    """A reviewer's judgement, in one round, of the evidence that `evidence_fingerprint` names.

    It is never changed; a later review replaces it.
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="reviews")
    reviewer = person(related_name="reviews")
    request_author = person(related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict)
    body = models.TextField(blank=True)
    champion_version = models.CharField(max_length=64, null=True)  # noqa: DJ001 - None: nobody held it
    evidence_fingerprint = models.CharField(max_length=80)
    evidence_digest = models.CharField(max_length=64, blank=True, help_text="Names what was judged, kept for ever.")
    round = models.PositiveIntegerField(default=1)
    text_revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = ReviewManager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["promote_request", "reviewer", "-id"], name="latest_review")]
        permissions: ClassVar = [("dismiss_review", "Can dismiss a request for changes")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="verdict_is_known"),
            # Nobody approves their own request, not even by a door that forgot to check.
            models.CheckConstraint(
                condition=Q(verdict=Verdict.COMMENT) | ~Q(reviewer=F("request_author")), name="nobody_judges_their_own"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.get_verdict_display()} on #{self.promote_request_id}"

    @property
    def is_dismissed(self) -> bool:
        """Whether somebody with the right has lifted it."""
        return hasattr(self, "dismissal")

    @property
    def dismissed_at(self) -> datetime | None:
        """When somebody lifted it; None while nobody has."""
        return self.dismissal.created_at if self.is_dismissed else None

    @property
    def is_signed(self) -> bool:
        """Whether its giver signed it, and nothing of what was signed was changed in the database since."""
        return hasattr(self, "signature") and self.signature.is_intact


class Signature(AppendOnly):
    """That a reviewer signed an approval: who, when (UTC) and with which meaning (21 CFR 11.50).

    `seal` binds it to what was signed (11.70): it is the SHA-256 of the review with its evidence and of this row.
    """

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="signature")
    printed_name = models.CharField(max_length=500)
    meaning = models.TextField(help_text="What the signature says, as a sentence.")
    method = models.CharField(max_length=20, help_text="How the signer proved who they are.")
    signed_at = models.DateTimeField()
    seal = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["pk"]

    @override
    def __str__(self) -> str:
        return f"Signature of {self.printed_name}"

    @property
    def is_intact(self) -> bool:
        """Whether neither the signature nor what was signed was changed in the database since."""
        return self.seal == self.sealed()

    def sealed(self) -> str:
        """Returns the seal that belongs to the values that the rows have now."""
        review = self.review
        said = [
            1,
            review.promote_request_id,
            review.reviewer_id,
            review.verdict,
            review.body,
            review.round,
            review.text_revision,
            review.evidence_fingerprint,
            review.evidence_digest,
            self.printed_name,
            self.meaning,
            self.method,
            self.signed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        ]
        return sha256(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()


class Dismissal(AppendOnly):
    """Somebody's word, with a reason, that a request for changes no longer blocks."""

    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="dismissal")
    dismissed_by = person(related_name="+")
    reason = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"Dismissal on #{self.review.promote_request_id}"
