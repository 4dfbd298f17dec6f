"""The measurements of one round: each kind goes through all subjects in turn before the next kind begins."""

from pathlib import Path
from urllib.request import Request, urlopen

from playwright.sync_api import Browser

from bench import load, page, transfers
from bench.registry import READ_PATH
from bench.subjects import Fleet, Subject
from bench.table import Row, Table

UNRECORDED = "gunicorn, not recording"
READS = Row("registry read, 8 connections: requests/s", "0.90")
OWN_SIGN_IN = Row("as many as MLflow's own basic auth: requests/s", "20 times", baseline="MLflow basic-auth")
LATENCY = Row("registry read, 1 connection: median ms (added)", "+2 ms", is_difference=True, digits=2)
READ_CPU = Row("registry read: server's own CPU ms a request", "0.8 ms", baseline="", digits=2)
ECHO = Row("bare upstream, 8 connections: requests/s", baseline="bare upstream", digits=0)
ECHO_CPU = Row("bare upstream: server's own CPU ms a request", "0.8 ms", baseline="", digits=3)
RUNS = Row("create a run, 8 connections: requests/s", "0.90")
RECORDED = Row("the same beside a Checkpoint that does not record who does: requests/s", "0.97", baseline=UNRECORDED)
RECORDED_CPU = Row("create a run: server's own CPU ms a request", baseline="", digits=3)
RECORDED_ECHO = Row(
    "create a run at a bare upstream, beside not recording it: requests/s", baseline=UNRECORDED, digits=0
)
SCRIPT = Row("main.js, 4 connections: requests/s", "20 times")
PAGE_BYTES = Row("first load of a version page: MB", "0.30", digits=2)
PAGE_TIME = Row("first load of a version page: s to content", "0.45", digits=2)
UP = Row("1 GiB artifact up: MB/s", "0.85", digits=0)
UP_GROWTH = Row("1 GiB artifact up: growth of memory, MiB", "64 MiB", baseline="", digits=0)
DOWN = Row("1 GiB artifact down: MB/s", "0.85", digits=0)
DOWN_GROWTH = Row("1 GiB artifact down: growth of memory, MiB", "64 MiB", baseline="", digits=0)
BROKEN = Row("1 GiB artifact: not arrived whole", "none", baseline="", digits=0)
MANY_FAILED = Row("100 uploads of 10 MB at once: failures", "none", baseline="", digits=0)
MANY_GROWTH = Row("100 uploads of 10 MB at once: growth of memory, MiB", "256 MiB", baseline="", digits=0)
MEMORY = Row("memory at the end, all processes, MiB", baseline="", digits=0)

ROWS = (
    *(READS, OWN_SIGN_IN, LATENCY, READ_CPU, ECHO, ECHO_CPU),
    *(RUNS, RECORDED, RECORDED_CPU, RECORDED_ECHO),
    *(SCRIPT, PAGE_BYTES, PAGE_TIME),
    *(UP, UP_GROWTH, DOWN, DOWN_GROWTH, BROKEN, MANY_FAILED, MANY_GROWTH, MEMORY),
)
CREATE_RUN = "/api/2.0/mlflow/runs/create"
_CREATE_RUN = """
wrk.method = "POST"
wrk.body = '{"experiment_id": "0", "start_time": 0, "run_name": "bench", "tags": [{"key": "team", "value": "risk"}]}'
wrk.headers["Content-Type"] = "application/json"
"""
_AS_BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
_MIB = 1 << 20


def script_path(fleet: Fleet) -> str:
    """Returns the path of MLflow's main script, whose name changes with each release."""
    with urlopen(fleet.direct.url, timeout=30) as answer:  # noqa: S310 - an address of this program's own
        document = answer.read().decode()
    return "/" + document.partition('src="')[2].partition('"')[0]


def warm_up(fleet: Fleet, browser: Browser, script: str) -> None:
    """Calls everything once, so that servers are measured as they are after running for a while."""
    for subject in (fleet.direct, *fleet.before_mlflow):
        load.run(subject, READ_PATH, connections=2, seconds=1)
    for subject in (fleet.echo, *fleet.before_echo):
        load.run(subject, READ_PATH, connections=8, seconds=1)
    for subject in fleet.before_mlflow:
        if "session" in subject.name:
            page.first_load(browser, subject, throttled=False)
    for subject in _by_token(fleet):
        # Often enough that each worker process has answered.
        for _ in range(8):
            request = Request(subject.url + script, headers=subject.headers | _AS_BROWSER)  # noqa: S310
            with urlopen(request, timeout=30) as answer:  # noqa: S310
                answer.read()


