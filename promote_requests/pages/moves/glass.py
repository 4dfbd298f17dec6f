"""The page on which somebody promotes past the rules: what is skipped, and why it cannot wait."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.identity import confirmation
from audit.actors import Door, actor_of
from evidence.freeze import UnreadableEvidence
from evidence.kept import load
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import sentences, services
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest
from promote_requests.sentences import Story
from promote_requests.services import requirement_of
from promote_requests.services.moves.glass import CONSENT_HOLDS, FEWEST_CHARACTERS, MAX_REASON, consent_for, would_skip


@require_http_methods(["GET", "HEAD", "POST"])
def break_glass(request: PageRequest, number: int) -> HttpResponse:
    """Shows what would be skipped, or promotes. Who may not sees the request with the refusal."""
    promote_request = detail.find(request, number)
    actor = actor_of(request, Door.PAGE)
    wrong: InvalidInput | None = None
    try:
        if request.method == "POST":
            confirmation.require(request)
            services.break_glass(
                actor=actor,
                promote_request=promote_request,
                reason=request.POST.get("reason", ""),
                seen_fingerprint=request.POST.get("seen_fingerprint", ""),
            )
            messages.success(request, sentences.promoted(detail.find(request, number)))
            return redirect(promote_request)
    except InvalidInput as mistake:
        wrong = mistake
    except CheckpointError as refusal:
        return detail.page(request, detail.find(request, number), failure=refusal, body=request.POST.get("reason", ""))
    try:
        skipped = would_skip(actor=actor, promote_request=promote_request)
    except CheckpointError as refusal:
        return detail.page(request, promote_request, failure=refusal)
    requirement = requirement_of(promote_request)
    context = {
        "shown": promote_request,
        "sentence": sentences.parts(Story.of(promote_request, promote_request.champion_version)),
        "consequence": sentences.consequence(promote_request.proposal, _holders(promote_request)),
        "effect": sentences.effect(promote_request.proposal),
        "skipped": skipped,
        "needs_consent": requirement.moves.needs_consent,
        "consent": consent_for(promote_request, breaker=request.user.pk),
        "consent_hours": int(CONSENT_HOLDS.total_seconds() // 3600),
        "fewest": FEWEST_CHARACTERS,
        "longest": MAX_REASON,
        "reason": request.POST.get("reason", ""),
        "wrong": wrong,
    }
    return render(request, "promote_requests/moves/break_glass.html", context, status=wrong.status if wrong else 200)


def _holders(promote_request: PromoteRequest) -> list[str]:
    """Returns who holds the target as it was observed last; MLflow is asked when the glass is broken."""
    try:
        evidence = load(promote_request.evidence_digest)
    except UnreadableEvidence:
        evidence = None
    return sentences.present_holders(promote_request.champion_version, evidence)
