"""The worker's loop: leads if it may, spreads messages, opens lanes; and goes on when the database is away."""

import logging
import os
import socket
import time
import uuid
from collections.abc import Sequence
from threading import Event as Flag

from django.db import DatabaseError, InterfaceError, connections

from notifications.channels import Channel
from notifications.worker import leader
from notifications.worker.jobs import Job, Schedule
from notifications.worker.lanes import Lanes
from notifications.worker.spreading import spread

_PAUSE = 0.5
"""Seconds between two looks when there is nothing to do."""
_LONGEST_PAUSE = 10.0
"""Seconds between two looks while the database is away."""

logger = logging.getLogger("checkpoint.worker")


class Worker:
    """One worker. Any number may run, in one process or in many; `stop` may be set at any moment."""

    def __init__(self, channels: Sequence[Channel], jobs: Sequence[Job], stop: Flag) -> None:
        self.name = f"{socket.gethostname()[:64]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._channels = channels
        self._stop = stop
        self._schedule = Schedule(jobs)
        self._lanes = Lanes(channels, stop)
        self._leads = False
        self._asked = -leader.RENEWED_EVERY.total_seconds()

    def run(self) -> None:
        """Works until `stop` is set, then ends what it is sending and gives back what it has not begun."""
        pause = _PAUSE
        while not self._stop.is_set():
            try:
                is_busy = self.turn()
                pause = _PAUSE
            except (DatabaseError, InterfaceError) as error:
                logger.warning("The worker waits for the database: %s", str(error).strip().split("\n")[0])
                connections.close_all()
                self._leads = False
                is_busy, pause = False, min(pause * 2, _LONGEST_PAUSE)
            if not is_busy:
                self._stop.wait(pause)
        self._lanes.close()
        if self._leads:
            self._step_down()

    def turn(self) -> bool:
        """Does what is to be done now, and returns whether there may be more at once."""
        if time.monotonic() - self._asked >= leader.RENEWED_EVERY.total_seconds():
            self._asked = time.monotonic()
            self._leads = leader.lead(self.name)
        if self._leads:
            self._schedule.begin_due()
        spread_now = spread(self._channels)
        self._lanes.open_due()
        return spread_now > 0

    def _step_down(self) -> None:
        try:
            leader.step_down(self.name)
        except (DatabaseError, InterfaceError):
            logger.info("The database is away; the lease ends by itself.")
        finally:
            connections.close_all()
