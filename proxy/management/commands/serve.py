"""The production server."""

import multiprocessing
import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from accounts import first_administrator
from checkpoint_project import analytics, env, listening, startup

_READ_AHEAD_BYTES = 64 * 1024
_LOGGING = {
    # granian's own handlers write to standard output in a format of theirs: ours takes its lines too.
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


class Command(BaseCommand):
    """Migrates, makes sure that there is a way to the first administrator, and serves until it is told to stop."""

    help = "Runs Checkpoint for production: brings the database up to date, then serves with granian."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declares the options."""
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104
        parser.add_argument("--port", type=int, default=5000, help="port to listen on (default: 5000)")
        parser.add_argument(
            "--workers",
            type=int,
            default=min(4, listening.processors()),
            help="processes (default: one per processor, at most 4)",
        )
        # More than one caller may have under way, and than 200 slow clients take. One that only waits costs little.
        parser.add_argument(
            "--threads", type=int, default=256, help="calls that a process answers at once (default: 256)"
        )
        parser.add_argument(
            "--stop-timeout",
            type=int,
            default=25,
            help="seconds that running transfers get to finish when the server is stopped (default: 25)",
        )

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serves; returns after a stop signal, once the running transfers are done."""
        startup.require_registry()
        listening.require_free(host, port)
        if not env.string("CHECKPOINT_PUBLIC_URL"):
            # For the workers, which read their settings afresh.
            os.environ["CHECKPOINT_PUBLIC_URL"] = settings.CHECKPOINT_PUBLIC_URL = f"http://localhost:{port}"
        os.umask(0o077)  # a new database will hold password hashes and sessions, often in a folder of somebody's
        startup.prepare_database()
        link = first_administrator.prepare(settings.CHECKPOINT_PUBLIC_URL)
        analytics.report_start()
        connections.close_all()
        # A fork would copy this process's locks as its threads hold them at that moment.
        multiprocessing.set_start_method("spawn", force=True)
        server = Server(
            "checkpoint_project.wsgi:application",
            address=host,
            port=port,
            # Under ASGI a synchronous stream would be collected whole before its first byte went out.
            interface=Interfaces.WSGI,
            workers=options["workers"],
            blocking_threads=options["threads"],
            # Connections, idle ones of browsers included, that a process holds before it leaves new ones in the queue.
            backpressure=max(1024, 2 * options["threads"]),
            backlog=2048,
            http=HTTPModes.http1,
            # granian reads as far ahead for each connection. Its default of 417 kB does nothing for throughput here.
            http1_settings=HTTP1Settings(max_buffer_size=_READ_AHEAD_BYTES),
            websockets=False,
            log_access=False,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=options["stop_timeout"],
        )
        server.on_startup(lambda: self._announce(host, port, link))
        server.serve()

    def _announce(self, host: str, port: int, link: str | None) -> None:
        if link:
            self.stdout.write(f"No account exists yet. Create the administrator's, within a day, at {link}")
        self.stdout.write(
            f"Starting Checkpoint on {host}:{port}, in front of {settings.CHECKPOINT_REGISTRY_URL}: "
            f"open {settings.CHECKPOINT_PUBLIC_URL}"
        )
        self.stdout.flush()
