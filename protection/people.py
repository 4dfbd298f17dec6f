"""Turns the names of people and groups, as doors take and show them, into the references that a rule keeps."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from foundation.exceptions import InvalidInput
from protection.references import MOST, People

_LISTS = ("groups", "users")
_DEEPEST = 8


def resolved(document: Any, *, field: str = "", must_be_able: bool = True, _depth: int = 0) -> Any:
    """Returns a document of a rule with each name in a list `groups` or `users` replaced by its reference.

    Args:
        document: As a door was given it; references in it are looked up anew.
        field: Which field is named when something is wrong; by default the key of the document's part.
        must_be_able: Whether each has to stand for somebody who can sign in; one that is off may wait for them.

    Raises:
        InvalidInput: nobody is called so, or a group has no active member, so that nobody could do what is asked.
    """
    if _depth > _DEEPEST:
        raise InvalidInput("Settings are not nested so deeply.", field=field)
    if isinstance(document, list):
        return [resolved(one, field=field, must_be_able=must_be_able, _depth=_depth + 1) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        key: _found(key, value, field=field, must_be_able=must_be_able)
        if key in _LISTS
        else resolved(value, field=field or str(key), must_be_able=must_be_able, _depth=_depth + 1)
        for key, value in document.items()
    }


def named(document: Any) -> Any:
    """Returns a document with names where it has references, as they are called now; the reverse of `resolved`."""
    return named_all([document])[0]


def keyed(document: Any) -> Any:
    """Returns a document with keys where it has references: equal where the same people and groups are meant.

    Names do not tell that: a group may be renamed, and another one may get the name of one that is gone.
    """
    return _with(document, lambda _, one: one["id"])


def named_all(documents: Iterable[Any]) -> list[Any]:
    """Returns `named` of each, with as many queries as for one."""
    every = list(documents)
    names = {kind: _names(kind, _keys(every, kind)) for kind in _LISTS}
    return [_with(document, lambda kind, one: names[kind].get(one["id"], one["name"])) for document in every]


def able(people: People) -> set[int]:
    """Returns the keys of the people who are meant and can sign in; a service account approves nothing."""
    users = get_user_model()._default_manager.filter(is_active=True, owner=None)
    by_group = users.filter(groups__in=[group.pk for group in people.groups])
    by_name = users.filter(pk__in=[user.pk for user in people.users])
    return {*by_group.values_list("pk", flat=True), *by_name.values_list("pk", flat=True)}


def _found(kind: str, given: Any, *, field: str, must_be_able: bool) -> list[dict[str, Any]]:
    if not isinstance(given, list) or len(given) > MOST:
        raise InvalidInput(f"Groups and users are lists of at most {MOST} names.", field=field)
    noun = "group" if kind == "groups" else "user"
    keys = [one["id"] for one in given if isinstance(one, dict) and isinstance(one.get("id"), int)]
    names = [one for one in given if isinstance(one, str)]
    if len(keys) + len(names) != len(given):
        raise InvalidInput("Groups and users are named: a list of texts.", field=field)
    rows = [*_rows(kind, pk__in=keys), *_rows(kind, **{f"{_name_of(kind)}__in": names})]
    missing = next((name for name in names if name not in {row[1] for row in rows}), None)
    if missing is not None:
        raise InvalidInput(f"There is no {noun} called {missing!r}.", field=field)
    if set(keys) - {row[0] for row in rows}:
        raise InvalidInput(f"One {noun} no longer exists: name the {kind} anew.", field=field)
    active = _active(kind, [pk for pk, _ in rows])
    for pk, name in rows if must_be_able else ():
        if not active[pk]:
            why = "has no active members" if kind == "groups" else "is deactivated"
            raise InvalidInput(f"The {noun} {name} {why}: nobody could do what is asked.", field=field)
    return [{"id": pk, "name": name} for pk, name in sorted(set(rows))]


def _name_of(kind: str) -> str:
    return "name" if kind == "groups" else get_user_model().USERNAME_FIELD


def _rows(kind: str, **lookup: Any) -> list[tuple[int, str]]:
    model: Any = Group if kind == "groups" else get_user_model()
    return list(model._default_manager.filter(**lookup).values_list("pk", _name_of(kind)))


def _active(kind: str, keys: list[int]) -> Counter[int]:
    """Returns {key: how many people it stands for who can sign in}."""
    users = get_user_model()._default_manager.filter(is_active=True, owner=None)
    if kind == "groups":
        return Counter(users.filter(groups__in=keys).values_list("groups", flat=True))
    return Counter(users.filter(pk__in=keys).values_list("pk", flat=True))


def _keys(document: Any, kind: str) -> Iterator[int]:
    if isinstance(document, list):
        for one in document:
            yield from _keys(one, kind)
    elif isinstance(document, dict):
        for key, value in document.items():
            if key == kind and isinstance(value, list):
                yield from (one["id"] for one in value if isinstance(one, dict))
            else:
                yield from _keys(value, kind)


def _names(kind: str, keys: Iterable[int]) -> dict[int, str]:
    wanted = set(keys)
    return dict(_rows(kind, pk__in=wanted)) if wanted else {}


def _with(document: Any, said: Callable[[str, dict[str, Any]], Any]) -> Any:
    """Returns a document with something else in place of each reference, from its list and itself."""
    if isinstance(document, list):
        return [_with(one, said) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        key: [said(key, one) for one in value] if key in _LISTS and isinstance(value, list) else _with(value, said)
        for key, value in document.items()
    }
