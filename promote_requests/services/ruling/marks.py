"""What a reader of a request should know of its rules: that nobody can meet them, or that its author changed them."""

from functools import reduce
from itertools import product
from operator import or_
from typing import Any

from django.db.models import Q

from audit.choices import AuditAction
from audit.models import AuditEvent
from promote_requests import sentences
from promote_requests.models import PromoteRequest
from promote_requests.services.reading import FROZEN, decided_at, requirement_for_proposal
from protection import possible
from protection.documents.history import differences
from protection.matching import Requirement, Rulebook
from protection.models import ProtectionRule, RuleVersion

_PATTERNS = ("workspace_pattern", "model_pattern", "target_pattern")
_BEGINNINGS = product(("", "added: ", "deleted: "), ("freeze window ", "owners "))
_ENTRY_CHANGED = reduce(or_, (Q(reason__startswith=f"{deed}{kind}") for deed, kind in _BEGINNINGS))
"""The rows about freeze windows and owners among those about rules; `protection.sentences` words them."""


def made_impossible(promote_request: PromoteRequest, requirement: Requirement) -> list[str]:
    """Returns why nobody can meet what is asked of an unfinished request, as sentences; none where somebody can.

    Rules that nobody could meet are refused when they are saved; people leave groups and accounts afterwards.
    """
    if promote_request.status in FROZEN:
        return []
    author = promote_request.author.get_username()
    found = possible.of_request(requirement.conditions, without=promote_request.authors, author=author)
    return [one.sentence for one in found]


def changes_by_the_author(promote_request: PromoteRequest) -> list[str]:
    """Returns what the author of a request, or who answers for them, changed in its rules while it was undecided.

    A change of a rule counts where the rule covered the request before or after it. Freeze windows and owners have no
    versions, so every change to one of them is told.
    """
    people = promote_request.authors
    until = decided_at(promote_request)
    since = promote_request.created_at
    versions = RuleVersion.objects.filter(changed_by__in=people, created_at__gte=since).order_by("created_at")
    entries = AuditEvent.objects.filter(
        _ENTRY_CHANGED, action=AuditAction.RULE_CHANGED, actor__in=people, at__gte=since
    ).order_by("at")
    if until is not None:
        versions, entries = versions.filter(created_at__lte=until), entries.filter(at__lte=until)
    found = [
        sentences.author_changed_rule(version.changed_by_name, version.number, version.created_at, changes)
        for version in versions
        if (changes := _changes(version, promote_request)) is not None
    ]
    return found + [sentences.author_changed_entry(event.actor_name, event.at, event.reason) for event in entries]


def _changes(version: RuleVersion, promote_request: PromoteRequest) -> list[str] | None:
    """Returns what a change was, in words; None where it is none of this request's business."""
    before = RuleVersion.objects.filter(rule_id=version.rule_id, number=version.number - 1).first()
    was, now = before.document if before else None, version.document
    about = [document for document in (was, now) if document is not None and covers(document, promote_request)]
    return differences(was, now) if about else None


def covers(document: dict[str, Any], promote_request: PromoteRequest) -> bool:
    """Tells whether the patterns of a rule's document cover what a request asks for, whether or not it is enforced."""
    rule = ProtectionRule(conditions={}, **{name: document[name] for name in _PATTERNS})
    leaving = promote_request.challenger_stage
    return requirement_for_proposal(promote_request.proposal, leaving=leaving, rules=Rulebook((rule,))).is_protected
