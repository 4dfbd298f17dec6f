"""Runs one step of the demo to its end."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from demo.processes import ServerFailed, ServerProcess


def run_to_end(
    name: str,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    timeout: float,
    show: Callable[[str], None],
) -> None:
    """Runs a command, calls `show` with each line of its standard output, and returns when it succeeded.

    Args:
        name: Its name in messages.
        command: Program and arguments.
        environment: Its whole environment.
        log: The file for its standard error.
        timeout: Seconds until it is killed.
        show: Called with each line, without its end.

    Raises:
        ServerFailed: it failed or took too long; it and everything that it started are gone.
    """
    with ServerProcess(name, command, environment=environment, log=log, capture=True) as step:
        timer = threading.Timer(timeout, step.kill)
        timer.start()
        try:
            for line in step.output():
                show(line.rstrip())
            code = step.process.wait()
        finally:
            timer.cancel()
        if code:
            raise ServerFailed(f"{name} failed with code {code}: {step.log_tail()}")
