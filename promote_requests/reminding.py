"""Reminds reviewers of what waits for them, and people of what is nearly over: of each thing once.

A reminder is written with its message in one transaction, under a name that the database keeps once: whatever is
restarted, and however many do this at the same moment.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from audit.actors import Door
from notifications import working_days
from notifications.choices import Event
from notifications.models import Reminder
from notifications.outbox.writing import announce
from notifications.people.audience import taking_part
from promote_requests import sentences, telling
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.models.asked import who_said_no
from promote_requests.services.asking.owners import follow_rules
from promote_requests.services.locking import lock
from promote_requests.services.reading import decision_of, facts_of, requirement_of
from protection.conditions import Facts
from protection.matching import Requirement, Rulebook
from protection.people import able
from protection.rulebook import rulebook

_REVIEWERS_ARE_WAITED_FOR = {"approvals_missing", "approver_missing", "owner_missing", "changes_requested"}
_CHECKPOINT = "Checkpoint"


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder whose time has come.

    Attributes:
        about: Names it among those of its request.
        people: The keys of those to whom alone it is said; none: to whom the request concerns.
    """

    event: Event
    about: str
    sentence: str
    people: frozenset[int] = frozenset()


def remind() -> None:
    """Tells what is due of every open request and was not told before."""
    rules, now = rulebook(), timezone.now()
    waiting = list(
        PromoteRequest.objects.open().defer("description").with_people().prefetch_related("places").order_by("number")
    )
    numbers = [promote_request.number for promote_request in waiting]
    told = set(Reminder.objects.filter(request_number__in=numbers).values_list("request_number", "about"))
    for promote_request in waiting:
        follow_rules(promote_request, rules)
        for reminder in due(promote_request, rules, now):
            if (promote_request.number, reminder.about) not in told:
                _tell(promote_request, reminder)


def due(promote_request: PromoteRequest, rules: Rulebook, now: datetime) -> Iterator[Due]:
    """Returns what is to be told of an open request now, whether it was told before or not."""
    requirement = requirement_of(promote_request, rules)
    facts = facts_of(promote_request, requirement)
    for ending in requirement.endings(facts):
        if ending.told_at <= now < ending.at:
            about = f"{ending.code[:100]}:{ending.at:%Y-%m-%dT%H:%M}"
            yield Due(Event.ENDING, about, sentences.nearly_over(promote_request, ending.sentence))
    days, zone = settings.CHECKPOINT_REMINDER_DAYS, ZoneInfo(settings.CHECKPOINT_TIME_ZONE)
    if days and now >= working_days.after(promote_request.opened_at, days, zone):
        unmet = {missing.code for missing in decision_of(promote_request, rules).unmet}
        if unmet & _REVIEWERS_ARE_WAITED_FOR and (people := waited_for(promote_request, requirement, facts)):
            sentence = sentences.told(Event.REMINDED, _CHECKPOINT, promote_request)
            yield Due(Event.REMINDED, f"review:{promote_request.round}", sentence, people)


def waited_for(promote_request: PromoteRequest, requirement: Requirement, facts: Facts) -> frozenset[int]:
    """Returns whose review is waited for: whom the rules name, or else who takes part or watches the model, or anybody.

    And in any case who judged earlier facts. Never its authors, nor who has judged what there is now
    (`Judgement.is_done`), nor who was asked by name and said no or handed over (`who_said_no`); as for the inbox.
    """
    done = {each.reviewer_id for each in facts.judgements if each.is_done}
    done |= promote_request.authors
    done |= who_said_no(promote_request.places.all())
    again = {each.reviewer_id for each in facts.judgements} - done
    named = {person for people in requirement.waits_for(facts) for person in able(people)} - done
    if named:
        return frozenset(named | again)
    if any(not each.approves for each in facts.judgements):
        return frozenset(again)  # somebody asked for changes: it waits for them, or for the author
    heard, muted = taking_part(
        number=promote_request.number, workspace=promote_request.workspace, model_name=promote_request.model_name
    )
    found = (heard - muted - done) | again
    if not found:
        people = get_user_model()._default_manager.filter(is_active=True).exclude(pk__in=done | muted)
        found = set(people.values_list("pk", flat=True))
    return frozenset(found)


def _tell(promote_request: PromoteRequest, reminder: Due) -> None:
    with transaction.atomic():
        locked = lock(promote_request)
        if locked.status != Status.OPEN or locked.round != promote_request.round:
            return
        _, is_first = Reminder.objects.get_or_create(request_number=locked.number, about=reminder.about)
        if not is_first:
            return
        announce(
            reminder.event,
            at=timezone.now(),
            workspace=locked.workspace,
            model_name=locked.model_name,
            request_number=locked.number,
            actor_id=None,
            payload={
                "sentence": reminder.sentence,
                "people": [],
                "actor": {"name": _CHECKPOINT, "is_checkpoint": True},
                "door": str(Door.WORKER),
                **telling.state_of(locked, from_status=""),
                "words": "",
                "reason": "",
            },
            audience={"only": sorted(reminder.people)} if reminder.people else None,
        )
