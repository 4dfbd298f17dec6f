"""The buttons beside those who are asked to review."""

import re
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from audit.actors import Door, actor_of
from foundation.exceptions import CheckpointError
from promote_requests import services
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import PageRequest, action
from promote_requests.sentences import asking as sentences


@action
def ask(request: PageRequest, number: int) -> HttpResponse:
    """Asks people and groups to review."""
    users = [name for given in request.POST.getlist("users") for name in re.split(r"[\s,;]+", given) if name]
    groups = [name for name in request.POST.getlist("groups") if name]
    return _done(request, number, services.ask, sentences.REVIEW_ASKED, users=users, groups=groups)


@action
def pick_up(request: PageRequest, number: int) -> HttpResponse:
    """Takes a group's place."""
    group = request.POST.get("group", "")
    return _done(request, number, services.pick_up, sentences.REVIEW_PICKED_UP, group=group)


@action
def decline(request: PageRequest, number: int) -> HttpResponse:
    """Declines to review."""
    reason = request.POST.get("reason", "")
    return _done(request, number, services.decline, sentences.REVIEW_DECLINED, reason=reason)


@action
def hand_over(request: PageRequest, number: int) -> HttpResponse:
    """Hands the review over to somebody else."""
    to, reason = request.POST.get("to", "").strip(), request.POST.get("reason", "")
    return _done(request, number, services.hand_over, sentences.review_handed_over(to), to=to, reason=reason)


def _done(
    request: PageRequest, number: int, service: Callable[..., PromoteRequest], done: str, **values: Any
) -> HttpResponse:
    promote_request = detail.find(request, number)
    # The desk is the admin's: whoever may not enter there acts through no door of its.
    is_desks = request.POST.get("back") == "desk" and request.user.is_staff
    door = Door.ADMIN if is_desks else Door.PAGE
    try:
        service(actor=actor_of(request, door), promote_request=promote_request, **values)
    except CheckpointError as failure:
        return detail.page(request, detail.find(request, number), failure=failure)
    messages.success(request, done)
    if is_desks:
        return redirect("admin:promote_requests_promoterequest_change", number)
    return redirect(promote_request)