def own_sign_in(fleet: Fleet, table: Table) -> None:
    """Registry reads with MLflow's own basic auth, for longer than the others, because each takes a second or more."""
    own = load.run(fleet.basic_auth, READ_PATH, connections=8, seconds=6)
    table.add(OWN_SIGN_IN, fleet.basic_auth.name, own.rate)
    table.add(READ_CPU, fleet.basic_auth.name, own.cpu_ms)


def reads(fleet: Fleet, table: Table, seconds: float) -> None:
    """Registry reads at 8 connections and at one."""
    for subject in (fleet.direct, *fleet.before_mlflow):
        found = load.run(subject, READ_PATH, connections=8, seconds=seconds)
        table.add(READS, subject.name, found.rate)
        table.add(OWN_SIGN_IN, subject.name, found.rate)
        table.add(READ_CPU, subject.name, found.cpu_ms)
    for subject in (fleet.direct, *fleet.before_mlflow):
        found = load.run(subject, READ_PATH, connections=1, seconds=seconds)
        table.add(LATENCY, subject.name, found.median_ms)


def echoes(fleet: Fleet, table: Table, seconds: float) -> None:
    """The same read from an upstream that costs next to nothing."""
    for subject in (fleet.echo, *fleet.before_echo):
        found = load.run(subject, READ_PATH, connections=8, seconds=seconds)
        table.add(ECHO, subject.name, found.rate)
        table.add(ECHO_CPU, subject.name, found.cpu_ms)


def runs(fleet: Fleet, table: Table, seconds: float, folder: Path) -> None:
    """Runs created through a Checkpoint that records who does and through one that does not, in turn."""
    script = folder / "create_run.lua"
    script.write_text(_CREATE_RUN)
    token = next(subject for subject in fleet.before_mlflow if subject.name == "gunicorn, token")
    echo = next(subject for subject in fleet.before_echo if subject.name == "gunicorn, token")
    unrecorded, unrecorded_echo = fleet.unrecorded
    for subject in (fleet.direct, token, unrecorded):
        found = load.run(subject, CREATE_RUN, connections=8, seconds=2 * seconds, script=script)
        table.add(RUNS, subject.name, found.rate)
        if subject is not fleet.direct:
            table.add(RECORDED, subject.name, found.rate)
            table.add(RECORDED_CPU, subject.name, found.cpu_ms)
    for subject in (echo, unrecorded_echo):
        found = load.run(subject, CREATE_RUN, connections=8, seconds=seconds, script=script)
        table.add(RECORDED_ECHO, subject.name, found.rate)


def scripts(fleet: Fleet, table: Table, seconds: float, script: str) -> None:
    """MLflow's main script, requested as a browser does."""
    for subject in (fleet.direct, *fleet.before_mlflow):
        found = load.run(subject, script, connections=4, seconds=seconds, headers=_AS_BROWSER)
        table.add(SCRIPT, subject.name, found.rate)


def pages(fleet: Fleet, table: Table, browser: Browser) -> None:
    """First loads in a browser."""
    for subject in _opened_by_browser(fleet):
        found = page.first_load(browser, subject)
        table.add(PAGE_BYTES, subject.name, found.megabytes)
        table.add(PAGE_TIME, subject.name, found.seconds)


def big_artifacts(fleet: Fleet, table: Table, folder: Path) -> None:
    """1 GiB up and down."""
    for subject in (fleet.direct, *_by_token(fleet)):
        up, down = transfers.big(fleet, subject, folder)
        table.add(UP, subject.name, up.megabytes_per_second)
        table.add(UP_GROWTH, subject.name, up.growth / _MIB)
        table.add(DOWN, subject.name, down.megabytes_per_second)
        table.add(DOWN_GROWTH, subject.name, down.growth / _MIB)
        table.add(BROKEN, subject.name, up.failures)


def many_uploads(fleet: Fleet, table: Table, folder: Path) -> None:
    """100 uploads at once."""
    for subject in (fleet.direct, *_by_token(fleet)):
        found = transfers.many(fleet, subject, folder)
        table.add(MANY_FAILED, subject.name, found.failures)
        table.add(MANY_GROWTH, subject.name, found.growth / _MIB)


def memory(fleet: Fleet, table: Table) -> None:
    """The memory of everything at the end."""
    for subject in (fleet.direct, fleet.basic_auth, *_by_token(fleet)):
        table.add(MEMORY, subject.name, subject.tree.resident_bytes() / _MIB)


def _by_token(fleet: Fleet) -> list[Subject]:
    """Returns one subject for each server, because a large body costs the same with a session."""
    return [subject for subject in fleet.before_mlflow if "session" not in subject.name]


def _opened_by_browser(fleet: Fleet) -> list[Subject]:
    """Returns the subjects that a browser can open: directly, or with a session."""
    return [fleet.direct, *(subject for subject in fleet.before_mlflow if "token" not in subject.name)]
