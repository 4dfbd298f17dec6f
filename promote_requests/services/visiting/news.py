"""What happened to a request since a reader looked last, or did something to it themselves."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from audit.choices import AuditAction
from evidence.prompts import DiffLine, text_diff
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest, Review
from promote_requests.sentences import visits as sentences
from promote_requests.services.reading import FROZEN
from promote_requests.services.ruling.marks import covers
from promote_requests.services.visiting.looking import last_look
from protection.choices import Enforcement
from protection.models import RuleVersion

MOST_VERSIONS = 100
"""Changes of rules that are looked through; of more the newest."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one reader.

    Attributes:
        since: When they looked last, or acted.
        told: What happened since, each in a few words.
        former_title: Empty where the title is the same.
        lines: Of the description; empty where it is the same or too long to be compared.
    """

    since: datetime
    told: tuple[str, ...]
    former_title: str = ""
    lines: tuple[DiffLine, ...] = ()


def news_since(promote_request: PromoteRequest, *, reader_id: int) -> News | None:
    """Returns what others changed since the reader's last visit; None where it is their first. Asks the database only.

    What they did themselves ends the visit before: they had the page before them.
    """
    events = promote_request.audit_events.exclude(action=AuditAction.REFUSED)
    acted = events.filter(actor=reader_id).order_by("-at").values_list("at", flat=True).first()
    looked = [moment for moment in (acted, last_look(reader_id, promote_request)) if moment is not None]
    if not looked:
        return None
    since = max(looked)
    others = events.filter(at__gt=since).exclude(actor=reader_id).values_list("action", flat=True)
    counts = Counter(AuditAction(action) for action in others)
    title, description = _former_text(promote_request, since)
    told = sentences.happened(
        counts,
        title_changed=title != promote_request.title,
        description_changed=description != promote_request.description,
        rule_changed=_rule_changed(promote_request, since, reader_id),
    )
    return News(
        since,
        tuple(told),
        title if title != promote_request.title else "",
        text_diff(description, promote_request.description) if description != promote_request.description else (),
    )


def approved_by(promote_request: PromoteRequest, *, reader_id: int) -> Review | None:
    """Returns the reader's last judgement if it was an approval of facts that are not the present ones.

    Loads nothing: the reviews of a request that a page shows are there already.
    """
    own = [
        review
        for review in promote_request.reviews.all()
        if review.reviewer_id == reader_id and review.verdict != Verdict.COMMENT
    ]
    if not own or own[-1].verdict != Verdict.APPROVE or not own[-1].evidence_digest:
        return None
    return own[-1] if own[-1].evidence_fingerprint != promote_request.evidence_fingerprint else None


def _former_text(promote_request: PromoteRequest, since: datetime) -> tuple[str, str]:
    """Returns title and description as they were at a moment: what the first edit after it replaced."""
    former = promote_request.former_texts.filter(created_at__gt=since).order_by("revision").first()
    text = promote_request if former is None else former
    return text.title, text.description


def _rule_changed(promote_request: PromoteRequest, since: datetime, reader_id: int) -> bool:
    """Tells whether somebody else changed a rule that judges the request. What is decided keeps the rules it had."""
    if promote_request.status in FROZEN:
        return False
    changed = RuleVersion.objects.filter(created_at__gt=since).exclude(changed_by=reader_id).order_by("-created_at")
    versions = list(changed[:MOST_VERSIONS])
    if not versions:
        return False
    found = RuleVersion.objects.filter(
        rule_id__in={version.rule_id for version in versions},
        number__in={version.number - 1 for version in versions},
    )
    before = {(version.rule_id, version.number): version.document for version in found}
    documents = [version.document for version in versions]
    documents += [before.get((version.rule_id, version.number - 1)) for version in versions]
    return any(
        covers(document, promote_request)
        for document in documents
        if document is not None and document["enforcement"] != Enforcement.OFF
    )
