"""Which requests wait for whom, what they are to see to, and where they are mentioned."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from promote_requests.models import Mention, PromoteRequest, Review, Thread
from promote_requests.querysets import PromoteRequestQuerySet, ThreadQuerySet, draft_of_somebody_else

if TYPE_CHECKING:
    from accounts.models import User


def waiting_for(person: "User") -> PromoteRequestQuerySet:
    """Returns the open requests of others whose present evidence this person has not judged yet."""
    judged = Review.objects.standing().filter(
        promote_request=OuterRef("pk"), reviewer=person, evidence_fingerprint=OuterRef("evidence_fingerprint")
    )
    return PromoteRequest.objects.open().exclude(author=person).filter(~Exists(judged))


def follow_ups_of(person: "User") -> ThreadQuerySet:
    """Returns the follow-ups that this person is still to see to, the most urgent first, with their requests."""
    found: ThreadQuerySet = Thread.objects.unresolved().filter(owner=person).visible_to(person.pk)
    return found.select_related("promote_request").order_by("due_on", "pk")


def overdue(workspace: str, model_name: str, *, reader: "User") -> ThreadQuerySet:
    """Returns the follow-ups on requests about a model whose day has passed, the oldest first, with their requests."""
    asked = PromoteRequest.objects.about_model(workspace, model_name)
    found: ThreadQuerySet = Thread.objects.overdue(timezone.now().date()).filter(promote_request__in=asked)
    return found.visible_to(reader.pk).select_related("promote_request")


def mentions_of(person: "User") -> QuerySet[Mention]:
    """Returns where this person is mentioned, the newest first, with the requests; not in what was deleted since."""
    found = Mention.objects.filter(mentioned=person, comment__deletion=None)
    hidden = draft_of_somebody_else(person.pk, prefix="promote_request__")
    return found.exclude(hidden).select_related("promote_request", "by").order_by("-pk")
