"""`manage.py worker`, alone and beside `manage.py serve`, as a person starts it."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from demo.processes import ServerProcess, free_port
from testing.servers.commands import HEALTH, environment, output_of, serve, start
from testing.waiting import LONG

pytestmark = pytest.mark.sockets

_TELL = """
from django.utils import timezone
from notifications.choices import Event
from notifications.outbox.writing import announce
about = {"workspace": "", "model_name": "Fraud", "request_number": 7}
announce(Event.PROMOTED, at=timezone.now(), actor_id=None, payload={}, **about)
"""
_STATES = """
from notifications.models import Message
print(sorted(Message.objects.values_list("state", flat=True)))
"""
_LEADER = """
from notifications.worker.leader import leader
print(leader())
"""


def eventually(found: Callable[[], object], *, within: float = LONG) -> object:
    deadline = time.monotonic() + within
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return value


def shell(code: str, known: dict[str, str]) -> str:
    return output_of("shell", "--no-imports", "-c", code, environment=known).strip()


def workers(server: ServerProcess) -> list[psutil.Process]:
    return [found for found in psutil.Process(server.process.pid).children(recursive=True) if "worker" in words(found)]


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return []


def test_a_worker_alone_spreads_what_waits_and_stops_when_told(tmp_path: Path) -> None:
    known = environment(tmp_path / "state")
    output_of("migrate", "--verbosity", "0", environment=known)
    shell(_TELL, known)
    with start("worker", environment=known, log=tmp_path / "log") as worker:
        eventually(lambda: shell(_STATES, known) == "['done']")
        assert f":{worker.process.pid}:" in shell(_LEADER, known)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(LONG) == 0
    assert shell(_LEADER, known) == ""  # it stepped down: nobody waits for the end of its lease


def test_a_server_has_a_worker_that_is_started_again_and_ends_with_it(tmp_path: Path) -> None:
    port = free_port()
    known = environment(tmp_path / "state")
    with serve(port, "--workers", "1", environment=known, log=tmp_path / "log", with_worker=True) as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        (first,) = eventually(lambda: workers(server))
        first.kill()
        (second,) = eventually(lambda: [found for found in workers(server) if found.pid != first.pid])
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(LONG) == 0
        eventually(lambda: not second.is_running() or second.status() == psutil.STATUS_ZOMBIE)


def test_a_worker_ends_by_itself_where_its_server_was_killed(tmp_path: Path) -> None:
    port = free_port()
    known = environment(tmp_path / "state")
    with serve(port, "--workers", "1", environment=known, log=tmp_path / "log", with_worker=True) as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        (worker,) = eventually(lambda: workers(server))
        os.kill(server.process.pid, signal.SIGKILL)
        eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


@pytest.mark.drill
def test_a_server_may_be_without(tmp_path: Path) -> None:
    port = free_port()
    with serve(port, environment=environment(tmp_path / "state"), log=tmp_path / "log") as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        time.sleep(1)
        tree = psutil.Process(server.process.pid).children(recursive=True)
        assert not any({"worker", "checkpoint_project.keeper"} & set(words(found)) for found in tree)
