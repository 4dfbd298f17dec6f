"""Who is asked to review a request."""

from collections.abc import Iterable
from typing import ClassVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from typing_extensions import override

from promote_requests.models.person import person
from promote_requests.models.requests import PromoteRequest


class Place(models.Model):
    """A reviewer who is asked: a person, or a group, whose place one of its members can take.

    Whether they have reviewed is not kept here: their reviews say so. It never counts for or against a request.
    """

    class State(models.TextChoices):
        """What was answered to being asked, other than by a review."""

        ASKED = "asked", "Asked"
        DECLINED = "declined", "Declined"
        HANDED_OVER = "handed_over", "Handed over"

    promote_request = models.ForeignKey(PromoteRequest, on_delete=models.PROTECT, related_name="places")
    reviewer = person(null=True, related_name="+")
    group = models.ForeignKey(Group, null=True, on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=100, blank=True, help_text="As whose owner, where the rules asked.")
    asked_by = person(null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State, default=State.ASKED)
    reason = models.TextField(blank=True, help_text="Why declined or handed over.")
    handed_to = person(null=True, related_name="+")
    is_told = models.BooleanField(default=False, help_text="Whether a message to them was written.")

    class Meta:
        ordering: ClassVar = ["pk"]
        indexes: ClassVar = [models.Index(fields=["reviewer", "state"], name="place_by_person")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["promote_request", "reviewer"], condition=Q(group=None), name="one_place_per_person"
            ),
            models.UniqueConstraint(
                fields=["promote_request", "group"], condition=Q(group__isnull=False), name="one_place_per_group"
            ),
            models.CheckConstraint(
                condition=Q(reviewer__isnull=False) | Q(group__isnull=False), name="place_is_somebodys"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["asked", "declined", "handed_over"]), name="place_state_known"
            ),
        ]

    @override
    def __str__(self) -> str:
        return f"{self.name} on #{self.promote_request_id}"

    @property
    def name(self) -> str:
        """Who is asked, in words."""
        if self.group is not None:
            return f"the group {self.group.name}"
        return self.reviewer.get_username() if self.reviewer is not None else ""


SAID_NO = (Place.State.DECLINED, Place.State.HANDED_OVER)
"""What somebody answered who is not waited for any more, unless they have another place."""


def who_said_no(places: Iterable[Place]) -> set[int]:
    """Returns the keys of those who declined or handed over what they were asked, and have no place of a request now.

    `said_no` asks the database the same.
    """
    answers = [(one.reviewer_id, one.state) for one in places]
    has_place = {person for person, state in answers if state == Place.State.ASKED}
    return {person for person, state in answers if person is not None and state in SAID_NO} - has_place


def said_no(user_id: int) -> Q:
    """Returns the condition that holds for the requests of which this person is among `who_said_no`."""
    own = Place.objects.filter(promote_request=OuterRef("pk"), reviewer=user_id)
    return Q(Exists(own.filter(state__in=SAID_NO))) & ~Q(Exists(own.filter(state=Place.State.ASKED)))
