"""Sentences about what happened since somebody looked."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from audit.choices import AuditAction
from foundation.words import counted

_COUNTED = {
    AuditAction.COMMENTED: ("comment", "comments"),
    AuditAction.REVIEWED: ("review", "reviews"),
    AuditAction.CHECK_REPORTED: ("report of a check", "reports of checks"),
}
_SAID = {
    AuditAction.COMMENT_EDITED: "a comment was edited",
    AuditAction.COMMENT_DELETED: "a comment was deleted",
    AuditAction.THREAD_RESOLVED: "a thread was resolved",
    AuditAction.THREAD_UNRESOLVED: "a thread was opened again",
    AuditAction.REVIEW_ASKED: "reviewers were asked",
    AuditAction.REVIEW_DECLINED: "a reviewer declined",
    AuditAction.DISMISSED: "an objection was dismissed",
    AuditAction.ANSWERED: "questions were answered",
    AuditAction.DIRECTION_SET: "a metric's direction changed",
    AuditAction.LABELLED: "the labels changed",
    AuditAction.SUBMITTED: "it was opened for review",
    AuditAction.PROMOTION_FAILED: "a promotion failed",
    AuditAction.ASKED_AGAIN: "the reviewers were asked again",
    AuditAction.VERSION_GONE: "the version was deleted",
    AuditAction.VERSION_BACK: "the deleted version is there again",
    AuditAction.GLASS_BROKEN: "the glass was broken",
    AuditAction.GLASS_CONSENTED: "breaking the glass got its consent",
    AuditAction.REVIEWED_AFTERWARDS: "it was reviewed afterwards",
    AuditAction.RE_REVIEW_DUE: "the champion is to be reviewed again",
    AuditAction.RE_REVIEWED: "the champion was reviewed again",
    AuditAction.CLOSED: "it was closed",
    AuditAction.REOPENED: "it was reopened",
    AuditAction.PROMOTED: "it was promoted",
}


def happened(
    counts: Mapping[AuditAction, int], *, title_changed: bool, description_changed: bool, rule_changed: bool
) -> list[str]:
    """Returns what happened to a request, each in a few words, what matters most for a judgement first.

    Args:
        counts: How often what was done to it.
        title_changed: Whether the title is another one now.
        description_changed: Whether the description is.
        rule_changed: Whether somebody changed a rule that judges it.
    """
    facts = {
        "evidence changed": AuditAction.EVIDENCE_CHANGED in counts,
        "the title changed": title_changed,
        "the description changed": description_changed,
        "the rule changed": rule_changed,
    }
    told = [words for words, is_so in facts.items() if is_so]
    told += [counted(counts[action], *words) for action, words in _COUNTED.items() if counts.get(action)]
    return told + [words for action, words in _SAID.items() if counts.get(action)]


def since_last_look(since: datetime, told: Sequence[str], *, now: datetime) -> str:
    """Returns the line for the top of a request's page, such as `Since you last looked, today 14:02 UTC: 2 comments.`.

    Args:
        since: When the reader looked last, in UTC.
        told: What happened since.
        now: The present, in UTC.
    """
    days = (now.date() - since.date()).days
    day = {0: "today", 1: "yesterday"}.get(days, f"{since:%Y-%m-%d}")
    return f"Since you last looked, {day} {since:%H:%M} UTC: {', '.join(told)}."
