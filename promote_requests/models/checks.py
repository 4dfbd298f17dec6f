"""What external checks reported."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.querysets import CheckManager
from protection.checks import State


class Check(AppendOnly):
    """A report of an external check on the evidence that `evidence_fingerprint` names.

    Of a name the latest report on the present evidence counts, if its reporter may report it (`protection.checks`).
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="checks")
    reporter = person(related_name="+")
    answered_for_by = person(
        null=True, related_name="+", help_text="Who answered for the service account that reports, then."
    )
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=16, choices=State)
    summary = models.TextField(blank=True, help_text="Markdown.")
    details_url = models.CharField(max_length=2000, blank=True)
    evidence_fingerprint = models.CharField(max_length=80)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = CheckManager()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="check_state_is_known"),
        ]

    @property
    def reported_by(self) -> frozenset[int]:
        """The keys of whose report this is, for ever: the account's, and who answered for it then."""
        return frozenset(key for key in (self.reporter_id, self.answered_for_by_id) if key is not None)

    @property
    def in_hands_of(self) -> frozenset[int]:
        """The keys of everybody in whose hands it is: beside these whoever answers for the account now."""
        return self.reported_by | {self.reporter.answerable_id}

    @override
    def __str__(self) -> str:
        return f"{self.name} on #{self.promote_request_id}: {self.state}"
