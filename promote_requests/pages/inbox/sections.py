"""The parts of the inbox, each of which shows so much and says how many more there are and where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from foundation.database.bounded import MOST, count_up_to, shown_count
from notifications.inbox import reading
from promote_requests import sentences
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
from promote_requests.pages.listing import Row, for_rows, rows
from promote_requests.services.moves.champions import Champion
from protection.rulebook import rulebook

if TYPE_CHECKING:
    from accounts.models import User

LENGTH = 100
"""Requests that a section shows; what was decided is shown less far back."""
_DECIDED = 30
_MENTIONS = 20
ALL = "all"
"""The parameter that names the section of which as much is shown as is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the inbox.

    Attributes:
        key: Its place in the page.
        beyond: How many there are that are not shown, as far as they are counted.
        rest: Where they are too; "" on that page itself.
        rest_name: Of that page.
        empty: What is said where it has no rows; a section without such a sentence is left out then.
        url_name: Of the page to go to where it has no rows, with `link`, its name.
        champions: What is shown in place of requests.
    """

    key: str
    title: str
    rows: Sequence[Row | Thread | Mention] = ()
    beyond: int = 0
    rest: str = ""
    rest_name: str = "Show them all"
    empty: str = ""
    url_name: str = ""
    link: str = ""
    champions: Sequence[Champion] = ()

    @property
    def count(self) -> str:
        """How many there are in all."""
        return shown_count(self._shown + self.beyond)

    @property
    def left_out(self) -> str:
        """Says how many are not shown; "" where all are."""
        return sentences.left_out(self._shown + self.beyond, self._shown)

    @property
    def _shown(self) -> int:
        return len(self.champions or self.rows)


class Sections:
    """What is in a person's inbox.

    Attributes:
        news: {request number: what is new about it}.
    """

    def __init__(self, person: "User", whole: str = "") -> None:
        """Args: `whole` is the key of a section that is to show as much as is counted."""
        self._person, self._rules, self._whole = person, rulebook(), whole
        self.news = reading.news_of(person.pk)
        self._seen: set[int] = set()

    def made(self) -> list[Section]:
        """Returns them in the page's order; a request that two could show is in the one that is made first."""
        waiting, flagged, own = self._waiting(), self._flagged(), self._own()
        decided, news = self._decided(), self._news()
        return [waiting, flagged, self._champions(), self._follow_ups(), self._mentions(), news, own, decided]

    def _waiting(self) -> Section:
        everything = waiting_for(self._person, self._rules).order_by("opened_at", "number")
        first = asked_first(everything, self._person, LENGTH)
        found = {row.pk: row for row in for_rows(PromoteRequest.objects.filter(pk__in=first))}
        return Section(
            key="waiting",
            title="Waiting for your review",
            rows=self._listed(found[pk] for pk in first if pk in found),
            beyond=_beyond(everything, len(first), LENGTH),
            rest=_search("is:open review:@me"),
            rest_name="All that wait for you",
            empty="Nothing waits for you. Open requests of others that you have not judged yet appear here.",
            url_name="promote_requests:list",
            link="All open requests",
        )

    def _flagged(self) -> Section:
        found = for_rows(to_review_afterwards(self._person))
        title = "Promoted past the rules, to be reviewed afterwards"
        return self._section("flagged", title, found, most=LENGTH, rest=_search("is:flagged"))

    def _own(self) -> Section:
        return self._section(
            "own",
            "Your own, not finished",
            for_rows(PromoteRequest.objects.unfinished().filter(author=self._person)),
            most=LENGTH,
            rest=_search("is:open author:@me"),
            rest_name="All of yours",
            empty="You have no open request. Choose a model version to ask for its promotion.",
            url_name="promote_requests:models",
            link="Models",
        )

    def _decided(self) -> Section:
        found = decided_for(self._person).exclude(number__in=self._seen).for_rows().with_comment_counts()
        return self._section("decided", "Decided lately", found, most=_DECIDED)

    def _news(self) -> Section:
        others = PromoteRequest.objects.visible_to(self._person.pk).filter(number__in=set(self.news) - self._seen)
        return self._section("news", "Also new", for_rows(others), most=LENGTH)

    def _champions(self) -> Section:
        due = champions_for(self._person, self._rules)
        return Section(
            key="champions",
            title="Champions of yours to review again",
            champions=due[:LENGTH],
            beyond=len(due[LENGTH:]),
            rest=reverse("promote_requests:second_looks"),
            rest_name="All second looks",
        )

    def _follow_ups(self) -> Section:
        return self._section("follow-ups", "Yours to see to", follow_ups_of(self._person), most=LENGTH)

    def _mentions(self) -> Section:
        return self._section("mentions", "Where you are mentioned", mentions_of(self._person), most=_MENTIONS)

    def _section(self, key: str, title: str, found: QuerySet[Any], *, most: int, **more: Any) -> Section:
        """Returns a section of the first `most`, with a link to the whole of it unless there is another page for it."""
        is_whole = self._whole == key
        most = MOST if is_whole else most
        shown = list(found[:most])
        beyond = _beyond(found, len(shown), most)
        here = {"rest": "" if is_whole else f"?{urlencode({ALL: key})}#{key}"}
        made = self._listed(shown) if found.model is PromoteRequest else shown
        return Section(key=key, title=title, rows=made, beyond=beyond, **(here | more))

    def _listed(self, found: Iterable[PromoteRequest]) -> list[Row]:
        """Returns rows of requests that no section before has shown."""
        made = [row for row in rows(found, self._rules, self.news) if row.promote_request.number not in self._seen]
        self._seen.update(row.promote_request.number for row in made)
        return made


def _beyond(found: QuerySet[Any], shown: int, most: int) -> int:
    """Returns how many are not among the first `most`: counted where these are so many, and no further than needed."""
    return max(count_up_to(found) - shown, 0) if shown >= most else 0


def _search(text: str) -> str:
    return f"{reverse('promote_requests:list')}?{urlencode({'q': text})}"
