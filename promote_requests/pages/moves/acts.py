"""The buttons of these moves: each calls its service and leads on, or shows the request with the refusal."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from accounts.identity import confirmation
from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError
from promote_requests import links, sentences, services
from promote_requests.exceptions import DuplicateRequest
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest, action


@action
def roll_back(request: PageRequest, number: int) -> HttpResponse:
    """Opens the request that takes a promoted one's change back, and leads to it, or to the one that is there."""
    try:
        opened = services.roll_back(
            actor=actor_of(request, Door.PAGE),
            promote_request=detail.find(request, number),
            message=request.POST.get("message", ""),
        )
    except DuplicateRequest as there:
        if not PromoteRequest.objects.visible_to(request.user.pk).filter(number=there.number).exists():
            return refused(request, number, there)
        messages.info(request, there.message)
        return redirect(links.request_path(there.number))
    except CheckpointError as failure:
        return refused(request, number, failure)
    messages.success(request, sentences.way_back_opened(opened))
    return redirect(opened)


@action
@confirmation.confirmed
def supersede(request: PageRequest, number: int) -> HttpResponse:
    """Closes a request in favour of a newer one."""
    by = request.POST.get("by", "")
    try:
        services.supersede(
            actor=actor_of(request, Door.PAGE),
            promote_request=detail.find(request, number),
            by=int(by) if by.isascii() and by.isdigit() and len(by) <= 18 else 0,
            message=request.POST.get("message", ""),
        )
    except CheckpointError as failure:
        return refused(request, number, failure)
    messages.success(request, sentences.ended("closed"))
    return redirect("promote_requests:detail", number)


@action
@confirmation.confirmed
def consent(request: PageRequest, number: int) -> HttpResponse:
    """Records a second person's consent that the glass is broken."""
    try:
        services.consent(
            actor=actor_of(request, Door.PAGE),
            promote_request=detail.find(request, number),
            words=request.POST.get("words", ""),
            seen_fingerprint=request.POST.get("seen_fingerprint", ""),
        )
    except CheckpointError as failure:
        return refused(request, number, failure)
    messages.success(request, sentences.CONSENTED)
    return redirect("promote_requests:detail", number)


@action
@confirmation.confirmed
def review_afterwards(request: PageRequest, number: int) -> HttpResponse:
    """Records somebody else's review of a promotion past the rules."""
    try:
        services.review_afterwards(
            actor=actor_of(request, Door.PAGE),
            promote_request=detail.find(request, number),
            body=request.POST.get("body", ""),
        )
    except CheckpointError as failure:
        return refused(request, number, failure)
    messages.success(request, sentences.REVIEWED_AFTERWARDS)
    return redirect("promote_requests:detail", number)


def refused(request: PageRequest, number: int, failure: CheckpointError) -> HttpResponse:
    """Shows the request as it is now, with the refusal and what the person had typed."""
    typed = next((said for name in ("body", "message", "words") if (said := request.POST.get(name))), "")
    shown = CheckpointError(failure.message)
    shown.status = failure.status  # above the page, wherever the field was
    return detail.page(request, detail.find(request, number), failure=shown, body=typed)
