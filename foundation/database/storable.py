"""Refuses what no database can store, at the one place that every door's texts pass: right before a statement.

PostgreSQL takes no NUL in any text, SQLite takes it, and neither takes half of a surrogate pair. Whichever field of
whichever page, body or file a caller put one into, the answer is a sentence and 400. Where a service says it of the
field itself, that comes first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.db import DataError
from django.db.backends.base.base import BaseDatabaseWrapper

from foundation.exceptions import InvalidInput
from foundation.texts import is_storable

UNSTORABLE = "What was sent has a NUL character, or half of a character, in it: take it out and send it again."
_UNTRANSLATABLE = "22P05"
"""PostgreSQL's SQLSTATE for a NUL within JSON, which is a value like any other until it looks inside."""


def install(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Has every statement of a connection looked at; a receiver of `connection_created`."""
    if refuse_unstorable not in connection.execute_wrappers:
        connection.execute_wrappers.append(refuse_unstorable)


def refuse_unstorable(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Mapping[str, Any]
) -> Any:
    """Executes a statement, unless a text in it cannot be stored.

    Raises:
        InvalidInput: one cannot; nothing was sent to the database.
    """
    if not (all(map(_is_good, params)) if many else _is_good(params)):
        raise InvalidInput(UNSTORABLE)
    try:
        return execute(sql, params, many, context)
    except DataError as error:
        if getattr(error.__cause__, "pgcode", None) == _UNTRANSLATABLE:
            raise InvalidInput(UNSTORABLE) from error
        raise


def _is_good(given: Any) -> bool:
    match given:
        case str():
            return is_storable(given)
        case dict():
            return all(map(_is_good, given.values()))
        case list() | tuple():  # an array of PostgreSQL, too: many rows are inserted by one for each column
            return all(map(_is_good, given))
    return True
