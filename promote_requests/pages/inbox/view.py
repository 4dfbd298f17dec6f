"""The inbox."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.actors import Door, actor_of
from foundation.browsers.htmx import is_asking
from notifications.inbox import marking
from promote_requests.pages.http import PageRequest
from promote_requests.pages.inbox.sections import ALL, Sections


@require_safe
@never_cache
def inbox(request: PageRequest) -> HttpResponse:
    """Shows what waits for this person, mentions them, is their own, was decided lately, or is new otherwise."""
    return _page(request)


@require_POST
@never_cache
def mark_read(request: PageRequest) -> HttpResponse:
    """Marks what is new about one request, or about all, as read, as far as the page has shown it."""
    number, up_to = (_number(request.POST.get(name, "")) for name in ("number", "up_to"))
    marking.mark_read(
        actor=actor_of(request, Door.PAGE),
        numbers=None if number is None else [number],
        up_to=marking.LARGEST if up_to is None else up_to,
    )
    return _page(request) if is_asking(request) else redirect("promote_requests:inbox")


def _page(request: PageRequest) -> HttpResponse:
    inbox = Sections(request.user, request.GET.get(ALL, ""))
    context = {
        "sections": inbox.made(),
        "new": len(inbox.news),
        "up_to": max((each.last.pk for each in inbox.news.values()), default=0),
    }
    return render(request, "promote_requests/inbox.html", context)


def _number(text: str) -> int | None:
    return min(int(text), marking.LARGEST) if text.isascii() and text.isdigit() and len(text) <= 19 else None
