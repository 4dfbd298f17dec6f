"""Whom an event concerns, and how each of them wants to be told. Nobody is told of what they did themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db.models import Q

from notifications.choices import Event, Kind, Way
from notifications.models import Message, Preference, Subscription

KINDS: dict[str, Kind] = {
    Event.CREATED: Kind.REVIEW,
    Event.SUBMITTED: Kind.REVIEW,
    Event.REOPENED: Kind.REVIEW,
    Event.APPROVED: Kind.DECISION,
    Event.CHANGES_REQUESTED: Kind.DECISION,
    Event.DISMISSED: Kind.DECISION,
    Event.REJECTED: Kind.DECISION,
    Event.WITHDRAWN: Kind.DECISION,
    Event.SUPERSEDED: Kind.DECISION,
    Event.PROMOTED: Kind.PROMOTION,
    Event.PROMOTION_FAILED: Kind.PROMOTION,
    Event.PROMOTION_UNANSWERED: Kind.PROMOTION,
    Event.COMMENTED: Kind.TALK,
    Event.THREAD_RESOLVED: Kind.TALK,
    Event.THREAD_UNRESOLVED: Kind.TALK,
    Event.MENTIONED: Kind.YOURS,
    Event.FOLLOW_UP_DUE: Kind.YOURS,
    Event.EDITED: Kind.TALK,
    Event.CHECK_REPORTED: Kind.TALK,
    Event.CHECK_REQUESTED: Kind.TALK,
    Event.EVIDENCE_CHANGED: Kind.TALK,
}
"""Of what people are told. Not that a promotion began, which ends within seconds, nor twice that one was a way back."""
SHIPPED: dict[Kind, Way] = {
    Kind.REVIEW: Way.DIGEST,
    Kind.DECISION: Way.MAIL,
    Kind.PROMOTION: Way.MAIL,
    Kind.TALK: Way.MAIL,
    Kind.YOURS: Way.MAIL,
}
"""How people are told where neither they nor an administrator said otherwise."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How people want to be told.

    Attributes:
        own: What each said: {(person's key, kind): way}.
        default: For who did not say.
    """

    own: dict[tuple[int, str], str]
    default: dict[str, str]

    @classmethod
    def load(cls) -> "Ways":
        """Returns everybody's, in one query."""
        rows = list(Preference.objects.values_list("user", "kind", "way"))
        own = {(user, kind): way for user, kind, way in rows if user is not None}
        default: dict[str, str] = {str(kind): str(way) for kind, way in SHIPPED.items()}
        return cls(own, default | {kind: way for user, kind, way in rows if user is None})

    def of(self, person: int, kind: Kind, *, watches: bool) -> str:
        """Returns how a person is told; who watches the model hears of it at once unless they said otherwise."""
        return self.own.get((person, kind)) or (Way.MAIL if watches else self.default[kind])


def readers(messages: Sequence[Message]) -> list[tuple[Message, int, Way]]:
    """Returns (message, person's key, how) for everybody whom one of the messages concerns, in three queries.

    A request for review concerns everybody, a mention those who are mentioned, everything else those who take part and
    those who watch the model. Who is told of a remark because it mentions them is not told of it twice.
    """
    ways = Ways.load()
    people = get_user_model()._default_manager.filter(is_active=True).exclude(email="")
    active = set(people.values_list("pk", flat=True))
    requests = Q(request_number__in={message.request_number for message in messages})
    models = Q(request_number=None, model_name__in={message.model_name for message in messages})
    subscriptions = list(
        Subscription.objects.filter(requests | models).values_list(
            "user", "request_number", "workspace", "model_name", "is_muted"
        )
    )
    found: list[tuple[Message, int, Way]] = []
    for message in messages:
        kind = KINDS.get(message.event)
        if kind is None:
            continue
        follow, watch, mute = _concerned(message, subscriptions)
        wanted = active if kind is Kind.REVIEW else follow | watch
        if kind is Kind.YOURS:
            wanted = set(message.audience.get("only", ()))
        for person in message.audience.get("apart", ()):
            if ways.of(person, Kind.YOURS, watches=False) != Way.NOTHING:
                wanted = wanted - {person}
        for person in sorted((wanted & active) - mute - {message.actor_id}):
            way = Way(ways.of(person, kind, watches=person in watch))
            if way is not Way.NOTHING:
                found.append((message, person, way))
    return found


def _concerned(
    message: Message, subscriptions: Sequence[tuple[int, int | None, str, str, bool]]
) -> tuple[set[int], set[int], set[int]]:
    """Returns who follows the message's request, who watches its model, and who wants to hear of neither."""
    follow, watch, mute = set(), set(), set()
    for user, number, workspace, model_name, is_muted in subscriptions:
        is_request = number is not None and number == message.request_number
        is_model = number is None and (workspace, model_name) == (message.workspace, message.model_name)
        if is_muted and (is_request or is_model):
            mute.add(user)
        elif is_request:
            follow.add(user)
        elif is_model:
            watch.add(user)
    return follow, watch, mute
