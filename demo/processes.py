"""Starts a server as a child process, waits until it answers, and stops it with all its children."""

import http.client
import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_TAIL_LINES = 3


class ServerFailed(Exception):
    """A server did not start, or died. The message is one line for the person who started it."""


_PORTS = range(20_000, 32_000)
"""None of those that a system gives out by itself: Linux has 32,768 and more for that, others 49,152."""
_next_ports = itertools.cycle([*_PORTS[os.getpid() * 89 % len(_PORTS) :], *_PORTS[: os.getpid() * 89 % len(_PORTS)]])


def free_port() -> int:
    """Returns a loopback port that is free at this moment, another one each time.

    Nobody gets it by chance before its server listens: not a server that takes any port, nor a connection. Else whoever
    waits for the one would take the other for it.
    """
    while True:
        port = next(_next_ports)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class ServerProcess:
    """A server in a process group of its own.

    With the group `stop` reaches the workers of a server whose own process is dead already, and a terminal's Ctrl-C
    does not reach the child before its parent decides in which order to stop the servers.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str], log: Path, capture: bool = False
    ) -> None:
        """Starts `command`.

        Args:
            name: Its name in messages.
            command: Program and arguments.
            environment: Its whole environment.
            log: The file for what it prints; an earlier run's log is replaced.
            capture: Leaves standard output to `output` instead.
        """
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            # The demo and the tests build the command themselves; nothing in it comes from outside.
            self.process = subprocess.Popen(  # noqa: S603
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if capture else output,
                stderr=output,
                start_new_session=True,
                encoding="utf-8",
                errors="replace",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_until_answering(self, url: str, *, timeout: float) -> None:
        """Returns once `url` answers 200.

        Args:
            url: An http address that needs no credentials.
            timeout: Seconds until it must have answered.

        Raises:
            ServerFailed: the process ended, or the time is over; call `stop` then too.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if not self.is_running():
                raise ServerFailed(f"{self.name} ended with code {self.process.returncode}: {self.log_tail()}")
            if _answers(url):
                return
            time.sleep(0.1)
        raise ServerFailed(f"{self.name} did not answer at {url} within {timeout:g} seconds: {self.log_tail()}")

    def output(self) -> Iterator[str]:
        """Yields each line of a captured standard output as it comes, until the process closes it."""
        if self.process.stdout is not None:
            with self.process.stdout as stdout:
                yield from stdout

    def is_running(self) -> bool:
        """Tells whether the server's first process is alive."""
        return self.process.poll() is None

    def log_tail(self) -> str:
        """Returns the last lines of the log as one line, and where the rest is."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").split("\n")
        last = " | ".join(line.strip() for line in lines if line.strip()).split(" | ")[-_TAIL_LINES:]
        return f"{' | '.join(last) or 'it printed nothing'} (log: {self.log})"

    def stop(self, *, grace: float = 8.0) -> None:
        """Stops the whole group with SIGTERM, and after `grace` seconds with SIGKILL; returns when all are gone."""
        self._signal(signal.SIGTERM)
        if not self._wait_for_group(grace):
            self._signal(signal.SIGKILL)
            self._wait_for_group(grace)

    def kill(self) -> None:
        """Kills the whole group at once, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._wait_for_group(5.0)

    def _wait_for_group(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.process.poll()  # reaps the leader, which otherwise keeps the group alive as a zombie
            if not self._signal(0):
                return True
            time.sleep(0.05)
        return False

    def _signal(self, number: int) -> bool:
        """Signals the group; returns False when no process is left in it."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            return False
        return True


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=5)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
