import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections
from typing_extensions import override

from accounts.joining import first_administrator
from checkpoint_project import gunicorn, keeper, startup
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
            "--portal-port",
            type=options.port("--portal-port"),
            help="second port, for Checkpoint's pages in an origin of their own; see CHECKPOINT_PORTAL_URL",
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
        parser.add_argument(
            "--no-worker",
            action="store_true",
            help="run no background worker beside the server: `manage.py worker` runs elsewhere",
        )

    @override
    def handle(
        self, *args: Any, host: str, port: int, portal_port: int | None, no_worker: bool, **further: Any
    ) -> None:
        """Serves until it is stopped; running transfers are finished first."""
        startup.require_registry()
        if port == portal_port:
            raise env.ConfigurationError(f"--portal-port is {portal_port}, as --port is: choose another one.")
        ports = [port] if portal_port is None else [port, portal_port]
        for wanted in ports:
            listening.require_free(host, wanted)
        _follow_ports(*ports)
        os.umask(0o077)  # whatever is written beside the database is nobody else's either
        startup.prepare_database()
        link = first_administrator.prepare()
        connections.close_all()
        self._announce(host, ports, link)
        # The server must find this package wherever it is started.
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(settings.BASE_DIR), os.environ.get("PYTHONPATH")]))
        os.environ[keeper.WANTED] = "" if no_worker else "1"
        # Replaces this process, so that the server starts without anything that was loaded, locked or opened so far.
        os.execv(sys.executable, [sys.executable, *_arguments(host, ports, **further)])  # noqa: S606 - no shell is meant

    def _announce(self, host: str, ports: list[int], link: str | None) -> None:
        if link:
            self.stdout.write(f"No account exists yet. Create the administrator's, within a day, at {link}")
        self.stdout.write(
            f"Starting Checkpoint on {' and '.join(f'{host}:{port}' for port in ports)}, "
            f"in front of {settings.CHECKPOINT_REGISTRY_URL}: open {settings.CHECKPOINT_PUBLIC_URL}"
        )
        if settings.CHECKPOINT_PORTAL_URL:
            self.stdout.write(f"Its own pages are at {settings.CHECKPOINT_PORTAL_URL}")
        self.stdout.flush()


def _follow_ports(port: int, portal_port: int | None = None) -> None:
    """Lets the addresses that nobody set follow the ports, here and in the server, which reads the settings again.

    Raises:
        ConfigurationError: only one of two addresses is known.
    """
    addresses = {"CHECKPOINT_PUBLIC_URL": port}
    if portal_port is not None:
        addresses["CHECKPOINT_PORTAL_URL"] = portal_port
        env.require_together(*addresses)
    for name, followed in addresses.items():
        if not env.string(name):
            address = f"http://localhost:{followed}"
            os.environ[name] = address
            setattr(settings, name, address)
    if settings.CHECKPOINT_PORTAL_URL == settings.CHECKPOINT_PUBLIC_URL:
        raise env.ConfigurationError(
            f"CHECKPOINT_PORTAL_URL and the port lead to one address, {settings.CHECKPOINT_PUBLIC_URL}: "
            "choose another port, or set CHECKPOINT_PUBLIC_URL too."
        )


def _arguments(host: str, ports: list[int], *, workers: int, threads: int, stop_timeout: int, **_: Any) -> list[str]:
    """Returns the arguments with which Python starts the server."""
    named = f"[{host}]" if ":" in host else host
    return [
        *("-m", "gunicorn", "--config", f"python:{gunicorn.__name__}"),
        *(word for port in ports for word in ("--bind", f"{named}:{port}")),
        *("--workers", str(workers), "--threads", str(threads), "--graceful-timeout", str(stop_timeout)),
    ]
