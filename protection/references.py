"""People and groups as a rule names them: by their keys, with the names that they had when the rule was saved. Pure.

Keys, because a rule goes on meaning the same group when the group is renamed, and never a new one of an old name.
Names, because what judged a request is shown as it was, without asking the database.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from typing_extensions import override

from foundation.exceptions import InvalidInput
from foundation.words import listed

MOST = 100
"""People or groups in one list."""


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A group or a person. Two references are the same if their keys are.

    Attributes:
        pk: The row's key.
        name: At the moment of saving.
    """

    pk: int
    name: str

    def as_json(self) -> dict[str, Any]:
        """Returns what `references` reads."""
        return {"id": self.pk, "name": self.name}


def references(value: Any, *, field: str) -> tuple[Reference, ...]:
    """Reads a list of `{id, name}`, sorted by key, each once.

    Raises:
        InvalidInput: it is none; `field` is what the caller is told.
    """
    if not isinstance(value, list) or len(value) > MOST:
        raise InvalidInput(f"Groups and users are lists of at most {MOST} names.", field=field)
    found = {}
    for given in value:
        match given:
            case {"id": int(pk), "name": str(name)} if len(given) == 2 and not isinstance(pk, bool):
                found[pk] = Reference(pk, name)
            case _:
                raise InvalidInput("Groups and users are named: a list of texts.", field=field)
    return tuple(found[pk] for pk in sorted(found))


def is_in_one_of_each(lists: Collection[Collection[Reference]], group_ids: Collection[int]) -> bool:
    """Tells whether somebody in these groups is in at least one group of every list."""
    return all(any(group.pk in group_ids for group in groups) for groups in lists)


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in one of some groups, and some people by name.

    Attributes:
        groups: Whose members are meant.
        users: Who is meant by name.
    """

    groups: tuple[Reference, ...] = ()
    users: tuple[Reference, ...] = ()

    @classmethod
    def parse(cls, value: Any, *, field: str) -> Self:
        """Reads `{groups: [{id, name}], users: [{id, name}]}`, of which one may be left out.

        Raises:
            InvalidInput: it is none, or names nobody.
        """
        if not isinstance(value, dict) or not value.keys() <= {"groups", "users"}:
            raise InvalidInput("Name groups and users.", field=field)
        groups = references(value.get("groups", []), field=field)
        users = references(value.get("users", []), field=field)
        if not groups and not users:
            raise InvalidInput("Name at least one group or user.", field=field)
        return cls(groups, users)

    def as_json(self) -> dict[str, Any]:
        """Returns what `parse` reads."""
        return {
            "groups": [group.as_json() for group in self.groups],
            "users": [user.as_json() for user in self.users],
        }

    @property
    def keys(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The keys of groups and users: equal where the same people are meant, whatever they are called."""
        return tuple(group.pk for group in self.groups), tuple(user.pk for user in self.users)

    def include(self, user_id: int | None, group_ids: Collection[int]) -> bool:
        """Tells whether somebody is meant, by the groups that they are in."""
        return any(user.pk == user_id for user in self.users) or any(group.pk in group_ids for group in self.groups)

    @override
    def __str__(self) -> str:
        names = [f"the group {group.name}" for group in self.groups] + [user.name for user in self.users]
        return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else listed(names)
