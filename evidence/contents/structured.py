"""Compares two values that are JSON or YAML by their keys, so that one changed setting among fifty is seen. Pure."""

from collections.abc import Iterator
from typing import Any

from evidence.contents.mlmodel import Unreadable, loaded

MOST_LEAVES = 100
_LONGEST = 20_000
_BEGINS = ("{", "[")


def by_key(old: str, new: str) -> dict[str, tuple[str | None, str | None]]:
    """Returns {path: (old, new)} of every leaf of two objects or lists; nothing where a side is neither.

    A path is `optimizer.betas[0]`; a side that lacks a leaf has None. Leaves are texts as they are written: `1e-3` and
    `0.001` are two.
    """
    sides: list[dict[str, str]] = []
    for text in (old, new):
        leaves = dict(_leaves(_read(text), ""))
        if not leaves or len(leaves) > MOST_LEAVES:
            return {}
        sides.append(leaves)
    return {path: (sides[0].get(path), sides[1].get(path)) for path in {**sides[0], **sides[1]}}


def _read(text: str) -> Any:
    """Returns what a text says, lists and objects of texts; None for a text that is neither."""
    if len(text) > _LONGEST or not (text.lstrip().startswith(_BEGINS) or ("\n" in text and ":" in text)):
        return None
    try:
        return loaded(text, called="the value")  # JSON is YAML
    except Unreadable:
        return None


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict() if value:
            for key, entry in value.items():
                yield from _leaves(entry, f"{path}.{key}" if path else str(key))
        case list() if value:
            for position, entry in enumerate(value):
                yield from _leaves(entry, f"{path}[{position}]")
        case None:
            return
        case _ if path:
            yield path, value if isinstance(value, str) else "{}" if isinstance(value, dict) else "[]"
