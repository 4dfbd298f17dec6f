"""Checkpoint's commands as a person runs them, each in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings

from demo.processes import ServerProcess
from testing.waiting import LONG

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


def serve(port: int, *arguments: str, environment: Mapping[str, str], log: Path) -> ServerProcess:
    """Starts `manage.py serve` on a loopback port."""
    return start("serve", "--host", "127.0.0.1", "--port", str(port), *arguments, environment=environment, log=log)


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
