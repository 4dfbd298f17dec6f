"""Load by wrk: requests per second, their median time, and their cost for the server."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.subjects import Subject

_REQUESTS = re.compile(r"^\s*(\d+) requests in ([\d.]+)(s|m)", re.MULTILINE)
_MEDIAN = re.compile(r"^\s*50%\s+([\d.]+)(us|ms|s)", re.MULTILINE)
_FAILED = re.compile(r"^\s*(Non-2xx or 3xx responses|Socket errors): (.*)$", re.MULTILINE)
_IN_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class LoadFailed(Exception):
    """Some of the calls failed, so that the figures would mean nothing."""


@dataclass(frozen=True)
class Load:
    """One measurement.

    Attributes:
        rate: Requests per second.
        median_ms: Milliseconds.
        cpu_ms: Processor time of the subject's processes for each request, in milliseconds.
    """

    rate: float
    median_ms: float
    cpu_ms: float


def run(
    subject: Subject,
    path: str,
    *,
    connections: int,
    seconds: float,
    headers: dict[str, str] | None = None,
    script: Path | None = None,
) -> Load:
    """Calls one path for some seconds over some connections, each calling again as soon as it has a response.

    Args:
        subject: What is called.
        path: With its query.
        connections: How many at once.
        seconds: How long.
        headers: Beside the subject's own.
        script: In Lua, for wrk: what is sent in place of a GET.

    Raises:
        LoadFailed: an answer was an error, or none came.
    """
    sent = subject.headers | (headers or {})
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--latency", "--timeout", "30s"]
    command += ["-s", str(script)] if script else []
    for name, value in sent.items():
        command += ["-H", f"{name}: {value}"]
    before = subject.tree.cpu_seconds()
    told = subprocess.run([*command, subject.url + path], capture_output=True, text=True, check=True).stdout
    cpu = subject.tree.cpu_seconds() - before
    requests, median = _REQUESTS.search(told), _MEDIAN.search(told)
    if _FAILED.search(told) or not requests or not median or not int(requests.group(1)):
        raise LoadFailed(f"{subject.name}, {path}: {told}")
    count = int(requests.group(1))
    elapsed = float(requests.group(2)) * (60 if requests.group(3) == "m" else 1)
    return Load(
        rate=count / elapsed,
        median_ms=float(median.group(1)) * _IN_MS[median.group(2)],
        cpu_ms=cpu / count * 1000,
    )
