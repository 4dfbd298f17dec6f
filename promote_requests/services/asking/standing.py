"""Who is asked to review a request and how far each is, and who could still meet what is unmet."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from promote_requests.choices import Status
from promote_requests.decision import Decision
from promote_requests.models import Place, PromoteRequest
from promote_requests.services.reading import facts_of
from protection.asked.able import Able, could_satisfy
from protection.conditions import Judgement
from protection.matching import Requirement

NAMED = 5
"""People that a request's page names of those who could satisfy a condition."""


class State(StrEnum):
    """How far somebody is who is asked."""

    WAITING = "waiting"
    PICKED_UP = "picked_up"
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"
    DECLINED = "declined"
    HANDED_OVER = "handed_over"


@dataclass(frozen=True, slots=True)
class Asked:
    """A place among those who are asked, with what came of it.

    Attributes:
        by: Who of a group approved or asked for changes; "" of a person, and where nobody did.
    """

    place: Place
    state: State
    by: str = ""

    @property
    def is_pending(self) -> bool:
        """Whether a review is still waited for."""
        return self.state in (State.WAITING, State.PICKED_UP)


def asked_of(promote_request: PromoteRequest, decision: Decision) -> list[Asked]:
    """Returns everybody who is asked, in the order in which they were."""
    places = promote_request.places.select_related("reviewer", "group", "asked_by", "handed_to")
    return [_standing(one, decision.judgements) for one in places]


def could(promote_request: PromoteRequest, requirement: Requirement, decision: Decision) -> list[Able]:
    """Returns who could still satisfy each unmet condition of an open request that waits for people."""
    if promote_request.status != Status.OPEN or not decision.unmet:
        return []
    facts = replace(facts_of(promote_request, requirement), judgements=decision.judgements)
    without = promote_request.authors | set(decision.barred)
    return list(could_satisfy(requirement.conditions, facts, without=without, most=NAMED))


def own_places(asked: Iterable[Asked], user_id: int | None) -> list[Asked]:
    """Returns the places that somebody has and may decline or hand over."""
    return [
        one for one in asked if one.place.reviewer_id == user_id is not None and one.place.state == Place.State.ASKED
    ]


def open_to(asked: Iterable[Asked], group_ids: Collection[int]) -> list[Asked]:
    """Returns the places of groups that somebody in these groups may pick up."""
    return [
        one
        for one in asked
        if one.state is State.WAITING and one.place.reviewer_id is None and one.place.group_id in group_ids
    ]


def _standing(place: Place, judgements: Iterable[Judgement]) -> Asked:
    is_groups = place.reviewer_id is None
    own = [
        judgement
        for judgement in judgements
        if (place.group_id in judgement.groups if is_groups else judgement.reviewer_id == place.reviewer_id)
    ]
    for state, matching in (
        (State.CHANGES_REQUESTED, [judgement for judgement in own if not judgement.approves]),
        (State.APPROVED, [judgement for judgement in own if judgement.counts]),
    ):
        if matching:
            return Asked(place, state, matching[0].name if is_groups else "")
    if place.state == Place.State.ASKED:
        return Asked(place, State.PICKED_UP if place.group_id is not None and not is_groups else State.WAITING)
    return Asked(place, State(place.state))
