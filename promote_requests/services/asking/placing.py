"""Gives a place among those who are asked, in the caller's transaction."""

from typing import Any

from django.utils import timezone

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput
from foundation.words import listed
from promote_requests.models import Place, PromoteRequest

MOST = 100
"""Places of one request."""


def refusal_of(user: Any, promote_request: PromoteRequest) -> str:
    """Returns why somebody cannot be asked to review, or "" if they can."""
    name, author = user.get_username(), promote_request.author
    if not user.is_active:
        return f"{name} is deactivated: ask somebody who can sign in."
    if user.is_service_account:
        return f"{name} is a service account: a person has to review it."
    if user.pk == author.pk:
        return f"{name} made this request: somebody else has to review it."
    if user.pk in promote_request.authors:
        made = f"{author.get_username()}, which made this request"
        return f"{name} answers or answered for {made}: somebody else has to review it."
    return ""


def place(
    locked: PromoteRequest, *, reviewer: Any = None, group: Any = None, by: int | None, section: str = ""
) -> Place | None:
    """Gives a person or a group a place, or one who declined or handed over another one; None where they have it.

    Raises:
        InvalidInput: too many are asked already.
    """
    places = locked.places.filter(group=group) if group is not None else locked.places.filter(group=None)
    found = places.first() if group is not None else places.filter(reviewer=reviewer).first()
    if found is None:
        if locked.places.count() >= MOST:
            raise InvalidInput(f"A request asks at most {MOST} people and groups.", field="users")
        return Place.objects.create(
            promote_request=locked, reviewer=reviewer, group=group, asked_by_id=by, section=section
        )
    if found.state == Place.State.ASKED:
        return None
    found.state, found.reason, found.handed_to, found.is_told = Place.State.ASKED, "", None, False
    found.asked_by_id, found.asked_at = by, timezone.now()
    found.save()
    return found


def record_asked(locked: PromoteRequest, places: list[Place], *, actor: Actor, why: str = "") -> None:
    """Writes into the trail who is asked; that tells them."""
    names = listed([f"{one.name} (owner: {one.section})" if one.section else one.name for one in places])
    trail.record(AuditAction.REVIEW_ASKED, about=locked.about, reason=f"{names}{why}", actor=actor)
