"""Starts everything that is measured and stops all of it at the end."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from bench import nginx, registry
from bench.process_tree import Tree
from bench.subjects import Fleet, Subject
from promote_requests.demo.mlflow_server import MlflowServer
from promote_requests.demo.processes import ServerProcess, free_port

ROOT = Path(__file__).resolve().parent.parent
BASIC = ("admin", "long enough to bench")
WORKERS = 2
GUNICORN_THREADS = 64
START_SECONDS = 60.0


def start(folder: Path, running: ExitStack) -> Fleet:
    """Starts all servers below `folder`, fills both registries and returns what is to be measured."""
    mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
    with_auth = running.enter_context(_basic_auth(folder / "basic-auth"))
    echo_port = free_port()
    echo = running.enter_context(nginx.echo(folder / "echo", echo_port))
    echo_url = f"http://127.0.0.1:{echo_port}"
    mlflow.wait()
    with_auth.wait()
    run_path = registry.fill(mlflow.url)
    registry.fill(with_auth.url, BASIC)
    return Fleet(
        direct=Subject("MLflow", mlflow.url, Tree(mlflow.process.pid)),
        basic_auth=Subject(
            "MLflow basic-auth", with_auth.url, Tree(with_auth.process.pid), registry.basic_header(BASIC)
        ),
        before_mlflow=_in_front_of(mlflow.url, folder / "before-mlflow", running),
        echo=Subject("bare upstream", echo_url, Tree(echo.process.pid)),
        before_echo=_in_front_of(echo_url, folder / "before-echo", running),
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


def _in_front_of(url: str, folder: Path, running: ExitStack) -> list[Subject]:
    folder.mkdir()
    port = free_port()
    proxy = running.enter_context(nginx.proxy(folder / "nginx", port, url.removeprefix("http://")))
    environment = _environment(url, folder)
    made = subprocess.run(
        [sys.executable, "-m", "bench.people"], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    people = json.loads(made.stdout)
    granian_url, granian = _granian(folder, environment, running)
    gunicorn_url, gunicorn = _gunicorn(folder, environment, running)
    for server, address in ((granian, granian_url), (gunicorn, gunicorn_url)):
        server.wait_until_answering(f"{address}/checkpoint/healthz", timeout=START_SECONDS)
    token = {"Authorization": f"Bearer {people['token']}"}
    session = {"Cookie": f"checkpoint_session={people['session']}"}
    return [
        Subject("nginx", f"http://127.0.0.1:{port}", Tree(proxy.process.pid)),
        Subject("granian, token", granian_url, Tree(granian.process.pid), token),
        Subject("granian, session", granian_url, Tree(granian.process.pid), session),
        Subject("gunicorn, token", gunicorn_url, Tree(gunicorn.process.pid), token),
        Subject("gunicorn, session", gunicorn_url, Tree(gunicorn.process.pid), session),
    ]


def _environment(registry_url: str, folder: Path) -> dict[str, str]:
    foreign = ("CHECKPOINT_", "MLFLOW_", "EMAIL_", "DATABASE_URL", "SECRET_KEY", "DEFAULT_FROM_EMAIL")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "CHECKPOINT_STATE_DIR": str(folder),
        "CHECKPOINT_REGISTRY_URL": registry_url,
        # As a busy site would have it; with the line per call, each costs some 0.03 ms more.
        "CHECKPOINT_ACCESS_LOG": "0",
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
        "PYTHONPATH": str(ROOT),
    }


def _granian(folder: Path, environment: dict[str, str], running: ExitStack) -> tuple[str, ServerProcess]:
    port = free_port()
    command = [
        *(sys.executable, str(ROOT / "manage.py"), "serve", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(WORKERS), "--stop-timeout", "3"),
    ]
    server = ServerProcess(
        "Checkpoint under granian", command, environment=environment, log=folder / "granian" / "server.log"
    )
    return f"http://127.0.0.1:{port}", running.enter_context(server)


def _gunicorn(folder: Path, environment: dict[str, str], running: ExitStack) -> tuple[str, ServerProcess]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "checkpoint_project.wsgi:application", "--bind", f"127.0.0.1:{port}"),
        *(
            "--worker-class",
            "gthread",
            "--workers",
            str(WORKERS),
            "--threads",
            str(GUNICORN_THREADS),
            "--keep-alive",
            "75",
        ),
    ]
    server = ServerProcess(
        "Checkpoint under gunicorn", command, environment=environment, log=folder / "gunicorn" / "server.log"
    )
    return f"http://127.0.0.1:{port}", running.enter_context(server)
