"""The call that waits in a session while its sender enters the password again: what it would do, in words.

The page for the password says what goes on. A script of the same origin, or another tab, may have put another call in
its place; so the form carries the mark of the call that its page spoke of, and the password lets no other one go on.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, resolve

LONGEST_VALUE = 300
"""Characters of a value that the page shows."""
_UNTOLD = ("csrf", "password", "secret", "token", "key")
"""Parts of the names of fields of which the page says nothing."""

Words = Callable[[Mapping[str, Any], QueryDict, int | None], str]
"""Says what a call does: (arguments of its address, its form, who reads it) -> a few words; "" where it cannot tell.

Of what its reader may not see it says nothing.
"""

words: dict[str, Words] = {
    "accounts:token_new": lambda arguments, form, reader: f"Make the API token {form.get('name', '')}",
}
"""{name of a view: its words}; each room adds its own. Of any other call the page shows its address."""


@dataclass(frozen=True, slots=True)
class SuspendedCall:
    """A call that goes on once the password was entered.

    Attributes:
        act: What it does, or the address that it was sent to.
        fields: What was sent, as (name, value); long values are cut.
        mark: Tells it from any other.
    """

    act: str
    fields: tuple[tuple[str, str], ...]
    mark: str


def suspended(request: HttpRequest) -> SuspendedCall | None:
    """Returns the call that waits in this session; None where none does."""
    kept = (request.session.get(STATE_SESSION_KEY) or {}).get("request")
    if not kept:
        return None
    call = json.loads(kept)
    form = QueryDict(call["POST"])
    return SuspendedCall(
        _act(call["path_info"], form, request.user.pk) or f"Send the form of {call['path']}",
        tuple((name, _shown(value)) for name, values in form.lists() if _is_told(name) for value in values if value),
        hashlib.sha256(kept.encode()).hexdigest(),
    )


def _act(path: str, form: QueryDict, reader: int | None) -> str:
    try:
        found = resolve(path)
    except Resolver404:
        return ""
    said = words.get(found.view_name)
    return said(found.kwargs, form, reader) if said else ""


def _is_told(name: str) -> bool:
    return not any(part in name.lower() for part in _UNTOLD)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} …"
