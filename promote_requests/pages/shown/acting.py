"""What the person who looks at a request's page may do there."""

from typing import Any

from audit.actors import Door, actor_of
from evidence.freeze import Observation
from promote_requests import permissions, sentences
from promote_requests.choices import Action, Verdict
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.services import actions_for, would_promote
from promote_requests.services.moves.around import Around
from protection.matching import Requirement


def actions_of(
    request: PageRequest,
    shown: PromoteRequest,
    decision: Decision,
    requirement: Requirement,
    *,
    seen: Observation,
    known: Around,
) -> dict[str, Any]:
    """Returns what this person may do, and which action is the page's one primary button.

    Args:
        request: Of whoever looks.
        shown: The request.
        decision: What its reviews amount to.
        requirement: What the rules ask for.
        seen: The facts that the page shows, on which both are.
        known: What the request has to do with others.
    """
    available = actions_for(actor_of(request, Door.PAGE), shown, decision, known=known)
    has_approved = any(
        judgement.reviewer_id == request.user.pk and judgement.counts for judgement in decision.judgements
    )
    objectors = [judgement for judgement in decision.judgements if not judgement.approves]
    own = [judgement for judgement in objectors if judgement.reviewer_id == request.user.pk]
    has_objected, may_lift = bool(own), any(judgement.is_answered_by_approving for judgement in own)
    is_authors = shown.author_id == request.user.pk
    may_not_approve = permissions.approval_refusal(actor_of(request, Door.PAGE), decision)
    candidates = [
        (Action.SUBMIT, Action.SUBMIT in available),
        (Action.PROMOTE, Action.PROMOTE in available),
        (Action.REVIEW, Action.REVIEW in available and not (has_approved or has_objected or may_not_approve)),
        (Action.REOPEN, Action.REOPEN in available),
    ]
    return {
        "available": {str(action) for action in available},
        "primary": next((str(action) for action, is_due in candidates if is_due), ""),
        "was_judged": any(review.verdict != Verdict.COMMENT for review in shown.reviews.all()),
        "effect": sentences.effect(shown.proposal),
        "has_approved": has_approved,
        "has_objected": has_objected,
        "objection": (
            sentences.changes_asked_for([judgement.name for judgement in objectors], is_authors=is_authors)
            if may_lift or (objectors and is_authors)
            else ""
        ),
        "approval_promotes": would_promote(actor_of(request, Door.PAGE), shown, decision, requirement, seen),
        "may_not_approve": may_not_approve if Action.REVIEW in available else "",
        "review_refusal": permissions.refusal(actor_of(request, Door.PAGE), Action.REVIEW, shown),
    }
