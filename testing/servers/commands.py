"""Checkpoint's commands as a person runs them, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from demo.processes import ServerProcess
from deploy.nginx.render import Place, command, write
from testing.waiting import LONG

NOBODY = 65534
MANAGE = str(settings.BASE_DIR / "manage.py")
HEALTH = "/checkpoint/healthz"


def environment(state: Path, **changes: str) -> dict[str, str]:
    """Returns the environment of a Checkpoint with its state in `state` and nothing of this run's settings."""
    foreign = ("CHECKPOINT_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE", "SECRET_KEY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"CHECKPOINT_STATE_DIR": str(state), "CHECKPOINT_REGISTRY_URL": "http://127.0.0.1:9"} | changes


def start(*arguments: str, environment: Mapping[str, str], log: Path) -> ServerProcess:
    """Starts a server by `manage.py` with these arguments."""
    return ServerProcess("Checkpoint", [sys.executable, MANAGE, *arguments], environment=environment, log=log)


def serve(
    port: int, *arguments: str, environment: Mapping[str, str], log: Path, with_worker: bool = False
) -> ServerProcess:
    """Starts `manage.py serve` on a loopback port, without the worker beside it unless a test is about that."""
    words = ("serve", "--host", "127.0.0.1", "--port", str(port), *([] if with_worker else ["--no-worker"]))
    return start(*words, *arguments, environment=environment, log=log)


def manage(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs `manage.py` to its end."""
    return subprocess.run(
        [sys.executable, MANAGE, *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )


def output_of(*arguments: str, environment: Mapping[str, str]) -> str:
    """Runs `manage.py`, which must succeed, and returns what it printed."""
    done = manage(*arguments, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def nginx(program: str, port: int, behind: int, folder: Path, environment: Mapping[str, str]) -> ServerProcess:
    """Starts an nginx without rights on a loopback port, as `deploy/nginx/` sets it up.

    Args:
        program: Where nginx is.
        port: For callers.
        behind: Checkpoint's port.
        folder: For its configuration and logs.
        environment: As Checkpoint's.
    """
    path = write(Place(f"127.0.0.1:{port}", f"127.0.0.1:{behind}", str(folder)), environment)
    arguments = [program, *command(path)[1:]]
    if os.getuid() == 0:
        arguments = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *arguments]
        for given in (folder, path):
            os.chown(given, NOBODY, NOBODY)
    return ServerProcess("nginx", arguments, environment={"PATH": os.environ["PATH"]}, log=folder / "out.log")
