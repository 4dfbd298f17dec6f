"""Bounds how long one page or guarded call may wait for MLflow in sum: a call has a time-out, but there may be a dozen.

The bound is in a context variable, because the calls are made deep inside services that know nothing of pages.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from registry.exceptions import RegistryTimeout

PAGE = 20.0
"""Seconds that all calls to MLflow of one page, API call or guarded call may take together."""

_until: ContextVar[float | None] = ContextVar("patience_until", default=None)


@contextmanager
def at_most(seconds: float, *, afresh: bool = False) -> Iterator[None]:
    """Bounds how long all calls to MLflow inside may wait together.

    Args:
        seconds: For all of them.
        afresh: Ignores an outer bound, for what must not be left half done because the page has used up its time.
            Otherwise the bound that ends first applies.
    """
    until, outer = time.monotonic() + seconds, _until.get()
    token = _until.set(until if afresh or outer is None else min(outer, until))
    try:
        yield
    finally:
        _until.reset(token)


def seconds_left(longest: float) -> float:
    """Returns how many seconds the next call may wait, `longest` at most.

    Raises:
        RegistryTimeout: there are none left.
    """
    until = _until.get()
    left = longest if until is None else min(longest, until - time.monotonic())
    if left <= 0:
        raise RegistryTimeout("MLflow did not answer in time. Please try again.")
    return left
