"""Starts everything that is measured and stops all of it at the end."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench import nginx, registry
from bench.process_tree import Tree
from bench.subjects import Fleet, Subject
from demo.mlflow_server import MlflowServer
from demo.processes import ServerProcess, free_port
from deploy.nginx.render import Place, command, write

ROOT = Path(__file__).resolve().parent.parent
BASIC = ("admin", "long enough to bench")
WORKERS = "2"
START_SECONDS = 60.0
_SERVE = (
    *(sys.executable, str(ROOT / "manage.py"), "serve", "--host", "127.0.0.1", "--port", "{port}"),
    *("--workers", WORKERS, "--stop-timeout", "3"),
)


_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--config", "python:checkpoint_project.gunicorn"),
    *("--bind", "127.0.0.1:{port}", "--graceful-timeout", "3"),
)
_UNRECORDED = (*_GUNICORN, "--workers", WORKERS, "bench.unrecorded:application")
_COUNTING = (*_GUNICORN, "--workers", "1", "bench.many.counting:application")


def start(folder: Path, running: ExitStack) -> Fleet:
    """Starts all servers below `folder`, fills both registries and returns the subjects of the measurements."""
    mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
    with_auth = running.enter_context(_basic_auth(folder / "basic-auth"))
    echo_port = free_port()
    echo = running.enter_context(nginx.echo(folder / "echo", echo_port))
    echo_url = f"http://127.0.0.1:{echo_port}"
    mlflow.wait()
    with_auth.wait()
    run_path = registry.fill(mlflow.url)
    registry.fill(with_auth.url, BASIC)
    before_mlflow, unrecorded = _in_front_of(mlflow.url, folder / "before-mlflow", running)
    # It says no version of MLflow's, so nothing that is created there would be passed on.
    passing = {"CHECKPOINT_UNKNOWN_WRITES": "pass"}
    before_echo, unrecorded_echo = _in_front_of(echo_url, folder / "before-echo", running, passing)
    return Fleet(
        direct=Subject("MLflow", mlflow.url, Tree(mlflow.process.pid)),
        basic_auth=Subject(
            "MLflow basic-auth", with_auth.url, Tree(with_auth.process.pid), registry.basic_header(BASIC)
        ),
        before_mlflow=before_mlflow,
        echo=Subject("bare upstream", echo_url, Tree(echo.process.pid)),
        before_echo=before_echo,
        unrecorded=(unrecorded, unrecorded_echo),
        run_path=run_path,
        artifacts=str(folder / "mlflow" / "artifacts"),
    )


def _basic_auth(folder: Path) -> MlflowServer:
    folder.mkdir()
    (folder / "auth.ini").write_text(
        "[mlflow]\ndefault_permission = READ\n"
        f"database_uri = sqlite:///{folder / 'auth.sqlite3'}\n"
        f"admin_username = {BASIC[0]}\nadmin_password = {BASIC[1]}\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return MlflowServer(
        folder,
        options=("--app-name", "basic-auth"),
        environment={
            "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
            "MLFLOW_FLASK_SERVER_SECRET_KEY": "of a bench",
        },
    )


@dataclass(frozen=True)
class Served:
    """A Checkpoint as `manage.py serve` runs it, and {name: {"token": ..., "session": ...}} of its people."""

    url: str
    people: dict[str, dict[str, str]]


def serve(
    registry_url: str,
    folder: Path,
    running: ExitStack,
    *,
    people: Sequence[str],
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Served:
    """Starts a Checkpoint in front of an MLflow, with some people in it and further settings."""
    its_environment = environment(registry_url, folder) | dict(settings)
    made = _make_people(its_environment, *people)
    url, _ = _start(folder, its_environment, running)
    return Served(url, made)


def _make_people(environment: dict[str, str], *names: str) -> dict[str, dict[str, str]]:
    command = [sys.executable, "-m", "bench.people", *names]
    made = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(made.stdout)
    return found


def _in_front_of(
    url: str, folder: Path, running: ExitStack, settings: Mapping[str, str] = MappingProxyType({})
) -> tuple[list[Subject], Subject]:
    """Starts nginx and Checkpoint in front of a server, and a Checkpoint that records nobody."""
    folder.mkdir()
    port = free_port()
    proxy = running.enter_context(nginx.proxy(folder / "nginx", port, url.removeprefix("http://")))
    its_environment = environment(url, folder) | dict(settings)
    (people,) = _make_people(its_environment, "bench").values()
    token, session = registry.bearer_header(people["token"]), registry.session_header(people["session"])
    served_url, served = _start(folder, its_environment, running)
    plain_url, plain = _start_unrecorded(folder, its_environment, running)
    fronted_url, fronted = _behind_nginx(served_url, folder / "nginx-in-front", its_environment, running)
    subjects = [
        Subject("nginx", f"http://127.0.0.1:{port}", Tree(proxy.process.pid)),
        Subject("gunicorn, token", served_url, Tree(served.process.pid), token),
        Subject("gunicorn, session", served_url, Tree(served.process.pid), session),
        Subject("nginx + gunicorn, token", fronted_url, Tree(fronted.process.pid, served.process.pid), token),
    ]
    return subjects, Subject("gunicorn, not recording", plain_url, Tree(plain.process.pid), token)


def environment(registry_url: str, folder: Path) -> dict[str, str]:
    """Returns the environment of a Checkpoint in front of an MLflow, its files in a folder."""
    foreign = ("CHECKPOINT_", "MLFLOW_", "EMAIL_", "DATABASE_URL", "SECRET_KEY", "DEFAULT_FROM_EMAIL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "CHECKPOINT_STATE_DIR": str(folder),
        "CHECKPOINT_REGISTRY_URL": registry_url,
        # For the nginx in front; no other caller sends its headers.
        "CHECKPOINT_TRUSTED_PROXIES": "127.0.0.1",
        # As on a busy site; with a log line per call, each call costs some 0.03 ms more.
        "CHECKPOINT_ACCESS_LOG": "0",
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
        "PYTHONPATH": str(ROOT),
    }


def _start(folder: Path, environment: dict[str, str], running: ExitStack) -> tuple[str, ServerProcess]:
    """Starts Checkpoint; returns its address once it answers."""
    return _start_as("checkpoint", _SERVE, folder, environment, running)


def _start_unrecorded(folder: Path, environment: dict[str, str], running: ExitStack) -> tuple[str, ServerProcess]:
    """Starts a Checkpoint on the same database that records nobody; returns its address once it answers."""
    return _start_as("unrecorded", _UNRECORDED, folder, environment, running)


def start_counting(folder: Path, environment: dict[str, str], running: ExitStack) -> str:
    """Starts a Checkpoint of one process that says how many queries an answer took; returns its address."""
    url, _ = _start_as("counting", _COUNTING, folder, environment, running)
    return url


def _start_as(
    name: str, command: Sequence[str], folder: Path, environment: dict[str, str], running: ExitStack
) -> tuple[str, ServerProcess]:
    port = free_port()
    filled = [part.format(port=port) for part in command]
    server = running.enter_context(
        ServerProcess("Checkpoint", filled, environment=environment, log=folder / f"{name}.log")
    )
    url = f"http://127.0.0.1:{port}"
    server.wait_until_answering(f"{url}/checkpoint/healthz", timeout=START_SECONDS)
    return url, server


def _behind_nginx(
    checkpoint: str, folder: Path, environment: dict[str, str], running: ExitStack
) -> tuple[str, ServerProcess]:
    """Puts the nginx of `deploy/nginx` in front of a Checkpoint; returns its address once it answers."""
    port = free_port()
    path = write(Place(f"127.0.0.1:{port}", checkpoint.removeprefix("http://"), str(folder)), environment)
    # If root starts it, its workers would otherwise run as a user who may not enter the folder.
    user = ["-g", "user root;"] if os.getuid() == 0 else []
    server = running.enter_context(
        ServerProcess("nginx in front", [*command(path), *user], environment=dict(os.environ), log=folder / "nginx.log")
    )
    url = f"http://127.0.0.1:{port}"
    server.wait_until_answering(f"{url}/checkpoint/healthz", timeout=START_SECONDS)
    return url, server
