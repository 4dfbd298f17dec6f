"""The inbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from audit.actors import Door, actor_of
from foundation.browsers.htmx import is_asking
from notifications.inbox import marking, reading
from promote_requests.inbox import (
    asked_first,
    champions_for,
    decided_for,
    follow_ups_of,
    mentions_of,
    to_review_afterwards,
    waiting_for,
)
from promote_requests.models import Mention, PromoteRequest, Thread
from promote_requests.pages.http import PageRequest
from promote_requests.pages.listing import Row, for_rows, rows
from promote_requests.services.moves.champions import Champion
from protection.rulebook import rulebook

LENGTH = 100
"""Requests that a section shows; what was decided is shown less far back."""
_DECIDED = 30
_MENTIONS = 20


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the inbox.

    Attributes:
        key: Its place in the page.
        empty: What is said where it has no rows; a section without such a sentence is left out then.
        url_name: Of the page to go to where it has no rows, with `link`, its name.
        champions: What is shown in place of requests.
    """

    key: str
    title: str
    rows: Sequence[Row | Thread | Mention]
    empty: str = ""
    url_name: str = ""
    link: str = ""
    champions: Sequence[Champion] = ()


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
    person, rules = request.user, rulebook()
    news = reading.news_of(person.pk)
    seen: set[int] = set()

    def listed(found: Iterable[PromoteRequest]) -> list[Row]:
        """Returns rows of requests that no section before has shown."""
        made = [row for row in rows(found, rules, news) if row.promote_request.number not in seen]
        seen.update(row.promote_request.number for row in made)
        return made

    first = asked_first(waiting_for(person), person, LENGTH)
    found = {row.pk: row for row in for_rows(PromoteRequest.objects.filter(pk__in=first))}
    waiting = listed([found[pk] for pk in first if pk in found])
    flagged = listed(for_rows(to_review_afterwards(person))[:LENGTH])
    own = listed(for_rows(PromoteRequest.objects.unfinished().filter(author=person))[:LENGTH])
    decided = listed(decided_for(person).for_rows().with_comment_counts()[:_DECIDED])
    others = PromoteRequest.objects.visible_to(person.pk).filter(number__in=set(news) - seen)
    sections = [
        Section(
            "waiting",
            "Waiting for your review",
            waiting,
            "Nothing waits for you. Open requests of others that you have not judged yet appear here.",
            "promote_requests:list",
            "All open requests",
        ),
        Section("flagged", "Promoted past the rules, to be reviewed afterwards", flagged),
        Section("champions", "Champions of yours to review again", [], champions=champions_for(person, rules)[:LENGTH]),
        Section("follow-ups", "Yours to see to", list(follow_ups_of(person)[:LENGTH])),
        Section("mentions", "Where you are mentioned", list(mentions_of(person)[:_MENTIONS])),
        Section("news", "Also new", listed(for_rows(others)[:LENGTH])),
        Section(
            "own",
            "Your own, not finished",
            own,
            "You have no open request. Choose a model version to ask for its promotion.",
            "promote_requests:models",
            "Models",
        ),
        Section("decided", "Decided lately", decided),
    ]
    context = {
        "sections": sections,
        "new": len(news),
        "up_to": max((each.last.pk for each in news.values()), default=0),
    }
    return render(request, "promote_requests/inbox.html", context)


def _number(text: str) -> int | None:
    return min(int(text), marking.LARGEST) if text.isascii() and text.isdigit() and len(text) <= 19 else None
