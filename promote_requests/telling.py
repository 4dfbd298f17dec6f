"""Writes into the outbox what happens to requests, in the transaction in which it happens.

It listens where every audit row is written, so that no service can forget it. What happens to a draft is told to
nobody: it is its authors' alone, also when it is withdrawn.
"""

from typing import TYPE_CHECKING, Any

from django.utils.text import Truncator

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.addresses import absolute
from notifications.choices import Event
from notifications.outbox.writing import announce
from promote_requests import sentences
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.links import request_path
from promote_requests.models import Mention, PromoteRequest, Review, Thread
from promote_requests.services.asking.again import askers, untold
from promote_requests.services.moves.champions import waited_for
from promote_requests.services.reading import decision_of, requirement_of
from protection.rulebook import rulebook
from registry.proposals import Change
from registry.targets import TargetKind

if TYPE_CHECKING:
    from accounts.models import User

_MOST_WORDS = 2_000
"""Characters of what somebody wrote that are told; the page has all of it."""
_EVENTS = {
    AuditAction.CREATED: Event.CREATED,
    AuditAction.SUBMITTED: Event.SUBMITTED,
    AuditAction.EDITED: Event.EDITED,
    AuditAction.COMMENTED: Event.COMMENTED,
    AuditAction.THREAD_RESOLVED: Event.THREAD_RESOLVED,
    AuditAction.THREAD_UNRESOLVED: Event.THREAD_UNRESOLVED,
    AuditAction.MENTIONED: Event.MENTIONED,
    AuditAction.FOLLOW_UP_DUE: Event.FOLLOW_UP_DUE,
    AuditAction.DISMISSED: Event.DISMISSED,
    AuditAction.REVIEW_ASKED: Event.REVIEW_ASKED,
    AuditAction.REVIEW_HANDED_OVER: Event.REVIEW_ASKED,
    AuditAction.REVIEW_DECLINED: Event.REVIEW_DECLINED,
    AuditAction.CHECK_REPORTED: Event.CHECK_REPORTED,
    AuditAction.CHECK_REQUESTED: Event.CHECK_REQUESTED,
    AuditAction.EVIDENCE_CHANGED: Event.EVIDENCE_CHANGED,
    AuditAction.PROMOTION_STARTED: Event.PROMOTION_STARTED,
    AuditAction.PROMOTION_UNANSWERED: Event.PROMOTION_UNANSWERED,
    AuditAction.PROMOTION_FAILED: Event.PROMOTION_FAILED,
    AuditAction.PROMOTED: Event.PROMOTED,
    AuditAction.REOPENED: Event.REOPENED,
    AuditAction.VERSION_GONE: Event.VERSION_GONE,
    AuditAction.VERSION_BACK: Event.VERSION_BACK,
    AuditAction.GLASS_BROKEN: Event.GLASS_BROKEN,
    AuditAction.GLASS_CONSENTED: Event.GLASS_CONSENTED,
    AuditAction.REVIEWED_AFTERWARDS: Event.REVIEWED_AFTERWARDS,
    AuditAction.ASKED_AGAIN: Event.ASKED_AGAIN,
    AuditAction.RE_REVIEW_DUE: Event.RE_REVIEW_DUE,
    AuditAction.RE_REVIEWED: Event.RE_REVIEWED,
}
_JUDGED = {
    Verdict.APPROVE: Event.APPROVED,
    Verdict.REQUEST_CHANGES: Event.CHANGES_REQUESTED,
    Verdict.COMMENT: Event.COMMENTED,
}
_CLOSED = {
    CloseReason.REJECTED: Event.REJECTED,
    CloseReason.WITHDRAWN: Event.WITHDRAWN,
    CloseReason.SUPERSEDED: Event.SUPERSEDED,
}


def tell(event: AuditEvent, **_: Any) -> None:
    """Announces what an audit row records, if it is something that happened to a request."""
    action = AuditAction(event.action)
    if event.promote_request_id is None or action not in {*_EVENTS, AuditAction.REVIEWED, AuditAction.CLOSED}:
        return
    found = PromoteRequest.objects.select_related("author")
    if action == AuditAction.REVIEWED:
        found = found.with_people()  # its reviews are read once, for the verdict, the words and the decision
    promote_request = found.get(pk=event.promote_request_id)
    if promote_request.is_private:
        return
    _announce(_event(action, promote_request), event, promote_request)
    if action == AuditAction.PROMOTED and (promote_request.undoes_id or _had_it_before(promote_request)):
        _announce(Event.ROLLED_BACK, event, promote_request)


def _event(action: AuditAction, promote_request: PromoteRequest) -> Event:
    if action == AuditAction.CLOSED:
        return _CLOSED[CloseReason(promote_request.close_reason)]
    if action == AuditAction.REVIEWED:
        return _JUDGED[Verdict(_last_review(promote_request).verdict)]
    return _EVENTS[action]


def _last_review(promote_request: PromoteRequest) -> Review:
    return max(promote_request.reviews.all(), key=lambda review: int(review.pk))


