"""Threads: what is said about a request or one row of its comparison, and whether it is settled."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from typing_extensions import override

from audit.append_only import AppendOnly
from promote_requests.choices import AnchorKind
from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest
from promote_requests.querysets import ThreadManager


class Thread(AppendOnly):
    """A conversation that a comment opened. Its remarks are `Comment` rows, its state the last of `resolutions`.

    Attributes:
        anchor_kind: What kind of row of the comparison it is about; "" for the request as a whole.
        anchor_key: The row's name; of a prompt the line itself.
        anchor_value: What the row said when the thread was opened, in words: it stays readable when the facts move.
        is_blocking: Whether a rule with the condition `threads` waits until it is resolved.
        owner: Of a follow-up: who is to see to it.
        due_on: Of a follow-up: the last day on which it is not overdue, UTC.
    """

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="threads")
    opener = person(related_name="+")
    anchor_kind = models.CharField(max_length=16, choices=AnchorKind, blank=True)
    anchor_key = models.TextField(blank=True)
    anchor_value = models.TextField(blank=True)
    is_blocking = models.BooleanField(default=False)
    owner = person(null=True, related_name="follow_ups")
    due_on = models.DateField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = ThreadManager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["due_on"], condition=Q(due_on__isnull=False), name="follow_up_by_day"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(owner=None, due_on=None) | Q(owner__isnull=False, due_on__isnull=False, is_blocking=False),
                name="follow_ups_do_not_block",
            ),
            models.CheckConstraint(
                condition=Q(anchor_kind="", anchor_key="", anchor_value="")
                | Q(anchor_kind__in=AnchorKind.values) & ~Q(anchor_key=""),
                name="anchors_name_a_row",
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"Thread {self.pk} on #{self.promote_request_id}"

    @property
    def is_resolved(self) -> bool:
        """Whether it is resolved now."""
        changes = list(self.resolutions.all())
        return bool(changes) and changes[-1].is_resolved

    @property
    def is_follow_up(self) -> bool:
        """Whether somebody is to see to it by a day."""
        return self.due_on is not None

    @property
    def is_overdue(self) -> bool:
        """Whether it is a follow-up whose day has passed, and nobody has resolved it."""
        return self.due_on is not None and self.due_on < timezone.now().date() and not self.is_resolved


class Resolution(AppendOnly):
    """Somebody's word that a thread is settled, or not any more."""

    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="resolutions")
    by = person(related_name="+")
    is_resolved = models.BooleanField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["pk"]

    @override
    def __str__(self) -> str:
        return f"{'Resolution' if self.is_resolved else 'Reopening'} of thread {self.thread_id}"


class FollowUpReminder(AppendOnly):
    """That the owner of a follow-up was told of its day; there is one at most."""

    thread = models.OneToOneField(Thread, on_delete=models.PROTECT, related_name="reminder")
    created_at = models.DateTimeField(default=timezone.now)

    @override
    def __str__(self) -> str:
        return f"Reminder of thread {self.thread_id}"
