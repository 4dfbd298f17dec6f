"""Asks again whose approval no longer counts, and says who is to be told of an asking."""

from collections.abc import Collection

from django.contrib.auth import get_user_model
from django.utils import timezone

from audit.actors import Actor
from promote_requests.models import Place, PromoteRequest
from promote_requests.services.asking.placing import record_asked
from protection.conditions import Judgement


def ask_again(locked: PromoteRequest, lost: Collection[Judgement], *, actor: Actor) -> None:
    """Asks those again who were asked and whose approvals count no more; in the caller's transaction.

    Args:
        locked: The request, with the facts as they are now.
        lost: The approvals of the facts as they were.
        actor: Who found that they changed. Whoever reviews at this moment is not asked again.
    """
    if not (gone := [judgement for judgement in lost if judgement.reviewer_id != actor.user_id]):
        return
    people = {judgement.reviewer_id for judgement in gone}
    groups = {group for judgement in gone for group in judgement.groups}
    asked = locked.places.filter(state=Place.State.ASKED).select_related("reviewer", "group")
    found = [
        one for one in asked if (one.reviewer_id in people if one.reviewer_id is not None else one.group_id in groups)
    ]
    if found:
        Place.objects.filter(pk__in=[one.pk for one in found]).update(asked_at=timezone.now(), is_told=False)
        checkpoint = Actor.checkpoint(actor.door, actor.request_id)
        record_asked(locked, found, actor=checkpoint, why=", again: the facts changed")


def untold(promote_request: PromoteRequest) -> list[int]:
    """Returns whom askings concern that were not told yet, and marks them as told; in the message's transaction."""
    places = list(promote_request.places.filter(state=Place.State.ASKED, is_told=False))
    people = {one.reviewer_id for one in places if one.reviewer_id is not None}
    groups = [one.group_id for one in places if one.reviewer_id is None]
    if groups:
        members = get_user_model()._default_manager.filter(groups__in=groups, is_active=True, owner=None)
        people |= set(members.values_list("pk", flat=True))
    Place.objects.filter(pk__in=[one.pk for one in places]).update(is_told=True)
    return sorted(people - promote_request.authors)


def askers(promote_request: PromoteRequest, person: int | None) -> list[int]:
    """Returns who is to know that somebody declined: the author, and who asked them."""
    places = promote_request.places.filter(reviewer=person, state=Place.State.DECLINED).exclude(asked_by=None)
    return sorted({promote_request.author_id, *places.values_list("asked_by", flat=True)})
