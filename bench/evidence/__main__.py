"""`python -m bench.evidence`: what the comparison costs, in one table, beside what it may cost."""

import argparse
import gc
import hashlib
import os
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import django
import urllib3

from bench import fleet
from bench.registry import bearer_header, session_header
from demo.mlflow_server import MlflowServer

ROUNDS = 15
MIB = 1024 * 1024
PATIENCE = 300.0


def main() -> None:
    """Runs the bench."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: with all servers stopped
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
        mlflow.wait()
        _set_up(folder, mlflow.url)
        from bench.evidence import desk, live, pure  # noqa: PLC0415 - models load only once Django is set up

        client, administrator = _somebody()
        gc.collect()
        gc.freeze()  # as in a process of `serve`
        rows = pure.rows()
        rows += live.rows(mlflow.url, folder / "mlflow" / "mlflow.sqlite3", client)
        rows += desk.rows(client, administrator)
        rows += _digests(mlflow.url, folder / "mlflow", options.gib)
        rows += _first_byte(mlflow, folder, running)
    print(f"\n{os.cpu_count()} processors; medians; a tenth of the size beside\n")
    print("| what | measured | asked for | at a tenth | growth |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def _set_up(folder: Path, registry: str) -> None:
    (folder / "state").mkdir()
    os.environ |= {
        "CHECKPOINT_STATE_DIR": str(folder / "state"),
        "CHECKPOINT_REGISTRY_URL": registry,
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
    }
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from registry import patience, transport  # noqa: PLC0415

    # A busy MLflow is waited for: its time is not what is measured.
    transport.LONGEST_WAIT = patience.PAGE = PATIENCE
    call_command("migrate", interactive=False, verbosity=0)


def _somebody() -> tuple[Any, Any]:
    """Returns a client in which an administrator is signed in, and that administrator."""
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from accounts.models import User  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    administrator = User.objects.create_superuser("root", password=None)
    client = Client()
    client.force_login(administrator)
    return client, administrator


def _digests(registry: str, data: Path, gib: float) -> list[tuple[str, str, str, str, str]]:
    """Digests a version with one large file, beside reading it from MLflow and hashing it by hand."""
    from mlflow import MlflowClient  # noqa: PLC0415

    from evidence.digests import taking  # noqa: PLC0415
    from registry import get_registry  # noqa: PLC0415

    client = MlflowClient(registry, registry)
    run = client.create_run(client.create_experiment("large"))
    place = data / "artifacts" / run.info.artifact_uri.removeprefix("mlflow-artifacts:/") / "model"
    place.mkdir(parents=True)
    with (place / "weights.bin").open("wb") as file:
        for _ in range(int(gib * 1024)):
            file.write(os.urandom(MIB))
    client.create_registered_model("Large")
    client.create_model_version("Large", f"{run.info.artifact_uri}/model", run.info.run_id)
    began = time.monotonic()
    _by_hand(f"{registry}/model-versions/get-artifact?name=Large&version=1&path=weights.bin")
    by_hand = time.monotonic() - began
    with _Memory() as memory:
        began = time.monotonic()
        taking.take(get_registry(""), workspace="", name="Large", version="1")
        took = time.monotonic() - began
    ratio = f"{took / by_hand:.2f} times ({took:.1f} s)"
    return [
        (f"digests of {gib:g} GiB, beside reading and hashing it", ratio, "1.3 times", "", ""),
        ("growth of memory meanwhile", f"{memory.grown / MIB:.0f} MiB", "64 MiB", "", ""),
    ]


def _by_hand(address: str) -> None:
    digest = hashlib.sha256()
    answer = urllib3.request("GET", address, preload_content=False, timeout=600)
    while piece := answer.read(MIB):
        digest.update(piece)


class _Memory:
    """How much the process's memory grows at most."""

    def __enter__(self) -> "_Memory":
        self._start, self.grown, self._ended = _resident(), 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.grown = max(self.grown, _resident() - self._start)


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _first_byte(mlflow: MlflowServer, folder: Path, running: ExitStack) -> list[tuple[str, str, str, str, str]]:
    """Times the page and the desk of an open request, in turn with those of a closed one for the same.

    A closed request shows the same comparison and never asks MLflow. Then once more while MLflow is stopped: it takes
    connections, and answers nobody.
    """
    from mlflow import MlflowClient  # noqa: PLC0415

    registry = mlflow.url
    client = MlflowClient(registry, registry)
    client.create_registered_model("Fraud")
    for number in range(2):
        run = client.create_run("0")
        for metric in range(10):
            client.log_metric(run.info.run_id, f"metric_{metric}", metric + number)
        client.create_model_version("Fraud", f"{run.info.artifact_uri}/model", run.info.run_id)
    client.transition_model_version_stage("Fraud", "1", "Production")
    (folder / "checkpoint").mkdir()
    served = fleet.serve(registry, folder / "checkpoint", running, people=["ada", "grace"])
    _administers(folder / "checkpoint", "grace")
    ada = served.people["ada"]
    headers, session = bearer_header(ada["token"]), session_header(ada["session"])
    asked: dict[str, Any] = {
        "model_name": "Fraud",
        "version": "2",
        "title": "Second model",
        "target": {"kind": "stage", "name": "Production"},
    }
    plain = _ask(served.url, headers, asked)
    urllib3.request("POST", f"{plain.replace('/checkpoint/', '/checkpoint/api/')}close/", json={}, headers=headers)
    page = _ask(served.url, headers, asked)
    staff = session_header(served.people["grace"]["session"])
    found = [
        _beside("an open request's page", page, plain, session),
        _beside("its desk", _desk_of(page), _desk_of(plain), staff),
    ]
    os.killpg(mlflow.process.pid, signal.SIGSTOP)
    try:
        found.append(_beside("the page while MLflow answers nothing", page, plain, session))
        found.append(_beside("the desk while MLflow answers nothing", _desk_of(page), _desk_of(plain), staff))
    finally:
        os.killpg(mlflow.process.pid, signal.SIGCONT)
    return found


