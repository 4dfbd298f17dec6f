"""The timeline of a request: reviews, threads and events in one list."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.text import Truncator

from audit.choices import AuditAction
from promote_requests import sentences
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.pages.talk.threads import Talk, ThreadView

_TOLD_OTHERWISE = (
    AuditAction.REVIEWED,
    AuditAction.COMMENTED,
    AuditAction.COMMENT_EDITED,
    AuditAction.COMMENT_DELETED,
    AuditAction.THREAD_RESOLVED,
    AuditAction.THREAD_UNRESOLVED,
    AuditAction.MENTIONED,
)
"""Audit rows of what the timeline shows as reviews, or within threads."""
_NOTE = 500
"""The most characters of an event's explanation; the admin shows all of it."""
_ICONS = {
    AuditAction.CREATED: "open",
    AuditAction.SUBMITTED: "open",
    AuditAction.REOPENED: "open",
    AuditAction.PROMOTION_STARTED: "promoting",
    AuditAction.PROMOTED: "promoted",
    AuditAction.CLOSED: "closed",
    AuditAction.PROMOTION_UNANSWERED: "warning",
    AuditAction.PROMOTION_FAILED: "warning",
    AuditAction.EVIDENCE_CHANGED: "warning",
    AuditAction.DIRECTION_SET: "warning",
    AuditAction.GLASS_BROKEN: "warning",
    AuditAction.ASKED_AGAIN: "waiting",
    AuditAction.RE_REVIEW_DUE: "waiting",
    AuditAction.VERSION_GONE: "warning",
    AuditAction.FOLLOW_UP_DUE: "waiting",
}
_VERDICTS = {
    Verdict.APPROVE: "approved",
    Verdict.REQUEST_CHANGES: "asked for changes",
    Verdict.COMMENT: "reviewed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline.

    Attributes:
        who: Name of the person, or Checkpoint's own.
        did: What they did, to follow the name.
        body: Markdown; empty for an event.
        note: Plain text that explains an event.
        icon: Name of a picture in `icons.svg`.
        anchor: The entry's id in the page.
        judged: The address of the evidence that a review is about.
        signature: Who signed it, when and with which meaning, as a sentence.
        thread: The thread that a comment opened.
    """

    at: datetime
    who: str
    did: str
    icon: str
    anchor: str
    body: str = ""
    note: str = ""
    is_event: bool = False
    judged: str = ""
    signature: str = ""
    thread: ThreadView | None = None


def entries(promote_request: PromoteRequest, talk: Talk) -> list[Entry]:
    """Returns the reviews, threads and events of a request, oldest first; what is said in a thread stands in it."""
    reviews = [
        Entry(
            at=review.created_at,
            who=review.reviewer.get_username(),
            did=_VERDICTS[Verdict(review.verdict)],
            icon=review.verdict,
            anchor=f"review-{review.pk}",
            body=review.body,
            judged=_judged(promote_request, review),
            note=_note(promote_request, review),
            signature=_signature(review),
        )
        for review in promote_request.reviews.all()
    ]
    threads = [
        Entry(
            at=thread.first.at,
            who=thread.first.who,
            did="commented",
            icon="comment",
            anchor=f"thread-{thread.pk}",
            thread=thread,
        )
        for thread in talk.threads
    ]
    events = [
        Entry(
            at=event.at,
            who=event.actor_name,
            did=sentences.deed(event),
            icon=_ICONS.get(AuditAction(event.action), "event"),
            anchor=f"event-{event.pk}",
            note=Truncator(event.reason).chars(_NOTE),
            is_event=True,
        )
        for event in promote_request.audit_events.exclude(action__in=_TOLD_OTHERWISE)
    ]
    return sorted([*reviews, *threads, *events], key=lambda entry: entry.at)


def _note(promote_request: PromoteRequest, review: Review) -> str:
    facts = sentences.facts_of_review(
        promote_request, review.verdict, review.evidence_fingerprint, review.champion_version
    )
    return ", ".join(filter(None, [facts, "dismissed" if review.is_dismissed else ""]))


def _signature(review: Review) -> str:
    if not hasattr(review, "signature"):
        return ""
    if not review.is_signed:
        return "The signature does not match what was signed: the database was changed."
    return sentences.signed(review.signature.printed_name, review.signature.signed_at, review.signature.meaning)


def _judged(promote_request: PromoteRequest, review: Review) -> str:
    if not review.evidence_digest:
        return ""
    return reverse("promote_requests:judged", args=[promote_request.pk, review.evidence_digest])
