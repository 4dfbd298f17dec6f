"""Asks again what people look at and MLflow takes long to answer, so that the next one need not wait for it."""

import logging
import time

from foundation.exceptions import CheckpointError
from registry.lists import kept
from registry.lists.describing import DESCRIBED
from registry.lists.kept import Question
from registry.lists.shown import Lists

AGAIN_SECONDS = 20
"""An answer of this age is asked for again: before it ends, with time for MLflow to answer."""

logger = logging.getLogger(__name__)


def keep_warm() -> None:
    """Asks again what was asked for in the last minutes and ends soon, or ended because Checkpoint changed something.

    For a worker that does it every few seconds. What fails, or is answered at once, is left until somebody asks again.
    """
    for question in kept.wanted():
        try:
            is_slow = _refresh(question)
        except CheckpointError as failure:
            logger.info("%s was not asked again: %s", question.asked, failure.message)
            is_slow = False
        if not is_slow:
            kept.give_up(question)


def _refresh(question: Question) -> bool:
    """Asks again if it is time, and returns whether MLflow takes long to answer, as far as that is known."""
    mark, known, _ = kept.look(question)
    if known is not None and time.time() - known.at < AGAIN_SECONDS:
        return True
    if question.asked[0] == DESCRIBED and mark is not None:
        return True  # it is being changed: nothing of it may be kept
    lists = Lists(question.workspace)
    return kept.timed(question, mark, lambda: lists.ask(*question.asked)).took >= kept.AT_ONCE_SECONDS
