"""The list of promote requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from foundation.database.bounded import BoundedPaginator, shown_count
from notifications.inbox.reading import Unread
from promote_requests import search, sentences
from promote_requests.choices import Status
from promote_requests.decision import Decision
from promote_requests.models import PromoteRequest
from promote_requests.pages.http import PageRequest
from promote_requests.pages.labels.choices import label_options
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.search import Found, Search
from promote_requests.services import decision_of
from promote_requests.services.moves.queue import beside
from protection.matching import Rulebook
from protection.rulebook import rulebook
from registry.targets import Target, TargetKind

if TYPE_CHECKING:
    from accounts.models import User

PER_PAGE = 25
MENU_LENGTH = 50
"""The most entries of a menu; others can be typed."""
MENU_REACH = 1_000
"""The newest requests, whose models, targets and authors the menus offer."""


@dataclass(frozen=True, slots=True)
class Row:
    """A request in a list.

    Attributes:
        decision: None unless reviewers can still change it.
        news: What is new about it for whoever looks; the inbox alone says so.
        beside: The others that wait for the same target.
    """

    promote_request: PromoteRequest
    decision: Decision | None
    news: Unread | None = None
    beside: Sequence[PromoteRequest] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a menu or a tab, with the address of its search."""

    label: str
    href: str
    is_current: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu that writes one term into the search box."""

    label: str
    choices: list[Choice]


@require_safe
def request_list(request: PageRequest) -> HttpResponse:
    """Shows the requests that match the search; without a search the open ones."""
    text = request.GET.get("q", search.DEFAULT)
    asked = Search.parse(text)
    rules = rulebook()
    found = search.look_up(asked, viewer=request.user, rules=rules)
    pages = BoundedPaginator(for_rows(found.shown), PER_PAGE, most=found.most, counted=found.count)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "search": asked,
        "text": text if asked.problems else str(asked),
        "tabs": _tabs(asked, found),
        "menus": _menus(asked, request.user),
        "page": page,
        "page_query": urlencode({"q": str(asked)}),
        "rows": rows(page.object_list, rules),
        "is_first_run": not page.object_list and not PromoteRequest.objects.exists(),
    }
    return render(request, "promote_requests/list.html", context)


def rows(
    requests: Iterable[PromoteRequest], rules: Rulebook, news: Mapping[int, Unread] = MappingProxyType({})
) -> list[Row]:
    """Returns requests as rows of a list, each open one with its review decision."""
    shown = list(requests)
    others = beside(shown)
    return [
        Row(
            promote_request,
            decision_of(promote_request, rules) if promote_request.status == Status.OPEN else None,
            news.get(promote_request.number),
            others.get(promote_request.pk, ()),
        )
        for promote_request in shown
    ]


def for_rows(found: PromoteRequestQuerySet) -> PromoteRequestQuerySet:
    """Returns requests with all that a row shows, the newest first."""
    return found.for_rows().with_comment_counts().order_by("-number")


def _href(asked: Search) -> str:
    return f"?{urlencode({'q': str(asked)})}"


def _tabs(asked: Search, found: Found) -> list[Choice]:
    current = asked.terms.get("is", "")
    if current in {"draft", "promoting"}:
        current = "open"
    if current == search.FLAGGED:
        current = "promoted"
    return [
        Choice(
            state.capitalize(),
            _href(asked.having(**{"is": state})),
            state == current,
            shown_count(found.tally[state], found.most if state == current else search.MOST)
            if state in found.tally
            else "",
        )
        for state in search.TABS
    ]


def _menus(asked: Search, viewer: "User") -> list[Menu]:
    newest = PromoteRequest.objects.visible_to(viewer.pk).order_by("-number")[:MENU_REACH]
    rows = list(newest.values_list("model_name", "author__username", "target_name", "target_kind"))
    models, names = (sorted({row[place] for row in rows})[:MENU_LENGTH] for place in range(2))
    targets = [Target(TargetKind(kind), name) for name, kind in sorted({row[2:] for row in rows})[:MENU_LENGTH]]
    authors = [("Mine", "@me"), *((name, name) for name in names if name != viewer.get_username())]
    reviews = [
        ("Waiting for me", search.MINE),
        *((decision.label, value) for value, decision in search.REVIEWS.items()),
    ]
    return [
        _menu(asked, "Model", "model", [(name, name) for name in models]),
        _menu(asked, "Target", "target", [(sentences.target_in_menu(target), str(target)) for target in targets]),
        _menu(asked, "Author", "author", authors),
        _menu(asked, "Review", "review", reviews),
        _menu(asked, "Label", "label", label_options(MENU_LENGTH)),
    ]


def _menu(asked: Search, label: str, key: str, options: list[tuple[str, str]]) -> Menu:
    current = asked.terms.get(key, "")
    choices = [Choice("Any", _href(asked.having(**{key: ""})), not current)]
    for name, value in options:
        choices.append(Choice(name, _href(asked.having(**{key: value})), value == current))
    return Menu(label, choices)
