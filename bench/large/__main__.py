"""`python -m bench.large`: starts both registries, does in turn what people do, prints one table."""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import fleet, registry
from bench.large import fill
from bench.large.steps import STEPS, TAGS, Site
from bench.process_tree import Tree
from demo.mlflow_server import MlflowServer

WARM_UP_ROUNDS = 2
REACH = 1.5


def main() -> None:
    """Runs the bench; exits with 1 where a step takes longer than it may."""
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: with all servers stopped
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:3.0f} s] {text}", file=sys.stderr, flush=True)

    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        say(f"Starting MLflow with {options.small} and with {options.large} versions of a model, and Checkpoint twice")
        sites = [
            _start(folder / name, name, versions, options.models, running)
            for name, versions in (("small", options.small), ("large", options.large))
        ]
        times: dict[str, list[list[tuple[float, float]]]] = {step: [[] for _ in sites] for step in STEPS}
        for number in range(WARM_UP_ROUNDS + options.rounds):
            say(f"Round {number - WARM_UP_ROUNDS + 1}" if number >= WARM_UP_ROUNDS else "Warming up")
            for step, do in STEPS.items():
                for site, taken in zip(sites, times[step], strict=True):
                    cpu, began = site.mlflow.cpu_seconds(), time.monotonic()
                    do(site)
                    wall = time.monotonic() - began
                    if number >= WARM_UP_ROUNDS:
                        taken.append((wall, site.mlflow.cpu_seconds() - cpu))
        say("Stopping")
    machine = f"{os.cpu_count()} x processors, Python {platform.python_version()}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}, {options.models} models, {options.rounds} rounds\n")
    late = _print(times, options)
    if late:
        sys.exit(f"More than {REACH} times as long: {', '.join(late)}")


def _start(folder: Path, name: str, versions: int, models: int, running: ExitStack) -> Site:
    mlflow = running.enter_context(MlflowServer(folder / "mlflow"))
    mlflow.wait()
    filled = fill.fill(folder / "mlflow" / "mlflow.sqlite3", versions=versions, models=models)
    (folder / "checkpoint").mkdir()
    served = fleet.serve(mlflow.url, folder / "checkpoint", running, people=("author", "reviewer"))
    author, reviewer = served.people["author"], served.people["reviewer"]
    return Site(
        name=name,
        url=served.url,
        mlflow=Tree(mlflow.process.pid),
        author=registry.bearer_header(author["token"]),
        reviewer=registry.bearer_header(reviewer["token"]),
        session=registry.session_header(reviewer["session"]),
        # Below those in Production.
        version=filled.newest - fill.CHAMPION_OFFSET,
        run_path=filled.run_path,
    )


def _print(times: dict[str, list[list[tuple[float, float]]]], options: argparse.Namespace) -> list[str]:
    """Prints the medians and returns the steps that take too long."""
    late = []
    print(f"| step | {options.small} versions, ms | {options.large} versions, ms | ratio | MLflow's CPU, ms | ms |")
    print("| --- | --- | --- | --- | --- | --- |")
    for step, (small, large) in times.items():
        walls = [median(wall for wall, _ in taken) * 1000 for taken in (small, large)]
        cpus = [median(cpu for _, cpu in taken) * 1000 for taken in (small, large)]
        ratio = walls[1] / walls[0]
        # MLflow's own time, and nobody waits for it.
        if step != TAGS and ratio > REACH:
            late.append(step)
        print(f"| {step} | {walls[0]:.0f} | {walls[1]:.0f} | {ratio:.2f} | {cpus[0]:.0f} | {cpus[1]:.0f} |")
    return late


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.large", description=__doc__)
    parser.add_argument("--small", type=int, default=50, help="versions of the model in the small registry (50)")
    parser.add_argument("--large", type=int, default=50_000, help="versions of the model in the large one (50000)")
    parser.add_argument("--models", type=int, default=3_000, help="models beside it in both (3000)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each step is measured (7)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
