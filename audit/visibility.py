"""Which rows of the trail a person may not see: what a room higher up keeps out of somebody's sight.

The trail knows nothing of drafts; `promote_requests` says, when it is loaded, which rows are about one.
"""

from collections.abc import Callable

from django.db.models import Q

hidden_from: list[Callable[[int | None], Q]] = []
"""Each returns a condition on `AuditEvent`, for the key of whoever reads, that holds for the rows to be left out."""


def hidden(user_id: int | None) -> Q:
    """Returns the condition on `AuditEvent` that holds for whatever this person may not see."""
    found = Q()
    for condition in hidden_from:
        found |= condition(user_id)
    return found
