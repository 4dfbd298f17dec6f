"""The tables of the rulebook as objects that are made anew only where a row has changed.

Whoever judges needs all rules, and to make objects of 200 rows takes several times as long as to read them. So the rows
are read each time, in one statement and as the database sends them, and compared with those that the objects at hand
were made of. A rule judges as it stands in the caller's transaction, whoever wrote it and by whatever means: no writer
has to tell the other processes, and what a transaction read that was rolled back serves nobody else.
"""

import json
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, NoReturn, TypeVar

from django.db import connection, models

from protection.matching import Cover, Owned
from protection.models import FreezeWindow, Ownership, ProtectionRule

M = TypeVar("M", bound=models.Model)
K = TypeVar("K")

_Row = tuple[Any, ...]
_Names = tuple[str, ...]
_COVER = (
    *("id", "workspace_pattern", "model_pattern", "target_pattern", "enforcement", "version"),
    *("on_direct_write", "on_direct_write_by_service_accounts"),
)
_kept: dict[tuple[type[models.Model], _Names], tuple[list[_Row], tuple[Any, ...]]] = {}


def rules() -> tuple[ProtectionRule, ...]:
    """Returns all rules, whatever their enforcement, in the table's order and in one query.

    They are shared by all threads: never to be changed or saved.
    """
    return _as_objects(ProtectionRule, lambda rule: rule)


def what_rules_cover() -> tuple[ProtectionRule, ...]:
    """Returns all rules as `rules` does, without what they ask for, which takes longer to read than the rest.

    To ask one of them for that raises TypeError: it would be read later, and be kept though the row changed.
    """
    return _as_objects(ProtectionRule, lambda rule: rule, _COVER)


def freezes() -> tuple[Cover, ...]:
    """Returns all freeze windows and what they cover, in one query."""
    return _as_objects(FreezeWindow, lambda window: window.cover)


def ownership() -> tuple[Owned, ...]:
    """Returns who owns what, in one query."""
    return _as_objects(Ownership, lambda row: row.owned)


def _as_objects(model: type[M], make: Callable[[M], K], names: _Names = ()) -> tuple[K, ...]:
    rows = _rows(model, names)
    # One look at what is kept: another thread may replace it at any moment, rows and objects together.
    before = _kept.get((model, names))
    if before is not None and before[0] == rows:
        return before[1]
    found = sorted(
        (_instance(model, names, row) for row in rows), key=attrgetter(*map(str, model._meta.ordering or ()))
    )
    made = tuple(map(make, found))
    _kept[model, names] = rows, made
    return made


def _rows(model: type[models.Model], names: _Names) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(model, names, connection.vendor))
        found: list[_Row] = cursor.fetchall()
        return found


@cache
def _statement(model: type[models.Model], names: _Names, vendor: str) -> str:
    """Returns the SELECT of all rows; to have Django make it takes as long as to run it.

    By their keys: a database that sorts by text takes a third longer, and they are sorted here where they have changed.
    """
    # JSON comes as text, which is parsed only where it has changed: Django's connections leave it so.
    statement, values = (
        model._default_manager.values_list(*(field.attname for field in _fields(model, names)))
        .order_by("pk")
        .query.sql_with_params()
    )
    assert not values  # noqa: S101 - all rows, without a condition
    return statement


def _instance(model: type[M], names: _Names, row: _Row) -> M:
    fields = _fields(model, names)
    values = [
        json.loads(value) if isinstance(field, models.JSONField) else value
        for field, value in zip(fields, row, strict=True)
    ]
    found = model.from_db(connection.alias, [field.attname for field in fields], values)
    if names:
        found.__dict__["refresh_from_db"] = _not_read
    return found


def _not_read(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("This was not read with the rest.")


def _fields(model: type[models.Model], names: _Names) -> "list[models.Field[Any, Any]]":
    """Returns the fields of these names, or all of them."""
    return [field for field in model._meta.concrete_fields if not names or field.attname in names]
