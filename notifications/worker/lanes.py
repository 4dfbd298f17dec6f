"""Runs what the channels have to send, each receiver's in a lane of its own, so that none holds up another."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from threading import Lock

from django.db import connections

from notifications.channels import Channel

MOST = 64
"""Lanes that are open at once: as many receivers may hang before the next one has to wait."""

logger = logging.getLogger("checkpoint.worker")


class Lanes:
    """Threads, of which never two work on the same lane."""

    def __init__(self, channels: Sequence[Channel], stop: Flag) -> None:
        self._channels = channels
        self._stop = stop
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="lane")
        self._open: set[tuple[str, int]] = set()
        self._lock = Lock()

    def open_due(self) -> int:
        """Opens the lanes in which something is due, and returns how many it opened."""
        opened = 0
        for channel in self._channels:
            for lane in channel.lanes():
                opened += self._open_one(channel, lane)
        return opened

    def close(self) -> None:
        """Waits until each lane has ended what it is sending."""
        self._threads.shutdown(cancel_futures=True)

    def _open_one(self, channel: Channel, lane: int) -> bool:
        key = channel.name, lane
        with self._lock:
            if key in self._open or len(self._open) >= MOST:
                return False
            self._open.add(key)
        self._threads.submit(self._run, channel, lane)
        return True

    def _run(self, channel: Channel, lane: int) -> None:
        try:
            channel.run(lane, self._stop)
        except Exception:
            logger.exception("Lane %s of %s broke off; what it had claimed is due again later.", lane, channel.name)
        finally:
            connections.close_all()
            with self._lock:
                self._open.discard((channel.name, lane))
