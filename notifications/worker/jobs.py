"""Scheduled work: what the leader does again and again."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread

from django.db import connections

logger = logging.getLogger("checkpoint.worker")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often. It may be cut off at any moment, and be done twice at once when a leader changes.

    Attributes:
        name: For the log.
        every: From one beginning to the next; one that takes longer is not begun a second time meanwhile.
        run: Does it.
    """

    name: str
    every: timedelta
    run: Callable[[], None]


class Schedule:
    """Begins each job when it is due, in a thread of its own, so that a long one holds up no other."""

    def __init__(self, jobs: Sequence[Job], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._jobs = jobs
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._threads: dict[str, Thread] = {}

    def begin_due(self) -> None:
        """Begins what is due and not under way."""
        for job in self._jobs:
            last = self._begun.get(job.name)
            thread = self._threads.get(job.name)
            is_due = last is None or self._clock() - last >= job.every.total_seconds()
            if is_due and not (thread and thread.is_alive()):
                self._begun[job.name] = self._clock()
                # A daemon: whoever stops the worker need not wait until gigabytes are read.
                self._threads[job.name] = Thread(target=_run, args=(job,), name=f"job {job.name}", daemon=True)
                self._threads[job.name].start()


def _run(job: Job) -> None:
    try:
        job.run()
    except Exception:
        logger.exception("%s failed; it is tried again at its next time.", job.name)
    finally:
        connections.close_all()
