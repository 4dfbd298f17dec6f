"""The page on which somebody reviews a version in use again: as it is now beside what it was when it was promoted."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.identity import confirmation
from audit.actors import Door, actor_of
from evidence.compare import compare_evidence
from evidence.freeze import UnreadableEvidence, fingerprint
from evidence.kept import load
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import permissions, sentences, services, transitions
from promote_requests.choices import Action
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest, rows_asked_for
from promote_requests.services.moves.champions import champions, present_evidence
from promote_requests.services.moves.holders import holding
from protection.rulebook import rulebook


@require_http_methods(["GET", "HEAD", "POST"])
def re_review(request: PageRequest, number: int) -> HttpResponse:
    """Shows what changed of a champion since it was promoted and what was said of it, or records a review."""
    promote_request = detail.find(request, number)
    actor = actor_of(request, Door.PAGE)
    wrong: InvalidInput | None = None
    try:
        if request.method == "POST":
            confirmation.require(request)
            services.re_review(
                actor=actor,
                promote_request=promote_request,
                body=request.POST.get("body", ""),
                seen_fingerprint=request.POST.get("seen_fingerprint", ""),
            )
            messages.success(request, sentences.RE_REVIEWED)
            return redirect("promote_requests:re_review", number)
        transitions.require(Action.RE_REVIEW, promote_request.status)
    except InvalidInput as mistake:
        wrong = mistake
    except CheckpointError as refusal:
        return detail.page(request, detail.find(request, number), failure=refusal, body=request.POST.get("body", ""))
    context: dict[str, Any] = {
        "shown": promote_request,
        "due": next(iter(champions(rulebook(), holding().filter(pk=number))), None),
        "reviews": promote_request.champion_reviews.select_related("reviewer").order_by("-pk"),
        "refusal": permissions.refusal(actor, Action.RE_REVIEW, promote_request),
        "body": request.POST.get("body", ""),
        "wrong": wrong,
        "workspace": promote_request.workspace,
        "all_rows": True,
        **rows_asked_for(request),
    }
    try:
        present = present_evidence(promote_request)
        context |= {"seen_fingerprint": fingerprint(present)}
        then = load(promote_request.evidence_digest).challenger
        both = replace(present, champion=then, other_holders=())
        context |= {"evidence": both, "comparison": compare_evidence(both)}
    except UnreadableEvidence as lost:
        context["lost"] = lost
    except CheckpointError as failure:
        context["failure"] = failure
    status = wrong.status if wrong else 200
    return render(request, "promote_requests/moves/re_review.html", context, status=status)
