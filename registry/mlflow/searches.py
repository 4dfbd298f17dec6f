"""MLflow's searches for models and versions: exact, whatever the names hold, and no more pages than are wanted.

MLflow leaves prompts out of every search that does not ask for them alone. Its search for versions leaves out the whole
model as soon as one version carries the prompts' tag, which anybody may set on a version that holds nothing: so what a
search does not find may be there.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Any

from mlflow.entities.model_registry import ModelVersion as MlflowVersion
from mlflow.entities.model_registry import RegisteredModel as MlflowModel

from registry.exceptions import RegistryNotFound
from registry.mlflow.stores import RegistryStore
from registry.types import IS_PROMPT_TAG, is_model_name

PAGE = 1_000
"""Versions or models that are asked for at once at most."""
MODELS_AT_ONCE = 250
"""Each comes with one version per stage, and a prompt's version with its text."""
_PROMPTS = f"tags.`{IS_PROMPT_TAG}` = 'true'"


class Order(StrEnum):
    """In which order versions are asked for, both newest first."""

    BY_NUMBER = "version_number DESC"
    BY_CHANGE = "last_updated_timestamp DESC"


class Searches:
    """The searches of one workspace."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store

    def models(self, text: str = "", limit: int | None = None) -> list[MlflowModel]:
        """Returns the models and prompts whose name contains `text` in any case, by name, `limit` at most."""
        found: list[MlflowModel] = []
        for prompts in (False, True):
            clauses = [f"name ILIKE '%{_pattern(text, case=False)}%'"] if text else []
            clauses += [_PROMPTS] if prompts else []
            size = min(limit or MODELS_AT_ONCE, MODELS_AT_ONCE)
            pages = _pages(self._store.search_registered_models, " AND ".join(clauses), size, "name ASC")
            found += islice((model for model in pages if text.lower() in model.name.lower()), limit)
        return sorted(found, key=lambda model: str(model.name))[:limit]

    def model(self, name: str) -> MlflowModel:
        """Returns a model; RegistryNotFound when there is none that is called exactly so.

        Not by MLflow's own `get`, which reads every version of it.
        """
        if is_model_name(name):
            for prompts in (False, True):
                clause = _name_is(name) + (f" AND {_PROMPTS}" if prompts else "")
                for found in _pages(self._store.search_registered_models, clause, 1, "name ASC"):
                    # A database that compares without regard to case finds Fraud for fraud.
                    if found.name == name:
                        return found
        raise RegistryNotFound(f"Registered Model with name={name!r} not found")

    def versions(
        self, name: str, *, order: Order = Order.BY_NUMBER, below: int = 0, limit: int | None = None, more: str = ""
    ) -> list[MlflowVersion]:
        """Returns versions of a model, `limit` at most, without their aliases; [] where there is no such model.

        Args:
            name: Of the model.
            order: Which come first.
            below: Only versions of a lower number than this one.
            limit: None for all.
            more: A further clause.
        """
        for prompts in (False, True):
            versions = self.each_version(name, order, below, limit or PAGE, more, prompts=prompts)
            if found := list(islice(versions, limit)):
                return found
        return []

    def everywhere(self, clause: str) -> Iterator[MlflowVersion]:
        """Yields the versions of all models and prompts for which a clause holds."""
        for prompts in (False, True):
            clauses = f"{clause} AND {_PROMPTS}" if prompts else clause
            yield from _pages(self._store.search_model_versions, clauses, PAGE, str(Order.BY_NUMBER))

    def each_version(
        self, name: str, order: Order, below: int = 0, size: int = PAGE, more: str = "", *, prompts: bool = False
    ) -> Iterator[MlflowVersion]:
        """Yields versions of a model, asked for `size` at a time, as far as MLflow finds them: see this module."""
        if not is_model_name(name):
            return iter(())
        clauses = [_name_is(name)]
        clauses += [f"version_number < {below}"] if below else []
        clauses += [more] if more else []
        clauses += [_PROMPTS] if prompts else []
        pages = _pages(self._store.search_model_versions, " AND ".join(clauses), min(size, PAGE), str(order))
        return (found for found in pages if found.name == name)


def like(column: str, pattern: str) -> str:
    """Returns a clause that holds for what a pattern with `%` matches in any case, and perhaps for other values."""
    return f"{column} ILIKE '{_pattern(pattern, case=False)}'"


def equals(column: str, value: str) -> str:
    """Returns a clause that holds for a value, and perhaps for some that are like it: the caller compares again."""
    pattern = _pattern(value, case=True)
    return f"{column} {'=' if pattern == value else 'LIKE'} '{pattern}'"


def _name_is(name: str) -> str:
    return equals("name", name)


def _pages(search: Any, clause: str, size: int, order: str) -> Iterator[Any]:
    token = None
    while True:
        page = search(clause or None, size, [order], token)
        yield from page
        token = page.token
        if not token:
            return


def _pattern(text: str, *, case: bool) -> str:
    """Returns a LIKE pattern that matches at least `text` and cannot end the quotes around it.

    MLflow's filters know no escapes, so what could end a quote is matched by the wildcard for one character, as are
    letters whose case SQLite does not know. The caller compares again.
    """
    return re.sub(r"['\"\\\x00-\x1f]" if case else r"['\"\\\x00-\x1f]|[^\x00-\x7f]", "_", text)
