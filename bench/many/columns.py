"""In which columns the requests of a bench differ, as SQL: `g.i` counts them from 1."""

from collections.abc import Callable
from dataclasses import dataclass

MODELS = 1_000
"""In MLflow, of three versions each."""
ALIASES = ("champion", "prod", "shadow", "canary", "night")
_WORDS = ("quarterly", "retrained", "calibrated", "smaller", "yearly", "corrected", "distilled")
_DAYS = 347
"""From the oldest request to the newest."""
CHAMPIONS = 500
"""So many promoted requests hold a target, whatever else there is: a registry does not grow with its history."""
BUSY = "model-00007"
_HITS = 45
"""So many promoted and so many open requests of one model, and open ones of one person, lie among all others: enough
for a search for them to fill a page of either database, also for those that still need a review."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the requests of one kind stand among all.

    Attributes:
        first: The number of the first of all requests.
        done: How many there are before these.
        count: How many these are.
        all: How many there are in all.
        people: The keys of those who ask. The last one's are the hits.
    """

    first: int
    done: int
    count: int
    all: int
    people: range


def apart(count: int) -> str:
    """Returns the time from one request to the next, of so many."""
    return f"interval '{_DAYS * 86_400 // count} seconds'"


def columns(kind: str, place: Place) -> dict[str, str]:
    """Returns {field: SQL} of the requests of one kind: open, promoted or closed."""
    at = f"now() - ({place.all - place.done} - g.i) * {apart(place.all)}"
    there = f"({place.done} + g.i)" if kind != "open" else "(g.i - 1)"
    model = f"'model-' || lpad(({there} %% {MODELS})::text, 5, '0')"
    target = _one_of(ALIASES, f"{there} / {3 * MODELS}")
    version = f"1 + ({there} / {MODELS}) %% 3"
    author = f"{place.people[0]} + ({place.done} + g.i - 1) %% {len(place.people)}"
    more = {}
    if kind == "promoted":
        others = place.count - CHAMPIONS
        is_busy, _ = _hits(others)
        model = _case(is_busy(0), f"'{BUSY}'", model)
        target = _case(is_busy(0), f"'{ALIASES[0]}'", target)
        more = {"promoted_at": at, "holds_target": f"g.i > {others}"}
    elif kind == "open":
        is_hit, hit = _hits(place.count)
        model = _case(is_hit(0), f"'{BUSY}'", model)
        # No two ask for the same: the versions of the others are 1 to 3.
        target = _case(is_hit(0), _one_of(ALIASES, hit), target)
        version = _case(is_hit(0), f"4 + {hit} / {len(ALIASES)}", version)
        author = _case(is_hit(1), str(place.people[-1]), author)
    else:
        more = {"closed_at": at}
    return {
        "number": f"{place.first + place.done - 1} + g.i",
        "title": f"'Candidate ' || g.i || ', ' || {_one_of(_WORDS, 'g.i')}",
        "model_name": model,
        "model_key": model,
        "version": f"({version})::text",
        "target_name": target,
        "target_key": target,
        "author": author,
        "created_at": at,
        "opened_at": at,
        "updated_at": at,
        **more,
    }


def _hits(count: int) -> tuple[Callable[[int], str], str]:
    """Returns what tells whether a row is the n-th of each stretch, of `_HITS` as long as can be, and which stretch."""
    stretch = max(count // _HITS, 1)
    while stretch > 1 and (stretch % 2 == 0 or stretch % 5 == 0):  # every tenth request has the same reviews
        stretch -= 1
    return lambda n: f"g.i %% {stretch} = {n} AND g.i < {stretch * _HITS + n}", f"(g.i / {stretch})"


def _case(condition: str, then: str, otherwise: str) -> str:
    return f"CASE WHEN {condition} THEN {then} ELSE {otherwise} END"


def _one_of(words: tuple[str, ...], number: str) -> str:
    return f"(ARRAY[{', '.join(map(repr, words))}])[1 + ({number}) %% {len(words)}]"
