"""Which way is better for each metric of a comparison, and where that comes from. Pure.

What somebody set here goes before a tag of the registered model, and that before what the name says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from evidence.directions.names import Direction, direction_of

TAG_PREFIX, TAG_SUFFIX = "checkpoint.metric.", ".direction"
"""`checkpoint.metric.KEY.direction`, on the registered model, says which values of the metric KEY are better."""
SAID = {"higher": Direction.HIGHER, "lower": Direction.LOWER, "none": Direction.UNKNOWN}
"""{what a tag or a form says: what it means}."""


class Source(StrEnum):
    """Where a direction comes from."""

    NAME = "name"
    TAG = "tag"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which values of a metric are better.

    Attributes:
        direction: UNKNOWN where nothing says so, or where somebody said that neither is.
        source: Where that comes from.
        by: Who set it here; "" for the other sources.
        at: When.
    """

    direction: Direction = Direction.UNKNOWN
    source: Source = Source.NAME
    by: str = ""
    at: datetime | None = None

    @property
    def word(self) -> str:
        """`higher`, `lower` or `none`, as a tag has it."""
        return str(self.direction) or "none"

    def is_against(self, key: str) -> bool:
        """Tells whether this is not what the metric's name says, which says something."""
        by_name = direction_of(key)
        return by_name is not Direction.UNKNOWN and by_name is not self.direction

    def as_dict(self) -> dict[str, Any]:
        """Returns it as JSON; `of_dict` reads it."""
        return {
            "direction": self.word,
            "source": str(self.source),
            "by": self.by,
            "at": self.at and self.at.isoformat(),
        }

    @classmethod
    def of_dict(cls, found: Mapping[str, Any]) -> Self:
        """Returns what `as_dict` was called on; KeyError or ValueError where it was not."""
        at = found["at"] and datetime.fromisoformat(found["at"])
        return cls(SAID[found["direction"]], Source(found["source"]), found["by"], at)


_BY_NAME = {direction: Wanted(direction) for direction in Direction}


@dataclass(frozen=True, slots=True)
class Directions:
    """Which values of each metric are better.

    Attributes:
        known: {metric's key, without a data set: which of its values are better}; of others the name tells.
    """

    known: Mapping[str, Wanted] = field(default_factory=dict)

    def of(self, key: str) -> Wanted:
        """Returns which values of the metric of this key are better."""
        return self.known.get(key) or _BY_NAME[direction_of(key)]

    def frozen(self, keys: Iterable[str]) -> dict[str, Any]:
        """Returns as JSON what holds for these metrics now, that of names as well: a later release may know others."""
        found = {key: self.of(key) for key in sorted(set(keys))}
        by_name: dict[str, list[str]] = {}
        for key, wanted in found.items():
            if wanted.source is Source.NAME:
                by_name.setdefault(wanted.word, []).append(key)
        given = {key: wanted.as_dict() for key, wanted in found.items() if wanted.source is not Source.NAME}
        return {"by_name": by_name, "set": given}

    @classmethod
    def thawed(cls, frozen: Mapping[str, Any]) -> Self:
        """Returns what `frozen` was called on; KeyError or ValueError where it was not."""
        by_name = {key: Wanted(SAID[word]) for word, keys in frozen["by_name"].items() for key in keys}
        return cls({**by_name, **{key: Wanted.of_dict(found) for key, found in frozen["set"].items()}})


BY_NAME = Directions()
"""Where nothing but the names is known."""


def tag_of(key: str) -> str:
    """Returns the tag of a registered model that says which values of a metric are better."""
    return f"{TAG_PREFIX}{key}{TAG_SUFFIX}"


def is_direction_tag(tag: str) -> bool:
    """Tells whether a tag of a registered model is one of those; spelled exactly so."""
    return tag.startswith(TAG_PREFIX) and tag.endswith(TAG_SUFFIX) and len(tag) > len(TAG_PREFIX + TAG_SUFFIX)


def from_tags(tags: Mapping[str, str]) -> dict[str, Wanted]:
    """Returns what the tags of a registered model say; a value that is none of `SAID` says nothing."""
    found = {}
    for tag, value in tags.items():
        said = value.strip().lower()
        if is_direction_tag(tag) and said in SAID:
            found[tag[len(TAG_PREFIX) : -len(TAG_SUFFIX)]] = Wanted(SAID[said], Source.TAG)
    return found
