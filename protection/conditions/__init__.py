"""What a rule can ask for. Each module of this package, or of one below, is a condition and is found by itself.

A rule stores its conditions as one JSON document, `{key: settings}`, which names people and groups by their ids.
"""

import pkgutil
from collections.abc import Collection, Iterable
from importlib import import_module
from typing import Any

from foundation.exceptions import InvalidInput
from protection.conditions.base import BoundedCondition, Condition, Facts, Judgement, Unmet

__all__ = ["CONDITIONS", "Condition", "Facts", "Judgement", "Unmet", "as_document", "merged", "parse", "thaw"]


def _found() -> dict[str, type[Condition]]:
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        import_module(module.name)
    kinds = [kind for kind in Condition.__subclasses__() if kind is not BoundedCondition]
    kinds += BoundedCondition.__subclasses__()
    return {kind.key: kind for kind in sorted(kinds, key=lambda kind: kind.key)}


CONDITIONS: dict[str, type[Condition]] = _found()
"""{key: condition}, sorted by key."""


def parse(document: Any) -> tuple[Condition, ...]:
    """Reads a rule's document.

    Raises:
        InvalidInput: it is not an object, it names an unknown condition, or a condition refuses its settings; then
            `field` is the condition's key.
    """
    return tuple(kind.parse(settings) for kind, settings in _known(document))


def thaw(document: Any) -> tuple[Condition, ...]:
    """Reads what `as_document` wrote of the conditions of several rules together, which may be more than one may ask.

    Raises:
        InvalidInput: as `parse` does.
    """
    return tuple(kind.thaw(settings) for kind, settings in _known(document))


def _known(document: Any) -> list[tuple[type[Condition], Any]]:
    if not isinstance(document, dict):
        raise InvalidInput("The conditions must be an object of names and settings.", field="conditions")
    unknown = next((key for key in document if key not in CONDITIONS), None)
    if unknown is not None:
        raise InvalidInput(f"{unknown!r} is no condition: known are {', '.join(CONDITIONS)}.", field="conditions")
    return [(CONDITIONS[key], document[key]) for key in sorted(document)]


def as_document(conditions: Iterable[Condition]) -> dict[str, Any]:
    """Returns the document that `parse` reads, or `thaw` where these are several rules' together."""
    return {condition.key: condition.as_json() for condition in conditions}


def merged(groups: Collection[Iterable[Condition]]) -> tuple[Condition, ...]:
    """Returns what several rules together ask for: each condition once, the stricter, and those that always apply.

    What a rule says of a condition that always applies stands for that rule alone: the others have its default.
    """
    always: dict[str, Condition] = {key: kind.default() for key, kind in CONDITIONS.items() if kind.is_always}
    found: dict[str, Condition] = {}
    for rule in groups or [()]:
        group = list(rule)
        group = [condition.within(group) for condition in group]
        for condition in (always | {condition.key: condition for condition in group}).values():
            before = found.get(condition.key)
            found[condition.key] = condition if before is None else before.stricter(condition)
    return tuple(found[key] for key in sorted(found))
