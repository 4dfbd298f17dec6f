"""What was said and what happened, as one story."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.text import Truncator

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest

_TOLD_OTHERWISE = (AuditAction.REVIEWED, AuditAction.COMMENTED)
"""Audit rows of things that the story shows themselves."""
_NOTE = 500
"""Characters of an event's explanation; the admin shows all of it."""
_ICONS = {
    AuditAction.CREATED: "open",
    AuditAction.SUBMITTED: "open",
    AuditAction.REOPENED: "open",
    AuditAction.PROMOTION_STARTED: "promoting",
    AuditAction.PROMOTED: "promoted",
    AuditAction.CLOSED: "closed",
    AuditAction.PROMOTION_FAILED: "warning",
    AuditAction.EVIDENCE_CHANGED: "warning",
}
_DEEDS = {
    AuditAction.EVIDENCE_CHANGED: "found that the facts have changed",
    AuditAction.PROMOTION_FAILED: "saw the promotion fail",
    AuditAction.CLOSED: "closed the request",
    AuditAction.REOPENED: "reopened the request",
}
"""What follows a person's name where the action's own name does not."""
_VERDICTS = {
    Verdict.APPROVE: "approved",
    Verdict.REQUEST_CHANGES: "asked for changes",
    Verdict.COMMENT: "reviewed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the story.

    Attributes:
        who: Name of the person, or Checkpoint's own.
        did: What they did, to follow the name.
        body: Markdown; empty for an event.
        note: Plain text that explains an event.
        icon: Name of a picture in `icons.svg`.
        anchor: The entry's id in the page.
    """

    at: datetime
    who: str
    did: str
    icon: str
    anchor: str
    body: str = ""
    note: str = ""
    is_event: bool = False


def entries(promote_request: PromoteRequest) -> list[Entry]:
    """Returns the reviews, comments and events of a request, oldest first."""
    reviews = [
        Entry(
            at=review.created_at,
            who=review.reviewer.get_username(),
            did=_VERDICTS[Verdict(review.verdict)],
            icon=review.verdict,
            anchor=f"review-{review.pk}",
            body=review.body,
            note=_reviewed_facts(promote_request, review.verdict, review.evidence_fingerprint, review.champion_version),
        )
        for review in promote_request.reviews.all()
    ]
    comments = [
        Entry(
            at=comment.created_at,
            who=comment.author.get_username(),
            did="commented",
            icon="comment",
            anchor=f"comment-{comment.pk}",
            body=comment.body,
        )
        for comment in promote_request.comments.select_related("author")
    ]
    events = [
        Entry(
            at=event.at,
            who=event.actor_name,
            did=_deed(event),
            icon=_ICONS.get(AuditAction(event.action), "event"),
            anchor=f"event-{event.pk}",
            note=Truncator(event.reason).chars(_NOTE),
            is_event=True,
        )
        for event in promote_request.audit_events.exclude(action__in=_TOLD_OTHERWISE)
    ]
    return sorted([*reviews, *comments, *events], key=lambda entry: entry.at)


def _deed(event: AuditEvent) -> str:
    if event.action == AuditAction.CREATED and event.to_status == Status.DRAFT:
        return "saved a draft"
    return _DEEDS.get(AuditAction(event.action)) or str(event.get_action_display())


def _reviewed_facts(promote_request: PromoteRequest, verdict: str, seen: str, champion: str | None) -> str:
    if verdict == Verdict.COMMENT or seen == promote_request.evidence_fingerprint:
        return ""
    if champion == promote_request.champion_version:
        return "of facts that have changed since"
    compared = f"compared with version {champion}" if champion else "when no version held the target"
    return f"{compared}; the champion has changed since"
