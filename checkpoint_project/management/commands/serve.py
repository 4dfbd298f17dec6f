import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from typing_extensions import override

from accounts.joining import first_administrator
from checkpoint_project import gunicorn, startup
from foundation import env, listening, options


class Command(BaseCommand):
    """Migrates the database, prepares the first administrator, and becomes the server."""

    help = "Runs Checkpoint for production: brings the database up to date, then serves with gunicorn."
    requires_system_checks = ()

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104
        parser.add_argument(
            "--port", type=options.port("--port"), default=5000, help="port to listen on (default: 5000)"
        )
        parser.add_argument(
            "--workers",
            type=options.whole_number("--workers", maximum=1_000),
            default=min(4, listening.processors()),
            help="processes (default: one per processor, at most 4)",
        )
        parser.add_argument(
            "--threads",
            type=options.whole_number("--threads", maximum=10_000),
            default=gunicorn.threads,
            help=f"calls that a process answers at once (default: {gunicorn.threads})",
        )
        parser.add_argument(
            "--stop-timeout",
            type=options.whole_number("--stop-timeout", maximum=86_400),
            default=gunicorn.graceful_timeout,
            help=f"seconds that running transfers get to finish when stopped (default: {gunicorn.graceful_timeout})",
        )

    @override
    def handle(self, *args: Any, host: str, port: int, **further: Any) -> None:
        """Serves until it is stopped; running transfers are finished first."""
        startup.require_registry()
        listening.require_free(host, port)
        if not env.string("CHECKPOINT_PUBLIC_URL"):
            # For the server, which reads the settings again.
            os.environ["CHECKPOINT_PUBLIC_URL"] = settings.CHECKPOINT_PUBLIC_URL = f"http://localhost:{port}"
        os.umask(0o077)  # whatever is written beside the database is nobody else's either
        startup.prepare_database()
        link = first_administrator.prepare(settings.CHECKPOINT_PUBLIC_URL)
        connections.close_all()
        self._announce(host, port, link)
        # The server must find this package wherever it is started.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")]))
        # Replaces this process, so that the server starts without anything that was loaded, locked or opened so far.
        os.execv(sys.executable, [sys.executable, *_arguments(host, port, **further)])  # noqa: S606 - no shell is meant

    def _announce(self, host: str, port: int, link: str | None) -> None:
        if link:
            self.stdout.write(f"No account exists yet. Create the administrator's, within a day, at {link}")
        self.stdout.write(
            f"Starting Checkpoint on {host}:{port}, in front of {settings.CHECKPOINT_REGISTRY_URL}: "
            f"open {settings.CHECKPOINT_PUBLIC_URL}"
        )
        self.stdout.flush()


def _arguments(host: str, port: int, *, workers: int, threads: int, stop_timeout: int, **_: Any) -> list[str]:
    """Returns the arguments with which Python starts the server."""
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        *("-m", "gunicorn", "--config", f"python:{gunicorn.__name__}", "--bind", address),
        *("--workers", str(workers), "--threads", str(threads), "--graceful-timeout", str(stop_timeout)),
    ]
