"""Who may be told of what, at the moment at which it is told.

This room knows neither drafts nor whose they are: a room higher up says, when it is loaded, who alone may see what.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet

kept_to: list[Callable[[Collection[int]], Mapping[int, Collection[int]]]] = []
"""Each returns, of the requests with these numbers, {number: the keys of those who alone may see it}.

What is for everybody who may sign in is left out.
"""


def people() -> set[int]:
    """Returns the keys of everybody who reads what they are told: active, and a person."""
    return set(_reading().values_list("pk", flat=True))


def reads(person: int) -> bool:
    """Tells whether somebody reads what they are told, by their key."""
    return _reading().filter(pk=person).exists()


def readers_of(numbers: Collection[int]) -> dict[int, set[int]]:
    """Returns {number: the keys of those who alone may see it} of the requests that are not for everybody."""
    found: dict[int, set[int]] = {}
    for ask in kept_to:
        for number, readers in ask(numbers).items():
            found[number] = found.get(number, set(readers)) & set(readers)
    return found


def _reading() -> QuerySet[Any]:
    return get_user_model()._default_manager.filter(is_active=True, owner=None)
