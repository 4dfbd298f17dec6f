"""Checkpoint itself on a real socket, with a database of its own in which ada is a person."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings as django_settings

from demo.processes import free_port
from testing.secret_check import leaks, secrets
from testing.servers.commands import environment, output_of
from testing.servers.raw_client import Exchange, exchange, wait_for_port
from testing.waiting import LONG

People = tuple[dict[str, str], str, str]
"""The environment of a Checkpoint whose database has ada in it, her token and her session."""

_PEOPLE = """
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.auth import SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY
from testing.people import issue_token
user = get_user_model().objects.create_user("ada", "ada@example.org", "correct horse battery")
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print("PEOPLE", issue_token(user, name="sockets")[1], session.session_key)
"""


@dataclass(frozen=True)
class Checkpoint:
    """A running Checkpoint and the credentials of the person `ada`."""

    port: int
    pid: int
    token: str
    session: str
    log: Path

    def call(
        self,
        target: str,
        method: str = "GET",
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        body: bytes = b"",
        *,
        as_ada: bool = True,
        timeout: float = LONG,
    ) -> Exchange:
        """Sends one request byte for byte and returns all of the answer; its connection is closed afterwards."""
        sent = list(headers.items() if isinstance(headers, dict) else headers or [])
        if as_ada:
            sent.append(("Authorization", f"Bearer {self.token}"))
        names = {name.lower() for name, _ in sent}
        if "host" not in names:
            sent.insert(0, ("Host", f"localhost:{self.port}"))
        if body and not names & {"content-length", "transfer-encoding"}:
            sent.append(("Content-Length", str(len(body))))
        return exchange(self.port, method, target, sent, body, timeout=timeout)

    def memory(self) -> int:
        """Returns the resident memory of the server's processes in bytes."""
        process = psutil.Process(self.pid)
        return sum(found.memory_info().rss for found in [process, *process.children(recursive=True)])

    def cpu_seconds(self) -> float:
        """Returns the processor time that the server's processes have taken."""
        process = psutil.Process(self.pid)
        times = [found.cpu_times() for found in [process, *process.children(recursive=True)]]
        return sum(found.user + found.system for found in times)


def make_people(state: Path) -> People:
    """Makes a database with one person in a state folder."""
    own = environment(state)
    output_of("migrate", "--verbosity", "0", environment=own)
    output = output_of("shell", "--verbosity", "0", "-c", _PEOPLE, environment=own)
    _, token, session = next(line for line in output.splitlines() if line.startswith("PEOPLE")).split()
    return own, token, session


def _command(server: str, port: int) -> list[str]:
    if server == "serve":  # as in production, but for the number of workers, which depends on the machine
        return [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    if server == "runserver":  # any other WSGI server: Django's own, for development
        return [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    options = ["--config", "python:checkpoint_project.gunicorn", "--threads", "32", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", *options, "--bind", f"127.0.0.1:{port}"]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks the server to end, so that it can write what coverage measured in it; after 30 seconds kills all of it."""
    if process.poll() is not None:
        return
    tree = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
    process.terminate()
    _, alive = psutil.wait_procs(tree, timeout=30)
    for found in alive:
        found.kill()
    process.wait()


def run_checkpoint(server: str, people: People, log: Path, port: int = 0, **settings: str) -> Iterator[Checkpoint]:
    """Runs Checkpoint until the generator is closed; `settings` are environment variables.

    Fails the run when the server logged one of its secrets, or anybody's API token.
    """
    own, token, session = people
    port = port or free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            _command(server, port),
            cwd=django_settings.BASE_DIR,
            env=own | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_port(port, process, log)
            yield Checkpoint(port, process.pid, token, session, log)
        finally:
            _end(process)
    leaked = leaks(log.read_text(errors="replace"), secrets(own | settings, token, session))
    assert not leaked, f"{server} logged secrets: {leaked[:3]}"
