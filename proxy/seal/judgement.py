"""How long a judgement of a call holds, and when it is made again. Pure but for the clock."""

import time
from collections.abc import Callable

from foundation.database import connections

HOLDS_SECONDS = 0.1
"""About as long as MLflow itself needs to put a file in its place."""


def _nothing() -> None:
    """Looks back at nothing."""


class Judgement:
    """A judgement that is made about now. What is judged slowly may be approved while it is judged."""

    def __init__(self, judge: Callable[[], None], look_back: Callable[[], None] = _nothing) -> None:
        """Begins to count; it does not judge yet.

        Args:
            judge: Raises where the call may not be, as things are at that moment.
            look_back: Raises where the call, which is done, should not have been, as things are at that moment.
        """
        self._judge, self._look_back, self._at = judge, look_back, time.monotonic()

    def again(self) -> None:
        """Judges once more where that is no longer true, before the last piece of a body goes up: that may take hours.

        Raises:
            Refusal: the call may not be any more.
        """
        self._renew(self._judge)

    def afterwards(self) -> None:
        """Looks back once MLflow has answered, where that took it long.

        Raises:
            Refusal: the call changed what had been approved meanwhile.
        """
        self._renew(self._look_back)

    def _renew(self, look: Callable[[], None]) -> None:
        if time.monotonic() - self._at <= HOLDS_SECONDS:
            return
        self._at = time.monotonic()
        try:
            look()
        finally:
            connections.release()
