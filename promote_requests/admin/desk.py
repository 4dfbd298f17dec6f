"""The review desk: a request judged within Django's admin, by the same services and with the portal's own templates."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.identity import signing
from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import sentences, services
from promote_requests.choices import CloseReason, Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest, review_named, seen_text_revision
from promote_requests.pages.rules import questions
from promote_requests.pages.shown.context import context_of
from promote_requests.pages.shown.looking import Look
from promote_requests.services import settle_if_cut_off

DEEDS = ("promote", "close", "withdraw", "reopen", "dismiss")
"""What `act` does, by the names that its buttons send."""


def address(number: int) -> str:
    """Returns the path of a request's desk."""
    return reverse("admin:promote_requests_promoterequest_change", args=[number])


def context(
    request: HttpRequest,
    promote_request: PromoteRequest,
    *,
    failure: CheckpointError | None = None,
    body: str = "",
    look: Look = Look.NOW,
) -> dict[str, Any]:
    """Returns what the desk shows of a request; a promotion that a crash cut off is settled first.

    Args:
        request: Of whoever asks.
        promote_request: The request.
        failure: Why a review was refused.
        body: What was typed for it.
        look: Which facts are shown.
    """
    settle_if_cut_off(promote_request)
    asked: PageRequest = request  # type: ignore[assignment]  # the admin lets in only who is signed in
    shown = context_of(asked, promote_request, failure=failure, body=body, look=look, may_open=False)
    return {"desk": True, **shown}


def judge(request: HttpRequest, promote_request: PromoteRequest) -> HttpResponse:
    """Records a review or a comment, and leads back to the desk.

    Raises:
        CheckpointError: it was refused; what was typed is in the request.
    """
    said = request.POST.get("verdict", "")
    body = request.POST.get("body", "")
    actor = actor_of(request, Door.ADMIN)
    if said == Verdict.COMMENT:
        services.comment(actor=actor, promote_request=promote_request, body=body)
        return redirect(address(promote_request.number))
    if said not in set(Verdict):
        raise InvalidInput("Choose whether you approve or request changes.", field="verdict")
    signs = said == Verdict.APPROVE and services.requirement_of(promote_request).wants_signatures
    signer = signing.sign(request, signing.taken(request)) if signs else None
    outcome = services.review(
        actor=actor,
        promote_request=promote_request,
        verdict=Verdict(said),
        body=body,
        seen_fingerprint=request.POST.get("seen_fingerprint", ""),
        seen_text_revision=seen_text_revision(request),
        answers=questions.sent(request.POST.dict()),
        signer=signer,
    )
    if outcome.failure is not None:
        messages.error(request, sentences.recorded_but_not_promoted(outcome.failure.message))
    elif outcome.promote_request.status == Status.PROMOTED:
        messages.success(request, sentences.promoted(outcome.promote_request))
    else:
        messages.success(request, "Your review is recorded.")
    return redirect(address(promote_request.number))


def act(request: HttpRequest, promote_request: PromoteRequest) -> HttpResponse:
    """Promotes, closes, withdraws or reopens a request or lifts an objection to it, and leads back to the desk.

    Raises:
        CheckpointError: it was refused; what was typed is in the request.
    """
    actor, message = actor_of(request, Door.ADMIN), request.POST.get("message", "")
    match request.POST.get("deed", ""):
        case "promote":
            done = sentences.promoted(services.promote(actor=actor, promote_request=promote_request))
        case "close":
            reason = request.POST.get("reason", CloseReason.REJECTED)
            services.close(actor=actor, promote_request=promote_request, reason=reason, message=message)
            done = sentences.ended("closed")
        case "withdraw":
            services.withdraw(actor=actor, promote_request=promote_request, message=message)
            done = sentences.ended("withdrawn")
        case "reopen":
            services.reopen(actor=actor, promote_request=promote_request, message=message)
            done = sentences.REOPENED
        case "dismiss":
            services.dismiss(actor=actor, promote_request=promote_request, review=review_named(request), reason=message)
            done = sentences.LIFTED
        case _:
            raise InvalidInput(f"Choose what should be done: {', '.join(DEEDS[:-1])} or {DEEDS[-1]}.", field="deed")
    messages.success(request, done)
    return redirect(address(promote_request.number))
