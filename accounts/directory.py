"""Finds people and groups by their names, for mentions: those who may sign in, and groups that have such a person."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.contrib.auth.models import Group
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import User

MENTION = re.compile(
    r"""(?<![\w@./+-])@(?:group:(?:"(?P<quoted>[^"\n]{1,150})"|(?P<group>[\w.@+-]{1,150}))|(?P<person>[\w.@+-]{1,150}))"""
)
"""`@grace`, `@group:Risk`, `@group:"Risk officers"`; not the middle of an address such as `ada@example.org`."""
_MOST_NAMES = 500
"""Different names that are looked up for one page."""
_STOPS = ".-+@"
"""What may end a sentence or a name."""


class Named(NamedTuple):
    """A name as somebody wrote it, in lower case."""

    is_group: bool
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """The names of those who are there: what is written of anybody else is plain text.

    Attributes:
        people: In lower case.
        groups: In lower case.
    """

    people: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def has(self, named: Named) -> bool:
        """Tells whether somebody is called so."""
        return named.name in (self.groups if named.is_group else self.people)


NOBODY = Known()


def readings(found: re.Match[str]) -> Iterator[tuple[Named, int]]:
    """Yields whom a match of `MENTION` may mean and where that ends, the longest first: `@grace.` ends a sentence."""
    if found["quoted"] is not None:
        yield Named(True, found["quoted"].strip().lower()), found.end()
        return
    name = found["group"] or found["person"]
    for end in range(len(name), 0, -1):
        if end == len(name) or name[end] in _STOPS:
            yield Named(found["group"] is not None, name[:end].lower()), found.end() - len(name) + end
        if name[end - 1] not in _STOPS:
            return


def named_in(texts: Iterable[str]) -> set[Named]:
    """Returns all whom texts without markup may mean, the first `_MOST_NAMES` of them."""
    found: dict[Named, None] = {}
    for text in texts:
        for match in MENTION.finditer(text):
            found |= dict.fromkeys(named for named, _ in readings(match))
            if len(found) >= _MOST_NAMES:
                return set(list(found)[:_MOST_NAMES])
    return set(found)


def known(named: Collection[Named]) -> Known:
    """Returns which of these there are, in two queries at most."""
    people = [one.name for one in named if not one.is_group]
    groups = [one.name for one in named if one.is_group]
    return Known(
        frozenset(_people(people).values_list("folded", flat=True)) if people else frozenset(),
        frozenset(_groups(groups).values_list("folded", flat=True)) if groups else frozenset(),
    )


def meant(named: Collection[Named]) -> set[int]:
    """Returns the keys of all who are meant, by name or as members of a group, and may sign in."""
    people = [one.name for one in named if not one.is_group]
    groups = [one.name for one in named if one.is_group]
    found = set(_people(people).values_list("pk", flat=True)) if people else set()
    if groups:
        rows = _groups(groups).values_list("pk", flat=True)
        found |= set(User.objects.filter(is_active=True, groups__in=list(rows)).values_list("pk", flat=True))
    return found


def person_called(name: str) -> User | None:
    """Returns who is called so, in any case, and may sign in; None for nobody."""
    return User.objects.filter(username__iexact=name.strip().removeprefix("@"), is_active=True).first()


def beginning_with(text: str, *, most: int) -> tuple[list[str], list[str]]:
    """Returns the names of people and of groups to offer to somebody who has typed this much, at most so many each.

    Those whose name begins so come first, then those in whose name another word does.
    """
    text = text.lower()
    begins = Q(folded__startswith=text)
    people = User.objects.annotate(folded=Lower("username")).filter(is_active=True)
    inner = Q(last_name__istartswith=text) | Q(first_name__istartswith=text)
    groups = Group.objects.annotate(folded=Lower("name")).filter(user__is_active=True).distinct()
    names = list(people.filter(begins).order_by("folded").values_list("username", flat=True)[:most])
    if len(names) < most and text:
        others = people.filter(inner).exclude(begins).order_by("folded")
        names += list(others.values_list("username", flat=True)[: most - len(names)])
    words = begins | Q(folded__contains=f" {text}") if text else Q()
    return names, list(groups.filter(words).order_by("folded").values_list("name", flat=True)[:most])


def _people(names: Collection[str]):  # type: ignore[no-untyped-def]  # an annotated queryset has no name of its own
    return User.objects.annotate(folded=Lower("username")).filter(folded__in=names, is_active=True)


def _groups(names: Collection[str]):  # type: ignore[no-untyped-def]
    found = Group.objects.annotate(folded=Lower("name")).filter(folded__in=names, user__is_active=True)
    return found.distinct()