def _had_it_before(promote_request: PromoteRequest) -> bool:
    """Tells whether the version was promoted to this target before, so that this is a way back."""
    if promote_request.change == Change.REMOVE or promote_request.target_kind == TargetKind.MODEL:
        return False
    return PromoteRequest.objects.having_given(promote_request.proposal).exclude(pk=promote_request.pk).exists()


def _announce(told: Event, event: AuditEvent, promote_request: PromoteRequest) -> None:
    people = _people(told, promote_request)
    keys, names = [person.pk for person in people], [person.get_username() for person in people]
    announce(
        told,
        at=event.at,
        workspace=promote_request.workspace,
        model_name=promote_request.model_name,
        request_number=promote_request.number,
        actor_id=event.actor_id,
        payload={
            "sentence": sentences.told(told, event.actor_name, promote_request, names),
            "people": names,
            "actor": {"name": event.actor_name, "is_checkpoint": event.actor_id is None},
            "door": event.door,
            **state_of(promote_request, from_status=event.from_status),
            "words": _words(told, promote_request),
            "reason": event.reason,
        },
        audience=_audience(told, event, promote_request, keys),
    )


def _audience(
    told: Event, event: AuditEvent, promote_request: PromoteRequest, people: list[int]
) -> dict[str, list[int]]:
    """Returns whom alone an event concerns, or who is told of it apart; nothing where it concerns all who take part."""
    match told:
        case Event.REVIEW_ASKED:
            return {"only": untold(promote_request)}
        case Event.RE_REVIEW_DUE:
            return {"only": sorted(waited_for(promote_request, rulebook()))}
        case Event.REVIEW_DECLINED:
            return {"only": askers(promote_request, event.actor_id)}
        case Event.MENTIONED | Event.FOLLOW_UP_DUE if people:
            return {"only": people}
    return {"apart": people} if people else {}


def _people(told: Event, promote_request: PromoteRequest) -> list["User"]:
    """Returns whom an event concerns alone; of a remark, whom a message of its own tells that they are mentioned."""
    if told == Event.FOLLOW_UP_DUE:
        owner = _due(promote_request).owner
        return [] if owner is None else [owner]
    if told in (Event.MENTIONED, Event.COMMENTED):
        untold = (
            promote_request.mentions.filter(told_at=None).select_related("mentioned").order_by("mentioned__username")
        )
        return list({mention.mentioned_id: mention.mentioned for mention in untold}.values())
    return []


def _judged(promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns what a request has to meet, how it stands and, while it is open, what it still lacks, in sentences."""
    rules = None if promote_request.judged_by else rulebook()  # loaded once for both
    decision = decision_of(promote_request, rules) if promote_request.status == Status.OPEN else None
    return {
        "rule": promote_request.judged_by or requirement_of(promote_request, rules).freeze(),
        "decision": decision.label if decision else str(promote_request.get_status_display()),
        "missing": [one.sentence for one in decision.unmet] if decision else [],
    }


def _due(promote_request: PromoteRequest) -> Thread:
    """Returns the follow-up that was reminded of last."""
    thread: Thread = promote_request.threads.filter(reminder__isnull=False).order_by("-reminder__pk")[0]
    return thread


def _place(mention: Mention) -> str:
    """Returns what is said where somebody is mentioned."""
    if mention.comment is not None:
        return str(mention.comment.text)
    return str(mention.review.body if mention.review is not None else mention.promote_request.description)


def _words(told: Event, promote_request: PromoteRequest) -> str:
    """Returns what somebody wrote who judged or commented, as far as a message has room for it."""
    if told in (Event.APPROVED, Event.CHANGES_REQUESTED):
        said = _last_review(promote_request).body
    elif told == Event.COMMENTED:
        rows = [
            *promote_request.comments.order_by("-pk").values_list("created_at", "body")[:1],
            *promote_request.reviews.order_by("-pk").values_list("created_at", "body")[:1],
        ]
        said = max(rows)[1]
    elif told == Event.MENTIONED:
        said = _place(promote_request.mentions.filter(told_at=None)[0])
    elif told == Event.FOLLOW_UP_DUE:
        said = _due(promote_request).comments.all()[0].text
    else:
        said = ""
    return Truncator(said).chars(_MOST_WORDS)


def state_of(promote_request: PromoteRequest, *, from_status: str) -> dict[str, Any]:
    """Returns what every message says of its request, in the format `notifications.outbox.writing.FORMAT`."""
    is_removal = promote_request.change == Change.REMOVE
    version = promote_request.held_version
    return {
        "promote_request": {
            "number": promote_request.number,
            "title": promote_request.title,
            "url": absolute(request_path(promote_request.number)),
            "author": promote_request.author.get_username(),
            "status": promote_request.status,
            "from_status": from_status,
            "round": promote_request.round,
            "approved_by": promote_request.approved_by,
        },
        "model_name": promote_request.model_name,
        "version": promote_request.version,
        "target": {"kind": promote_request.target_kind, "name": promote_request.target_name},
        "change": promote_request.change,
        "former_version": promote_request.champion_version,
        "new_version": None if is_removal else version,
        **_judged(promote_request),
        "evidence_fingerprint": promote_request.evidence_fingerprint,
        "evidence_digest": promote_request.evidence_digest,
    }
