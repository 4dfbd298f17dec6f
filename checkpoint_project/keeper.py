"""Keeps one worker running beside a server: starts it again when it dies, and ends it with the server.

A process of its own, which loads nothing that could make it fail: `python -m checkpoint_project.keeper`.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

_MANAGE = str(Path(__file__).resolve().parent.parent / "manage.py")
_STOP_SECONDS = 15.0
"""What a worker gets to end what it is sending; a receiver has 10 seconds to answer."""
_LOOKS_EVERY = 0.5
_LONGEST_PAUSE = 30.0
"""Seconds before a worker that dies again and again is started once more; at first it is one."""

WANTED = "_CHECKPOINT_RUN_WORKER"
"""How `serve` tells the server that it becomes that it is to have a worker beside it. No setting."""


def start() -> "subprocess.Popen[bytes]":
    """Starts a keeper as a child of this process."""
    return subprocess.Popen([sys.executable, "-m", "checkpoint_project.keeper"], stdin=subprocess.DEVNULL)


def end(keeper: "subprocess.Popen[bytes]") -> None:
    """Ends a keeper and its worker, and waits for them."""
    keeper.terminate()
    try:
        keeper.wait(_STOP_SECONDS + 2)
    except subprocess.TimeoutExpired:
        keeper.kill()


def main() -> None:
    """Keeps a worker running until this process is stopped or its parent has ended."""
    parent, stop = os.getppid(), Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    pause = 1.0
    while not _is_over(parent, stop):
        begun = time.monotonic()
        worker = subprocess.Popen([sys.executable, _MANAGE, "worker", "--while-parent-lives"])  # noqa: S603
        while worker.poll() is None and not _is_over(parent, stop):
            stop.wait(_LOOKS_EVERY)
        if worker.poll() is None:
            worker.terminate()
            try:
                worker.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
            return
        pause = 1.0 if time.monotonic() - begun > _LONGEST_PAUSE else min(pause * 2, _LONGEST_PAUSE)
        stop.wait(pause)


def _is_over(parent: int, stop: Event) -> bool:
    return stop.is_set() or os.getppid() != parent


if __name__ == "__main__":
    main()
