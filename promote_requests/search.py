"""The list's search: `is:open model:Fraud target:Production author:ada review:required` and free words."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from typing_extensions import override

from foundation.database.bounded import MOST, count_up_to
from promote_requests.choices import ReviewDecision, Status
from promote_requests.inbox import waiting_for
from promote_requests.models import PromoteRequest
from promote_requests.querysets import PromoteRequestQuerySet
from promote_requests.services import decision_of
from protection.matching import Rulebook
from registry.names import key_of, plain
from registry.targets import TargetKind

if TYPE_CHECKING:
    from accounts.models import User

UNFINISHED = (Status.DRAFT, Status.OPEN, Status.PROMOTING)
FLAGGED = "flagged"
"""After `is:`: promoted past the rules, and not reviewed since."""
STATES: dict[str, tuple[Status, ...]] = {
    "open": UNFINISHED,
    "promoted": (Status.PROMOTED,),
    "closed": (Status.CLOSED,),
    "draft": (Status.DRAFT,),
    "promoting": (Status.PROMOTING,),
    FLAGGED: (Status.PROMOTING, Status.PROMOTED),
}
"""What may follow `is:`. A draft counts as open here, because it is not finished."""
REVIEWS = {
    "required": ReviewDecision.REVIEW_REQUIRED,
    "changes-requested": ReviewDecision.CHANGES_REQUESTED,
    "approved": ReviewDecision.APPROVED,
}
"""What may follow `review:`, beside `MINE`."""
MINE = "@me"
"""After `review:`: waits for the review of whoever looks, as the inbox has it."""
DEFAULT = "is:open"
MAX_LENGTH = 500
"""The most characters of a search; the rest is cut off."""
TABS = ("open", "promoted", "closed")
"""The states that a page counts."""
MOST_FOUND = 250
"""So many requests of a state are shown of a search for words: who reads on narrows it. Each of them is looked for in
the texts of all that lie in between."""

_KEYS = ("is", "model", "version", "target", "author", "review", "label")
_TOKEN = re.compile(r'(?P<key>[a-z]+):(?P<value>"[^"]*"|\S+)|"(?P<phrase>[^"]*)"|(?P<word>\S+)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Search:
    """A search as it was understood.

    Attributes:
        terms: {key: value}; of a key given twice the last.
        words: Free words, each of which has to occur.
        problems: A sentence for each term that is not understood; such terms are left out of `terms`.
    """

    terms: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a search. Never fails: what it does not understand is in `problems`."""
        terms: dict[str, str] = {}
        words: list[str] = []
        problems: list[str] = []
        for match in _TOKEN.finditer(text[:MAX_LENGTH].replace("\x00", " ")):  # PostgreSQL takes no NUL
            key = (match["key"] or "").lower()
            if key not in _KEYS:
                words.append(match["phrase"] or match[0].replace('"', ""))
                continue
            value = match["value"].strip('"')
            problem = _problem(key, value)
            if problem:
                problems.append(problem)
            else:
                terms[key] = value.lower() if key in {"is", "review"} else value
        return cls(terms, tuple(word for word in words if word), tuple(problems))

    @override
    def __str__(self) -> str:
        typed = [f"{key}:{_quoted(self.terms[key])}" for key in _KEYS if key in self.terms]
        return " ".join([*typed, *(_quoted(word) for word in self.words)])

    def having(self, **terms: str) -> "Search":
        """Returns the search with these terms set, or removed where the value is empty."""
        merged = {**self.terms, **terms}
        return Search({key: value for key, value in merged.items() if value}, self.words)

    @property
    def narrows(self) -> bool:
        """Whether the search has anything but the state."""
        return bool(self.words or set(self.terms) - {"is"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a page shows of a search.

    Attributes:
        shown: What matches it, or the newest `most` of that.
        count: How many match it, `most` + 1 for more.
        tally: {state of `TABS`: how many match all of it but its `is:`}; a state is left out where nobody counted.
        most: How many are counted and shown.
    """

    shown: PromoteRequestQuerySet
    count: int
    tally: Mapping[str, int]
    most: int = MOST


def find(search: Search, *, viewer: "User", rules: Rulebook) -> PromoteRequestQuerySet:
    """Returns the requests that match all of a search but its `is:`.

    `review:` computes the decision of each open request that matches the rest.
    """
    found = PromoteRequest.objects.visible_to(viewer.pk).matching(" ".join(search.words))
    for key, apply in _FILTERS.items():
        if key in search.terms:
            found = apply(found, search.terms[key])
    if author := search.terms.get("author"):
        found = found.filter(author=viewer) if author == "@me" else found.filter(author__username__iexact=author)
    wanted = search.terms.get("review")
    if wanted == MINE:
        found = found.filter(pk__in=waiting_for(viewer, rules).values("pk"))
    elif wanted:
        candidates = found.open().for_rows()
        pks = [request.pk for request in candidates if decision_of(request, rules).decision == REVIEWS[wanted]]
        found = PromoteRequest.objects.filter(pk__in=pks)
    return found


def look_up(search: Search, *, viewer: "User", rules: Rulebook) -> Found:
    """Returns what a page shows of a search; no text is searched twice for it.

    Of words that more than `MOST_FOUND` requests of the shown state have, those of other states are not counted: that
    would take longer than the rest of the page.
    """
    found, state = find(search, viewer=viewer, rules=rules), search.terms.get("is", "")
    shown = in_state(found, state)
    if not search.words:
        count = count_up_to(shown)
        return Found(
            shown, count, {each: count if each == state else count_up_to(in_state(found, each)) for each in TABS}
        )
    status_of = _read(shown.order_by("-number"), MOST_FOUND)
    count, tally = len(status_of), dict[str, int]()
    if count > MOST_FOUND:
        tally = {state: count} if state in TABS else {}
    else:
        rest = found.exclude(pk__in=status_of) if state else found.none()
        if state in TABS:
            rest = rest.exclude(status__in=STATES[state])  # whose texts are read already
        others = _read(rest.order_by(), MOST)
        statuses = Counter([*status_of.values(), *others.values()])
        if len(others) <= MOST:
            tally = {each: sum(statuses[status] for status in STATES[each]) for each in TABS}
    return Found(PromoteRequest.objects.filter(pk__in=list(status_of)[:MOST_FOUND]), count, tally, MOST_FOUND)


def read_once(found: PromoteRequestQuerySet) -> PromoteRequestQuerySet:
    """Returns the same requests by their numbers, so that texts are not searched again to count them and for a page.

    Where there are more than `MOST`, whoever looks for some finds them soon, and the search itself is kept.
    """
    numbers = _read(found.order_by(), MOST)
    return found if len(numbers) > MOST else PromoteRequest.objects.filter(pk__in=numbers)


def _read(found: PromoteRequestQuerySet, most: int) -> dict[int, str]:
    """Returns {number: status} of the first `most` + 1."""
    return dict(found.values_list("pk", "status")[: most + 1])


def in_state(found: PromoteRequestQuerySet, state: str) -> PromoteRequestQuerySet:
    """Returns the requests of `found` in the state of `is:`; all of them for ""."""
    if state == FLAGGED:
        return found.flagged()
    return found.filter(status__in=STATES[state]) if state else found


def _by_target(found: PromoteRequestQuerySet, value: str) -> PromoteRequestQuerySet:
    kind, separator, name = value.partition(":")
    if separator and kind in TargetKind.values:
        of_kind = found.filter(target_kind=kind)
        exact = of_kind.filter(target_name=name)  # an alias may differ from another in its case alone
        return exact if exact.exists() else of_kind.filter(target_key=key_of(name))
    return found.filter(target_key=key_of(value))


_FILTERS: dict[str, Callable[[PromoteRequestQuerySet, str], PromoteRequestQuerySet]] = {
    "model": lambda found, value: found.filter(model_key=key_of(value)),
    "version": lambda found, value: found.filter(version=value),
    "target": _by_target,
    "label": lambda found, value: found.filter(labels__key=plain(value)),
}


def _problem(key: str, value: str) -> str:
    known = {"is": [*STATES], "review": [*REVIEWS, MINE]}.get(key)
    if known is not None and value.lower() not in known:
        return f"{key}:{value} is not understood. Use {key}: with {', '.join(known)}."
    return "" if value else f"{key}: needs a value after the colon."


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r"\s|:", value) else value
