"""What nobody could vouch for, for the coverage page: kept for a month, in the cache that all processes share."""

from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

_KEY = "guard.sightings"
_MOST = 50
_KEPT_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sentence about a call, and when one like it was seen first since some process started."""

    sentence: str
    at: datetime


def remember(sentence: str) -> None:
    """Keeps a sentence. Of two that are written in the same moment one may be lost; the log has both."""
    seen: dict[str, datetime] = cache.get(_KEY) or {}
    seen.pop(sentence, None)
    seen[sentence] = timezone.now()
    cache.set(_KEY, dict(list(seen.items())[-_MOST:]), timeout=_KEPT_SECONDS)


def recent() -> list[Sighting]:
    """Returns what was seen, the newest first."""
    seen: dict[str, datetime] = cache.get(_KEY) or {}
    return [Sighting(sentence, at) for sentence, at in reversed(seen.items())]
