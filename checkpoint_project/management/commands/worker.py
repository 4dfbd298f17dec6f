import os
import signal
from threading import Event as Flag
from threading import Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from typing_extensions import override

from checkpoint_project import startup
from checkpoint_project.jobs import jobs
from notifications.channels import CHANNELS
from notifications.worker.loop import Worker

_LOOKS_EVERY = 1.0
"""Seconds between two looks whether the parent is still there."""


class Command(BaseCommand):
    """Works in the background until it is stopped; any number may run, beside servers and on other machines."""

    help = "Tells people and programs what happened, settles promotions, and does what else nobody waits for."
    requires_system_checks = ()

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--while-parent-lives", action="store_true", help="stop when the process that started this one has ended"
        )

    @override
    def handle(self, *args: Any, while_parent_lives: bool, **options: Any) -> None:
        """Returns after SIGTERM or Ctrl-C, when what is being sent has ended; may also be killed at any moment."""
        startup.require_registry()
        stop = Flag()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if while_parent_lives:
            Thread(target=_watch, args=(os.getppid(), stop), name="parent", daemon=True).start()
        startup.prepare_database()
        connections.close_all()
        Worker(CHANNELS, jobs(), stop).run()


def _watch(parent: int, stop: Flag) -> None:
    while not stop.wait(_LOOKS_EVERY):
        if os.getppid() != parent:
            stop.set()
