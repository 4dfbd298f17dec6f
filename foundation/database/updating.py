"""Writes different values into many rows by one statement."""

from collections.abc import Mapping
from typing import Any

from django.db import connection, models


def update_each(
    model: type[models.Model],
    values: Mapping[int, Mapping[str, Any]],
    *,
    same: Mapping[str, Any],
    where: Mapping[str, Any],
) -> int:
    """Writes into each row values of its own, and returns into how many: not where `where` does not hold (any more).

    Django's `bulk_update` says of each value for which row it is, which costs with the square of their number.

    Args:
        model: Of the rows.
        values: {key: {field: value}}, with the same fields for each.
        same: {field: value} for all of them.
        where: {field: value}, as it still has to be in the row at the moment of writing.
    """
    if not values:
        return 0
    fields = [model._meta.get_field(name) for name in next(iter(values.values()))]
    parts = [_set(field, place) for place, field in enumerate(fields, 2)]
    line = f"({', '.join(['%s'] * (len(fields) + 1))})"
    each: list[Any] = []
    for pk, given in values.items():
        each.append(pk)
        each += [field.get_db_prep_save(given[field.name], connection) for field in fields]  # type: ignore[union-attr]
    shared = [_is(model, name, value) for name, value in same.items()]
    wanted = [_is(model, name, value) for name, value in where.items()]
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    conditions = [f"{table}.{quote(_key(model).column)} = given.column1", *(f"{table}.{text}" for text, _ in wanted)]
    statement = (
        f"UPDATE {table} SET {', '.join([*parts, *(text for text, _ in shared)])} "  # noqa: S608 - our own columns' names
        f"FROM (VALUES {', '.join([line] * len(values))}) AS given WHERE {' AND '.join(conditions)}"
    )
    parameters = [*(value for _, value in shared), *each, *(value for _, value in wanted)]
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def _key(model: type[models.Model]) -> Any:
    return model._meta.pk


def _is(model: type[models.Model], name: str, value: Any) -> tuple[str, Any]:
    field: Any = model._meta.get_field(name)
    return f"{connection.ops.quote_name(field.column)} = %s", field.get_db_prep_save(value, connection)


def _set(field: Any, place: int) -> str:
    # Both databases call the columns of VALUES so. SQLite needs no types, and what it is told to be a moment it makes a
    # number of.
    given = f"given.column{place}"
    if connection.vendor != "sqlite":
        given = f"CAST({given} AS {field.db_type(connection)})"
    return f"{connection.ops.quote_name(field.column)} = {given}"
