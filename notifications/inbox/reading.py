"""What is new in somebody's inbox."""

from collections.abc import Collection
from dataclasses import dataclass

from notifications.models import Notice

MOST = 1_000
"""New notices that are looked at; of more than that only the newest."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What is new about one request.

    Attributes:
        last: The newest notice.
        more: How many others are new.
    """

    last: Notice
    more: int


def new_numbers(person: int) -> set[int]:
    """Returns the numbers of the requests about which something is new, from one index."""
    unread = Notice.objects.filter(reader=person, read_at=None).order_by()
    return set(unread.values_list("request_number", flat=True).distinct()[:MOST])


def news_of(person: int) -> dict[int, Unread]:
    """Returns {request number: what is new about it}, the request with the newest first."""
    found: dict[int, Unread] = {}
    for notice in Notice.objects.filter(reader=person, read_at=None)[:MOST]:
        known = found.get(notice.request_number)
        found[notice.request_number] = Unread(known.last, known.more + 1) if known else Unread(notice, 0)
    return found


def numbers_of(person: int, kinds: Collection[str], most: int) -> list[int]:
    """Returns the requests of which somebody was told something of these kinds, the last told first."""
    told = Notice.objects.filter(reader=person, kind__in=kinds).values_list("request_number", flat=True)
    return list(dict.fromkeys(told[:MOST]))[:most]
