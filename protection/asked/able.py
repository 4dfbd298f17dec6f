"""Who could still do what is asked, by name: of the rules for a target, and of one request."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db.models import Q

from foundation.words import listed
from protection.conditions import Condition, Facts
from protection.conditions.approvals import Approvals
from protection.conditions.approvers import Approvers
from protection.conditions.objections.changes_requested import ChangesRequested
from protection.conditions.owners import Owners
from protection.references import People

NAMED = 20
"""The most people that are named of those who could do something; a request's page names fewer."""


@dataclass(frozen=True, slots=True)
class Able:
    """Who could do something that is asked for.

    Attributes:
        asked: Who is asked, in words.
        names: Of the accounts that could, the first ones.
        more: How many others.
        code: Of the unmet condition that they could satisfy; "" where none is looked at.
    """

    asked: str
    names: list[str]
    more: int
    code: str = ""

    @property
    def words(self) -> str:
        """The names and how many others there are, as one list."""
        others = [f"{self.more} {'other' if self.more == 1 else 'others'}"] if self.more else []
        return listed([*self.names, *others])


def could_approve(conditions: Iterable[Condition]) -> Iterator[Able]:
    """Returns who could give an approval that the conditions ask for, whoever makes the request."""
    for condition in conditions:
        match condition:
            case Approvers():
                for demand in condition.demands:
                    yield _named(str(demand.people), demand.people)
            case Owners():
                for section in condition.found:
                    yield _named(f"{section.name}: {section.people}", section.people)
            case _:
                continue


def could_satisfy(
    conditions: Iterable[Condition], facts: Facts, *, without: frozenset[int], most: int = NAMED
) -> Iterator[Able]:
    """Returns who could still satisfy each condition that waits for people and does not hold, in three queries each.

    Args:
        conditions: Of the rules that apply.
        facts: As the conditions see them.
        without: The keys of those whose approval would not count: the author, who answers for them, makers barred.
            Whose approval counts already is left out as well.
        most: How many are named.
    """
    done = without | {judgement.reviewer_id for judgement in facts.approvals}
    for condition in conditions:
        missing = condition.unmet(facts)
        if missing is None:
            continue
        if isinstance(condition, Approvals):
            yield _named("anybody else", None, without=done, most=most, code=missing.code)
        elif isinstance(condition, ChangesRequested):
            blocking = {judgement.reviewer_id for judgement in facts.judgements if not judgement.approves}
            yield _found("who asked for changes", Q(pk__in=blocking), without=without, most=most, code=missing.code)
        for people in condition.waits_for(facts):
            yield _named(str(people), people, without=done, most=most, code=missing.code)


def _named(
    asked: str, people: People | None, *, without: frozenset[int] = frozenset(), most: int = NAMED, code: str = ""
) -> Able:
    groups = [] if people is None else [group.pk for group in people.groups]
    users = [] if people is None else [user.pk for user in people.users]
    meant = Q() if people is None else Q(groups__in=groups) | Q(pk__in=users)
    return _found(asked, meant, without=without, most=most, code=code)


def _found(asked: str, meant: Q, *, without: frozenset[int], most: int, code: str) -> Able:
    accounts = get_user_model()._default_manager.filter(meant, is_active=True, owner=None).exclude(pk__in=without)
    names = accounts.order_by("username").values_list("username", flat=True).distinct()
    first = list(names[: most + 1])
    more = names.count() - most if len(first) > most else 0
    return Able(asked, first[:most], more, code)
