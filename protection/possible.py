"""Whether anybody could meet what is asked: when a rule is saved, and on each request that a rule makes impossible."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from foundation.words import counted, listed
from protection.conditions import Condition
from protection.conditions.approvals import Approvals
from protection.conditions.approvers import Approvers
from protection.conditions.checks import Checks
from protection.conditions.owners import Owners, Section
from protection.conditions.questions import Questions
from protection.models import Ownership
from protection.people import able
from protection.references import People
from registry.names import plain


@dataclass(frozen=True, slots=True)
class Impossible:
    """Something that nobody could do, whatever they tried.

    Attributes:
        condition: The condition's key, which is its field in a form.
        sentence: What is asked for, and why nobody can.
    """

    condition: str
    sentence: str


def of_rule(conditions: Iterable[Condition]) -> list[Impossible]:
    """Returns what nobody could meet of a rule, whoever makes the request."""
    # Those who are named first: that there are too few people at all says less.
    asked = sorted(conditions, key=lambda condition: isinstance(condition, Approvals))
    found = [one for condition in asked for one in _of(condition.within(asked), frozenset(), "")]
    sections = [one for condition in asked if isinstance(condition, Owners) for one in _unnamed(condition)]
    return [*found, *sections]


def of_request(conditions: Iterable[Condition], *, without: frozenset[int], author: str) -> list[Impossible]:
    """Returns what nobody could meet of what is asked of one request.

    Args:
        conditions: Those of all matching rules together.
        without: The keys of those who may not approve it: its author, and who answers for them.
        author: The author's name.
    """
    return [one for condition in conditions for one in _of(condition, without, author)]


def _of(condition: Condition, without: frozenset[int], author: str) -> Iterator[Impossible]:
    match condition:
        case Approvals():
            yield from _too_many(condition, without, author)
        case Approvers():
            for demand in condition.demands:
                yield from _too_few(condition.key, demand.people, demand.needed, "", without, author)
        case Owners():
            for section in condition.found:
                yield from _too_few_owners(condition.key, section, without, author)
        case Questions():
            for question in condition.questions:
                if question.groups and not able(people := People(groups=question.groups)) - without:
                    other = f" other than {author}" if author else ""
                    yield Impossible(condition.key, f"Nobody of {people}{other} can answer “{question.text}”")
        case Checks():
            yield from _gone_reporters(condition)
        case _:
            return


def _too_many(condition: Approvals, without: frozenset[int], author: str) -> Iterator[Impossible]:
    people = get_user_model()._default_manager.filter(is_active=True, owner=None)
    there = people.exclude(pk__in=without).count() - (0 if without else 1)
    # Somebody who is alone here may keep the shipped rules, and invites others later.
    if condition.count > (max(there, 1) if not without else there):
        who = counted(max(there, 0), "person", "people")
        other = f"other than {author} " if author else "beside the author "
        yield Impossible(condition.key, f"Nobody can meet {condition}: only {who} {other}can sign in.")


def _too_few_owners(key: str, section: Section, without: frozenset[int], author: str) -> Iterator[Impossible]:
    yield from _too_few(key, section.people, section.approvals, f" for {section.name}", without, author)


def _too_few(
    key: str, people: People, needed: int, purpose: str, without: frozenset[int], author: str
) -> Iterator[Impossible]:
    there = len(able(people) - without)
    if there < needed:
        asked, who = f"{counted(needed, 'approval')} by {people}{purpose}", counted(there, "person", "people")
        other = f" other than {author}" if author else ""
        yield Impossible(key, f"Nobody can meet {asked}: only {who} of them{other} can sign in.")


def _gone_reporters(condition: Checks) -> Iterator[Impossible]:
    wanted = {check.reporter: check.name for check in condition.checks if check.reporter}
    if not wanted:
        return
    users = get_user_model()
    there = users._default_manager.filter(is_active=True, username__in=wanted).values_list("username", flat=True)
    for reporter in sorted(wanted.keys() - set(there)):
        yield Impossible(
            condition.key,
            f"Nobody can report the check {wanted[reporter]}: there is no active account called {reporter}.",
        )


def _unnamed(condition: Owners) -> Iterator[Impossible]:
    sections = {plain(section) for section in Ownership.objects.values_list("section", flat=True)}
    missing = [name for name in condition.wanted if plain(name) not in sections]
    if missing or not sections:
        what = f"no section {listed(missing)}" if missing else "no section yet"
        yield Impossible(condition.key, f"The ownership list has {what}: name its owners first.")
