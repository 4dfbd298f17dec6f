"""Runs the demo: MLflow, Checkpoint in front of it, people and something to review."""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from demo.mail_catcher import catching
from demo.mlflow_server import MlflowServer
from demo.people import ROLES, Credentials
from demo.processes import ServerFailed, ServerProcess
from demo.steps import run_to_end

BASE_DIR = Path(__file__).resolve().parents[1]
TRIED_OUT = ("CHECKPOINT_CONFIRM_MINUTES",)
"""Settings that somebody may want to see at work in the demo; they name no other server."""
START_SECONDS = 60.0
STEP_SECONDS = 300.0


class Demo:
    """One run of the demo with its data below one folder."""

    def __init__(self, *, folder: Path, port: int, say: Callable[[str], None]) -> None:
        """Takes the options; `say` is called with each line of progress."""
        self.folder = folder.absolute()
        self.address = f"http://localhost:{port}"
        self._port = port
        self._say = say
        self._people = self.folder / "people.json"
        self._seeded = self.folder / "seeded.json"
        self._started = time.monotonic()

    def run(self) -> None:
        """Starts everything, and returns after Ctrl-C or SIGTERM, when both servers have stopped.

        Raises:
            ServerFailed: a package is missing, the folder is in use, or a server or step failed; one line.
        """
        if find_spec("sklearn") is None:
            raise ServerFailed(
                "scikit-learn is missing: run `make demo`, or `pip install -r requirements-demo.txt` first."
            )
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServerFailed(f"{self.folder} cannot be written: {error.strerror}.") from None
        with _interruptible(), ExitStack() as running:
            running.enter_context(_only_one(self.folder))
            try:
                servers = self._start(running)
                self._show()
                _watch(servers)
            except KeyboardInterrupt:
                self._progress("Stopping Checkpoint and MLflow")

    def _start(self, running: ExitStack) -> list[ServerProcess]:
        self._progress(f"Starting MLflow; its data is in {self.folder / 'mlflow'}")
        mlflow = running.enter_context(MlflowServer(self.folder / "mlflow"))
        mail_port = running.enter_context(catching(self.folder / "mail"))
        environment = self._environment(mlflow.url, mail_port)
        self._progress("Creating ada, grace and admin")
        self._step("Creating the people", environment, "people", str(self._people))
        mlflow.wait()
        self._progress(f"Starting Checkpoint at {self.address}, in front of MLflow at {mlflow.url}")
        checkpoint = running.enter_context(
            ServerProcess(
                "Checkpoint",
                [
                    *(sys.executable, str(BASE_DIR / "manage.py"), "serve"),
                    *("--host", "127.0.0.1", "--port", str(self._port), "--stop-timeout", "3"),
                ],
                environment=environment,
                log=self.folder / "checkpoint.log",
            )
        )
        checkpoint.wait_until_answering(f"http://127.0.0.1:{self._port}/checkpoint/healthz", timeout=START_SECONDS)
        if not self._seeded.exists():
            self._step("Filling the registry", environment, "seed", self.address, str(self._people), str(self._seeded))
        return [mlflow, checkpoint]

    def _step(self, name: str, environment: dict[str, str], module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", f"demo.{module}", *arguments]
        log = self.folder / f"{module}.log"
        run_to_end(name, command, environment=environment, log=log, timeout=STEP_SECONDS, show=self._progress)

    def _environment(self, registry: str, mail_port: int) -> dict[str, str]:
        # Variables that the shell has for another Checkpoint or MLflow are not meant for the demo.
        foreign = ("CHECKPOINT_", "MLFLOW_", "EMAIL_", "DATABASE_URL", "SECRET_KEY", "DEFAULT_FROM_EMAIL")
        kept = {name: value for name, value in os.environ.items() if name in TRIED_OUT or not name.startswith(foreign)}
        return kept | {
            "CHECKPOINT_STATE_DIR": str(self.folder),
            "CHECKPOINT_REGISTRY_URL": registry,
            "CHECKPOINT_PUBLIC_URL": self.address,
            # Whoever tries webhooks out has a receiver on this machine.
            "CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES": "1",
            "EMAIL_HOST": "127.0.0.1",
            "EMAIL_PORT": str(mail_port),
            "EMAIL_USE_TLS": "0",
            "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
            "PYTHONPATH": str(BASE_DIR),
        }

    def _progress(self, text: str) -> None:
        self._say(f"[{time.monotonic() - self._started:3.0f} s] {text}")

    def _show(self) -> None:
        credentials = Credentials.load_or_create(self._people)
        number = json.loads(self._seeded.read_text(encoding="utf-8"))["open_request"]
        self._progress("Ready")
        self._say("")
        for name, path in (
            ("MLflow, through Checkpoint", "/"),
            ("Promote requests", "/checkpoint/"),
            ("One that waits for review", f"/checkpoint/promote-requests/{number}/"),
            ("Administration", "/checkpoint/admin/"),
        ):
            self._say(f"  {name:<28}{self.address}{path}")
        self._say("")
        for person, role in ROLES.items():
            self._say(f"  {person:<8}{credentials.passwords[person]}   {role}")
        self._say("")
        self._say("  From Python, as ada:")
        self._say(f"  export MLFLOW_TRACKING_URI={self.address} MLFLOW_TRACKING_TOKEN={credentials.tokens['ada']}")
        self._say("")
        self._say(f"  Mails are not sent on: they are in {self.folder / 'mail'}, a minute after what they tell of.")
        self._say("")
        self._say(f"  The data stays in {self.folder}. Ctrl-C stops both servers.")


def _watch(servers: list[ServerProcess]) -> None:
    """Returns only by an exception: KeyboardInterrupt, or ServerFailed when a server dies."""
    while True:
        for server in servers:
            if not server.is_running():
                raise ServerFailed(f"{server.name} ended with code {server.process.returncode}: {server.log_tail()}")
        time.sleep(0.5)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Makes SIGTERM stop the demo as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Refuses a folder that another demo uses; the lock ends with its process, however that ends."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServerFailed(
                f"{folder} is in use by another demo: stop it, or choose a folder with --data."
            ) from None
        yield
