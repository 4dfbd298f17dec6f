"""Marks what is new on a request's page for whoever reads it."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from django.urls import reverse
from django.utils import timezone

from audit.actors import Door, actor_of
from foundation.browsers import htmx
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.pages.timeline import Entry
from promote_requests.sentences.visits import since_last_look
from promote_requests.services.visiting import look, news_since
from promote_requests.services.visiting.news import approved_by

_PREFETCHES = ("Sec-Purpose", "Purpose", "X-Moz")


def note_visit(request: PageRequest, promote_request: PromoteRequest) -> None:
    """Notes the visit, if somebody looks: a HEAD, a prefetch and what a script asks for are nobody's look."""
    is_prefetch = any("prefetch" in request.headers.get(name, "") for name in _PREFETCHES)
    if request.method == "GET" and not is_prefetch and not htmx.is_asking(request):
        look(actor=actor_of(request, Door.PAGE), promote_request=promote_request)


def new_for(request: PageRequest, promote_request: PromoteRequest, entries: Iterable[Entry]) -> dict[str, Any]:
    """Returns the line about what is new for the reader, the anchors of what is new in the timeline, and the addresses.

    `as_approved` leads to the comparison of what they approved with what MLflow has now, where these differ.
    """
    reader = request.user
    context: dict[str, Any] = {"as_approved": "", "news_line": "", "new_anchors": frozenset()}
    if approved := approved_by(promote_request, reader_id=reader.pk):
        address = [promote_request.number, approved.evidence_digest]
        context["as_approved"] = reverse("promote_requests:since", args=address)
        context["judged_then"] = reverse("promote_requests:judged", args=address)
    news = news_since(promote_request, reader_id=reader.pk)
    if news is None:
        return context
    if news.told:
        now = timezone.now().astimezone(UTC)
        context["news_line"] = since_last_look(news.since.astimezone(UTC), news.told, now=now)
    new = {entry.anchor for entry in entries if entry.at > news.since and entry.who != reader.get_username()}
    return {**context, "news": news, "new_anchors": frozenset(new)}
