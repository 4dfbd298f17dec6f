"""Which requests wait for whom, what they are to see to, where they are mentioned, and what was decided lately."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from foundation.database.bounded import shown_count
from notifications.inbox import reading
from notifications.models import Subscription
from promote_requests.choices import Status
from promote_requests.models import BrokenGlass, Consent, Mention, Place, PromoteRequest, Review, Thread
from promote_requests.models.asked import said_no
from promote_requests.querysets import (
    PromoteRequestQuerySet,
    ReviewQuerySet,
    ThreadQuerySet,
    draft_of_somebody_else,
    own_of,
)
from promote_requests.services.asking import outdated
from promote_requests.services.moves import champions
from protection.matching import Rulebook
from registry.targets import TargetKind

if TYPE_CHECKING:
    from accounts.models import User

LATELY = timedelta(days=14)
MOST_COUNTED = 100
"""Up to how many the number beside *Inbox* counts, which stands on every page: of more it says so."""


def waiting_for(person: "User", rules: Rulebook | None = None) -> PromoteRequestQuerySet:
    """Returns the open requests of others whose present evidence this person has not judged yet, nor muted.

    Nor said no to, when they were asked to review them. An approval that is too old by now, or lacks a signature that
    the rules want, waits again. `reminding.waited_for` waits for the same people, other than `outdated` says.

    Args:
        person: Whose inbox it is.
        rules: The enforced ones, where the caller has them; it asks for the few that matter otherwise.
    """
    judged = _judged(person)
    if in_vain := outdated.approved_in_vain(person, rules):
        judged = judged.exclude(promote_request__in=in_vain)
    return _waiting(person, judged)


def _judged(person: "User") -> ReviewQuerySet:
    """Returns what this person said of the present facts, for `_waiting`."""
    found: ReviewQuerySet = Review.objects.standing().filter(
        promote_request=OuterRef("pk"), reviewer=person, evidence_fingerprint=OuterRef("evidence_fingerprint")
    )
    return found


def _waiting(person: "User", judged: ReviewQuerySet) -> PromoteRequestQuerySet:
    others = PromoteRequest.objects.open().exclude(own_of(person.pk))
    return others.filter(~Exists(judged), ~said_no(person.pk)).filter(~_said_of(person, is_muted=True))


def asked_first(found: PromoteRequestQuerySet, person: "User", most: int) -> list[int]:
    """Returns the numbers of so many requests, those first for whose review this person is asked by name.

    In two queries, each of which ends when it has found enough: sorting reads every open request.
    """
    asked = Place.objects.filter(reviewer=person, state=Place.State.ASKED).values("promote_request")
    found = found.order_by("opened_at", "number")
    first = list(found.filter(pk__in=asked).values_list("pk", flat=True)[:most])
    others = found.exclude(pk__in=first).values_list("pk", flat=True)[: most - len(first)]
    return [*first, *others]


def decided_for(person: "User") -> PromoteRequestQuerySet:
    """Returns what was promoted or closed lately of what this person follows or watches, the last decided first."""
    since = timezone.now() - LATELY
    lately = Q(status=Status.PROMOTED, promoted_at__gte=since) | Q(status=Status.CLOSED, closed_at__gte=since)
    found = PromoteRequest.objects.visible_to(person.pk).filter(lately)
    found = found.filter(_said_of(person, is_muted=False)).filter(~_said_of(person, is_muted=True))
    return found.order_by(Coalesce("promoted_at", "closed_at").desc(), "-number")


def for_you(person: "User") -> int:
    """Returns how many requests wait for this person's review or have something new for them.

    In two queries, for every page; in up to seven where an approval of theirs may be too old or unsigned. More than
    `MOST_COUNTED` means that there are more than these, and not how many.
    """
    judged = _judged(person)
    first = _first_numbers(_waiting(person, judged.exclude(outdated.may_be_in_vain())))
    found = list(first.values_list("number", Exists(judged)))
    numbers = {number for number, _ in found}
    if any(may_be_in_vain for _, may_be_in_vain in found):
        numbers = set(_first_numbers(waiting_for(person)).values_list("number", flat=True))
    return len(numbers | reading.new_numbers(person.pk))


def _first_numbers(found: PromoteRequestQuerySet) -> PromoteRequestQuerySet:
    return found.order_by("opened_at", "number")[: MOST_COUNTED + 1]


def number_said(count: int) -> str:
    """Returns what stands beside *Inbox* for a count of `for_you`: `100+` where there are more, "" where is nothing."""
    return shown_count(count, MOST_COUNTED) if count else ""


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


def _said_of(person: "User", *, is_muted: bool) -> Q:
    """Returns the condition that holds for requests that this person, or whose model they, follow or muted."""
    said = Subscription.objects.filter(user=person, is_muted=is_muted)
    of_model = said.filter(request_number=None, workspace=OuterRef("workspace"))
    is_copy = Q(target_kind=TargetKind.MODEL)
    return (
        Q(Exists(said.filter(request_number=OuterRef("number"))))
        | Q(Exists(of_model.filter(model_key=OuterRef("model_key"))))
        | is_copy & Q(Exists(of_model.filter(model_key=OuterRef("target_key"))))
    )


def to_review_afterwards(person: "User") -> PromoteRequestQuerySet:
    """Returns the promotions past the rules that nobody has reviewed and that this person may review."""
    return (
        PromoteRequest.objects.flagged()
        .exclude(own_of(person.pk))
        .exclude(promoted_by=person)
        .exclude(Exists(BrokenGlass.objects.filter(promote_request=OuterRef("pk"), broken_by=person)))
        .exclude(Exists(Consent.objects.filter(promote_request=OuterRef("pk"), consented_by=person)))
    )


def champions_for(person: "User", rules: Rulebook) -> list[champions.Champion]:
    """Returns the champions that are due for review and that this person is asked to review again."""
    return champions.waiting_for(person.pk, person.get_username(), rules)