def _desk_of(page: str) -> str:
    """Returns the address of a request's desk."""
    start, _, number = page.rstrip("/").rpartition("/")
    return f"{start.removesuffix('promote-requests')}admin/promote_requests/promoterequest/{number}/change/"


def _administers(state: Path, name: str) -> None:
    """Lets somebody into the admin."""
    (database,) = state.glob("*.sqlite3")
    with sqlite3.connect(database, timeout=60) as connection:
        connection.execute("UPDATE accounts_user SET is_staff = 1, is_superuser = 1 WHERE username = ?", (name,))
    connection.close()


def _beside(what: str, address: str, plain: str, session: dict[str, str]) -> tuple[str, str, str, str, str]:
    """Returns the time to the first byte of a page beside that of another, asked for in turn."""
    times: dict[str, list[float]] = {address: [], plain: []}
    for _ in range(ROUNDS):
        for place, found in times.items():
            began = time.monotonic()
            answer = urllib3.request("GET", place, headers=session, preload_content=False)
            answer.read(1)
            found.append(time.monotonic() - began)
            answer.drain_conn()
            if answer.status != 200:
                sys.exit(f"{place} was answered {answer.status}")
    ratio = median(times[address]) / median(times[plain])
    words = f"{ratio:.2f} times ({median(times[address]) * 1000:.0f} ms)"
    return f"first byte of {what}, beside a closed request's for the same", words, "1.2 times", "", ""


def _ask(url: str, headers: dict[str, str], asked: dict[str, Any]) -> str:
    made = urllib3.request("POST", f"{url}/checkpoint/api/promote-requests/", json=asked, headers=headers)
    return f"{url}/checkpoint/promote-requests/{made.json()['number']}/"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)
    parser.add_argument("--gib", type=float, default=1.0, help="of the file that is digested (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
