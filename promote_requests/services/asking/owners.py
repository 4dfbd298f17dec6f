"""Asks the owners whose approval the rules want, by itself: when a request is opened, and when its rules change."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction

from audit import trail
from audit.actors import Actor, Door
from audit.choices import AuditAction
from foundation.words import listed
from promote_requests.choices import Status
from promote_requests.models import Place, PromoteRequest
from promote_requests.services.asking.placing import MOST, place, record_asked, refusal_of
from promote_requests.services.locking import lock
from promote_requests.services.reading import requirement_of
from protection.conditions.owners import Owners
from protection.matching import Requirement, Rulebook

_Key = tuple[str, int]


def ask_owners(locked: PromoteRequest, *, actor: Actor, rules: Rulebook | None = None) -> None:
    """Asks owners who are not asked yet, and no longer those whose ownership ended; in the caller's transaction.

    Args:
        locked: The request, locked or just made.
        actor: By whose deed; it is Checkpoint that asks.
        rules: The enabled ones, where the caller has them already.
    """
    wanted = dict(_wanted(requirement_of(locked, rules)))
    places = list(locked.places.select_related("reviewer", "group"))
    if locked.status != Status.OPEN or not _differs(places, wanted):
        return
    checkpoint = Actor.checkpoint(actor.door, actor.request_id)
    former = [one for one in places if _is_obsolete(one, wanted)]
    if former:
        Place.objects.filter(pk__in=[one.pk for one in former]).delete()
        reason = listed([one.name for one in former])
        trail.record(AuditAction.REVIEW_NOT_ASKED, about=locked.about, reason=reason, actor=checkpoint)
    missing = {key: wanted[key] for key in wanted.keys() - {_key(one) for one in places}}
    room = MOST - len(places) + len(former)
    new = [
        placed
        for person, group, section in list(_found(missing, locked))[: max(room, 0)]
        if (placed := place(locked, reviewer=person, group=group, by=None, section=section)) is not None
    ]
    if new:
        record_asked(locked, new, actor=checkpoint)


def follow_rules(promote_request: PromoteRequest, rules: Rulebook) -> None:
    """Asks the owners that rules and ownership list name now; most requests cost nothing but what is loaded already.

    Args:
        promote_request: Open, with its `places`.
        rules: The enabled ones.
    """
    if not _differs(promote_request.places.all(), dict(_wanted(requirement_of(promote_request, rules)))):
        return
    with transaction.atomic():
        ask_owners(lock(promote_request), actor=Actor.checkpoint(Door.WORKER), rules=rules)


def _wanted(requirement: Requirement) -> Iterator[tuple[_Key, str]]:
    for condition in requirement.conditions:
        for section in condition.found if isinstance(condition, Owners) else ():
            yield from ((("group", group.pk), section.name) for group in section.people.groups)
            yield from ((("user", user.pk), section.name) for user in section.people.users)


def _differs(places: Any, wanted: dict[_Key, str]) -> bool:
    there = list(places)
    return bool(wanted.keys() - {_key(one) for one in there}) or any(_is_obsolete(one, wanted) for one in there)


def _key(one: Place) -> _Key:
    return ("group", one.group_id) if one.group_id is not None else ("user", int(one.reviewer_id or 0))


def _is_obsolete(one: Place, wanted: dict[_Key, str]) -> bool:
    is_owners = bool(one.section) and one.asked_by_id is None and one.state == Place.State.ASKED
    is_taken = one.group_id is not None and one.reviewer_id is not None
    return is_owners and not is_taken and _key(one) not in wanted


def _found(missing: dict[_Key, str], locked: PromoteRequest) -> Iterator[tuple[Any, Any, str]]:
    """Returns (person, None, section) or (None, group, section) of those who are there and may review."""
    people = get_user_model()._default_manager.filter(pk__in=[pk for kind, pk in missing if kind == "user"])
    for person in people.order_by("pk"):
        if not refusal_of(person, locked):
            yield person, None, missing["user", person.pk]
    for group in Group.objects.filter(pk__in=[pk for kind, pk in missing if kind == "group"]).order_by("pk"):
        yield None, group, missing["group", group.pk]
