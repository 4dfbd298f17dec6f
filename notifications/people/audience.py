"""Who is told of an event, and how: the one place that says so, which the inbox and mail both ask.

Nobody is told of what they did themselves. What somebody muted is kept from them, whatever else they follow or watch,
but for what is said to them by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from notifications.choices import Event, Kind, Way
from notifications.models import Message, Preference, Subscription
from notifications.people import visibility
from registry.targets import TargetKind

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
    Event.ASKED_AGAIN: Kind.DECISION,
    Event.VERSION_GONE: Kind.DECISION,
    Event.VERSION_BACK: Kind.DECISION,
    Event.GLASS_CONSENTED: Kind.DECISION,
    Event.REVIEWED_AFTERWARDS: Kind.DECISION,
    Event.RE_REVIEW_DUE: Kind.REVIEW,
    Event.RE_REVIEWED: Kind.DECISION,
    Event.GLASS_BROKEN: Kind.PROMOTION,
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
    Event.REVIEW_ASKED: Kind.REMINDER,
    Event.REVIEW_DECLINED: Kind.REMINDER,
    Event.REMINDED: Kind.REMINDER,
    Event.ENDING: Kind.REMINDER,
}
"""Of what people are told. Not that a promotion began, which ends within seconds, nor twice that one was a way back."""
SHIPPED: dict[Kind, Way] = {
    Kind.REVIEW: Way.DIGEST,
    Kind.DECISION: Way.MAIL,
    Kind.PROMOTION: Way.MAIL,
    Kind.TALK: Way.MAIL,
    Kind.REMINDER: Way.MAIL,
    Kind.YOURS: Way.MAIL,
}
"""How people are told where neither they nor an administrator said otherwise."""
BY_NAME: frozenset[Kind] = frozenset({Kind.YOURS})
"""What is said to somebody by name: muting does not keep it from them."""


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

    def of(self, person: int, kind: Kind, *, watches: bool) -> Way:
        """Returns how a person is told; who watches the model hears of it at once unless they said otherwise."""
        return Way(self.own.get((person, kind)) or (Way.MAIL if watches else self.default[kind]))


@dataclass(frozen=True, slots=True)
class Told:
    """That a person is told of a message.

    Attributes:
        person: Their key.
        way: How; never "not at all".
    """

    message: Message
    person: int
    kind: Kind
    way: Way


def told(messages: Sequence[Message]) -> list[Told]:
    """Returns who is told of these messages, in a fixed number of queries.

    Only people who may sign in, and see what it speaks of, at this moment: a message may have waited.

    A request for review concerns everybody; everything else those who take part and those who watch the model. What is
    said to certain people concerns them alone; of a remark that mentions somebody they are told by the mention alone.
    """
    ways = Ways.load()
    active = visibility.people()
    kept_to = visibility.readers_of({message.request_number for message in messages if message.request_number})
    subscriptions = _subscriptions(messages)
    found = []
    for message in messages:
        kind = KINDS.get(message.event)
        if kind is None:
            continue
        follow, watch, mute = _concerned(message, subscriptions)
        wanted = active if kind is Kind.REVIEW else follow | watch
        if "only" in message.audience or kind in BY_NAME:
            wanted = set(message.audience.get("only", ()))
        for person in message.audience.get("apart", ()):
            if ways.of(person, Kind.YOURS, watches=False) is not Way.NOTHING:
                wanted = wanted - {person}
        may_see = active & kept_to.get(message.request_number or 0, active)
        for person in sorted((wanted & may_see) - (set() if kind in BY_NAME else mute) - {message.actor_id}):
            way = ways.of(person, kind, watches=person in watch)
            if way is not Way.NOTHING:
                found.append(Told(message, person, kind, way))
    return found


def taking_part(*, number: int, workspace: str, model_name: str) -> tuple[set[int], set[int]]:
    """Returns who follows a request or watches its model, and who muted one of the two."""
    about = Q(request_number=number) | Q(
        request_number=None, workspace=workspace, model_key=Subscription.key_of(model_name)
    )
    said = list(Subscription.objects.filter(about).values_list("user", "is_muted"))
    return {user for user, is_muted in said if not is_muted}, {user for user, is_muted in said if is_muted}


def model_keys(message: Message) -> set[str]:
    """Returns the models that a message is about, as `Subscription.key_of` has them: the version's, and a copy's."""
    target = message.payload.get("target", {})
    names = [message.model_name, *([target["name"]] if target.get("kind") == TargetKind.MODEL else [])]
    return {Subscription.key_of(name) for name in names}


def _subscriptions(messages: Sequence[Message]) -> list[Subscription]:
    requests = Q(request_number__in={message.request_number for message in messages})
    keys = {key for message in messages for key in model_keys(message)}
    return list(Subscription.objects.filter(requests | Q(request_number=None, model_key__in=keys)))


def _concerned(message: Message, subscriptions: Sequence[Subscription]) -> tuple[set[int], set[int], set[int]]:
    """Returns who follows the message's request, who watches its model, and who wants to hear of neither."""
    follow: set[int] = set()
    watch: set[int] = set()
    mute: set[int] = set()
    keys = model_keys(message)
    for each in subscriptions:
        if each.request_number is not None:
            is_about, group = each.request_number == message.request_number, follow
        else:
            is_about, group = each.workspace == message.workspace and each.model_key in keys, watch
        if is_about:
            (mute if each.is_muted else group).add(each.user_id)
    return follow, watch, mute
