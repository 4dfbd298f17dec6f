"""What people do in the conversation: comment, open a thread on a row, answer, settle, reword, take back."""

from collections.abc import Callable
from datetime import date

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.identity import confirmation
from audit.actors import Door, actor_of
from foundation.browsers import htmx
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import sentences, services
from promote_requests.choices import AnchorKind
from promote_requests.models import PromoteRequest
from promote_requests.pages import detail
from promote_requests.pages.http import Missing, PageRequest, action
from promote_requests.pages.talk.answers import beside, refused, spoken

BLOCKING, FOLLOW_UP = "blocking", "follow_up"


@action
def comment(request: PageRequest, number: int) -> HttpResponse:
    """Opens a thread: plain by the field below the conversation, of any kind by the form that rows lead to."""
    promote_request = detail.find(request, number)
    sent = request.POST
    try:
        written = services.comment(
            actor=actor_of(request, Door.PAGE),
            promote_request=promote_request,
            body=sent.get("body", ""),
            anchor_kind=sent.get("anchor_kind", ""),
            anchor_key=sent.get("anchor_key", ""),
            is_blocking=sent.get("nature") == BLOCKING,
            owner=sent.get("owner", "") if sent.get("nature") == FOLLOW_UP else "",
            due_on=_day(sent.get("due_on", "")) if sent.get("nature") == FOLLOW_UP else None,
        )
    except CheckpointError as failure:
        if "nature" not in sent:
            return refused(request, number, failure)
        return beside(failure) if htmx.is_asking(request) else _form(request, promote_request, failure)
    fresh = "thread-form" if "nature" in sent else "review-box"
    return spoken(request, promote_request, f"comment-{written.pk}", fresh=fresh, decides=written.thread.is_blocking)


@require_safe
def new_thread(request: PageRequest, number: int) -> HttpResponse:
    """Shows the form for a thread, about a row of the comparison if the address names one; without a script."""
    return _form(request, detail.find(request, number))


def _form(
    request: PageRequest, promote_request: PromoteRequest, failure: CheckpointError | None = None
) -> HttpResponse:
    typed = request.POST if failure is not None else request.GET
    kind, key = typed.get("anchor_kind", ""), typed.get("anchor_key", "")
    label = AnchorKind(kind).label if kind in AnchorKind.values else ""
    context = {
        "shown": promote_request,
        "failure": failure,
        "typed": typed,
        "anchor_kind": kind,
        "anchor_key": key,
        "about": f"{label} {sentences.shortened(key)}" if label else "",
    }
    status = 200 if failure is None else failure.status
    return render(request, "promote_requests/thread.html", context, status=status)


def _of_thread(act: Callable[[PageRequest, PromoteRequest, int], HttpResponse]) -> Callable[..., HttpResponse]:
    """Makes a view of something that is done to a thread; whoever opens its address is sent to the request's page."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def answer(request: PageRequest, number: int, thread: int) -> HttpResponse:
        promote_request = detail.find(request, number)
        if not promote_request.threads.filter(pk=thread).exists():
            raise Missing(f"Request #{number} has no thread {thread}.")
        return _answered(request, promote_request, f"thread-{thread}", lambda: act(request, promote_request, thread))

    return answer


def _of_comment(act: Callable[[PageRequest, PromoteRequest, int], HttpResponse]) -> Callable[..., HttpResponse]:
    """The same of a comment."""

    @require_http_methods(["GET", "HEAD", "POST"])
    def answer(request: PageRequest, number: int, comment: int) -> HttpResponse:
        promote_request = detail.find(request, number)
        if not promote_request.comments.filter(pk=comment).exists():
            raise Missing(f"Request #{number} has no comment {comment}.")
        return _answered(request, promote_request, f"comment-{comment}", lambda: act(request, promote_request, comment))

    return answer


def _answered(
    request: PageRequest, promote_request: PromoteRequest, place: str, act: Callable[[], HttpResponse]
) -> HttpResponse:
    if request.method != "POST":
        return detail.back(promote_request, place)
    try:
        return act()
    except CheckpointError as failure:
        return beside(failure) if htmx.is_asking(request) else refused(request, promote_request.pk, failure)


@_of_thread
def reply(request: PageRequest, promote_request: PromoteRequest, thread: int) -> HttpResponse:
    """Answers in a thread."""
    written = services.reply(
        actor=actor_of(request, Door.PAGE),
        promote_request=promote_request,
        thread=thread,
        body=request.POST.get("body", ""),
    )
    return spoken(request, promote_request, f"comment-{written.pk}", fresh=f"reply-{thread}")


@_of_thread
def resolve(request: PageRequest, promote_request: PromoteRequest, thread: int) -> HttpResponse:
    """Says that a thread is settled; what lifts a blocker is a decision, for which the password may be asked again."""
    if promote_request.threads.blocking().filter(pk=thread).exists():
        confirmation.require(request)
    services.resolve(actor=actor_of(request, Door.PAGE), promote_request=promote_request, thread=thread)
    return spoken(request, promote_request, f"thread-{thread}", decides=True)


@_of_thread
def unresolve(request: PageRequest, promote_request: PromoteRequest, thread: int) -> HttpResponse:
    """Opens a thread again."""
    services.unresolve(actor=actor_of(request, Door.PAGE), promote_request=promote_request, thread=thread)
    return spoken(request, promote_request, f"thread-{thread}", decides=True)


@_of_comment
def edit_comment(request: PageRequest, promote_request: PromoteRequest, comment: int) -> HttpResponse:
    """Gives one's own comment other words."""
    services.edit_comment(
        actor=actor_of(request, Door.PAGE),
        promote_request=promote_request,
        comment=comment,
        body=request.POST.get("body", ""),
    )
    return spoken(request, promote_request, f"comment-{comment}", fresh=f"edit-{comment}")


@_of_comment
def delete_comment(request: PageRequest, promote_request: PromoteRequest, comment: int) -> HttpResponse:
    """Takes one's own comment back."""
    services.delete_comment(actor=actor_of(request, Door.PAGE), promote_request=promote_request, comment=comment)
    return spoken(request, promote_request, f"comment-{comment}", fresh=f"edit-{comment}")


def _day(text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput("Write the day as 2026-12-31.", field="due_on") from None
