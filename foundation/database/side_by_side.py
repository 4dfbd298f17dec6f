"""Asks MLflow several things at once, so that a page waits as long as for the slowest of them."""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import BoundedSemaphore, Thread
from typing import Generic, TypeVar

from foundation.database import connections

T = TypeVar("T")

MOST_THREADS = 32
"""Of this process, beside those that answer calls. What finds none free is asked one after the other."""

_threads = BoundedSemaphore(MOST_THREADS)


def side_by_side(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Returns what each call returns, in order; all are made at the same time, the last one by the calling thread.

    No database connection is held meanwhile: each thread gives back its own. Within a transaction the calling thread
    keeps its connection, of which the others see nothing.

    Args:
        calls: Those before the last one must not read the database: they are not in the caller's transaction.

    Raises:
        Exception: what the first call that failed raised, when all have ended.
    """
    if not calls:
        return []
    connections.release()
    *others, own = [_Call(call) for call in calls]
    begun = [call for call in others if call.begin()]
    for call in [*(call for call in others if call not in begun), own]:
        call.make()
    connections.release()
    for call in begun:
        call.end()
    return [call.result() for call in (*others, own)]


class _Call(Generic[T]):
    """One of the calls, and what came of it."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call, self._found, self._failure = call, list[T](), list[BaseException]()
        self._thread: Thread | None = None

    def begin(self) -> bool:
        """Begins the call in a thread of its own; returns False where none is free."""
        if not _threads.acquire(blocking=False):
            return False
        # With the context of the caller: how long it may wait, and whose call it is.
        context = copy_context()
        self._thread = Thread(target=context.run, args=(self._in_thread,), name="side by side", daemon=True)
        self._thread.start()
        return True

    def make(self) -> None:
        """Makes the call; what it raises is kept for `result`."""
        try:
            self._found.append(self._call())
        except BaseException as failure:  # noqa: BLE001 - raised by `result`
            self._failure.append(failure)

    def end(self) -> None:
        """Waits until the thread has ended."""
        if self._thread is not None:
            self._thread.join()

    def result(self) -> T:
        """Returns what the call returned, or raises what it raised."""
        if self._failure:
            raise self._failure[0]
        return self._found[0]

    def _in_thread(self) -> None:
        try:
            self.make()
        finally:
            connections.release()
            _threads.release()
