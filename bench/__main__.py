"""`python -m bench`: starts everything, measures in turn, prints one table."""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import fleet as fleets
from bench import page, rounds, transfers
from bench.table import Table

LIMIT_SECONDS = 8 * 60
_PROGRAMS = {"wrk": "wrk", "nginx": "nginx", "curl": "curl", "chromium": "chromium"}


def main() -> None:
    """Runs the bench; starts no measurement that would end after the limit."""
    options = _options()
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        sys.exit(f"Missing: {', '.join(missing)}. On Debian and Ubuntu: apt install {' '.join(missing)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends like Ctrl-C: with all servers stopped
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:3.0f} s] {text}", file=sys.stderr, flush=True)

    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-bench-")))
        say("Starting MLflow twice, nginx, and Checkpoint")
        fleet = fleets.start(folder, running)
        browser = running.enter_context(page.chromium())
        transfers.make_files(folder)
        script = rounds.script_path(fleet)
        say("Warming up")
        rounds.warm_up(fleet, browser, script)
        table = Table(rounds.ROWS)
        steps: dict[str, tuple[int, Callable[[], None]]] = {
            "basic-auth": (3, lambda: rounds.own_sign_in(fleet, table)),
            "reads": (3, lambda: rounds.reads(fleet, table, options.seconds)),
            "echoes": (3, lambda: rounds.echoes(fleet, table, options.seconds)),
            "runs": (3, lambda: rounds.runs(fleet, table, options.seconds, folder)),
            "scripts": (3, lambda: rounds.scripts(fleet, table, options.seconds, script)),
            "pages": (3, lambda: rounds.pages(fleet, table, browser)),
            "artifacts": (2, lambda: rounds.big_artifacts(fleet, table, folder)),
            "uploads": (1, lambda: rounds.many_uploads(fleet, table, folder)),
        }
        wanted = {name: step for name, step in steps.items() if not options.only or name in options.only}
        done = _measure(wanted, started, say)
        rounds.memory(fleet, table)
        say("Stopping")
    machine = f"{os.cpu_count()} x {_processor()}, Python {platform.python_version()}"
    print(f"\n{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}")
    print("Rounds: " + ", ".join(f"{name} {count}" for name, count in done.items()) + "\n")
    print(table.text())


def _measure(
    steps: dict[str, tuple[int, Callable[[], None]]], started: float, say: Callable[[str], None]
) -> dict[str, int]:
    """Runs the steps in turn, round after round, while there is time; returns how often each was run."""
    done = dict.fromkeys(steps, 0)
    took: dict[str, float] = {}
    for number in range(max(count for count, _ in steps.values())):
        for name, (count, step) in steps.items():
            left = LIMIT_SECONDS - (time.monotonic() - started) - 10
            if number >= count or took.get(name, 0.0) > left:
                continue
            say(f"Round {number + 1}: {name}")
            began = time.monotonic()
            step()
            took[name] = time.monotonic() - began
            done[name] += 1
    return done


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each load lasts (default: 3)")
    parser.add_argument(
        "--only", nargs="*", help="basic-auth, reads, echoes, runs, scripts, pages, artifacts, uploads (default: all)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
