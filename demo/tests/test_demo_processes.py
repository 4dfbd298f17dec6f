"""Starting and ending servers, with tiny ones."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from demo.processes import ServerFailed, ServerProcess, free_port
from testing.waiting import LONG, wait_until

pytestmark = pytest.mark.sockets

SERVER = """
import http.server, subprocess, sys
if sys.argv[2:] == ["--with-deaf-child"]:
    child = "import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", child])
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., ServerProcess]:
    def start(*arguments: str, code: str = SERVER) -> ServerProcess:
        command = [sys.executable, "-c", code, *arguments]
        return ServerProcess("The server", command, environment=os.environ, log=tmp_path / "logs" / "server.log")

    return start


def test_waits_until_the_server_answers_and_stops_it(start: Callable[..., ServerProcess]) -> None:
    port = free_port()
    with start(str(port)) as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}/", timeout=LONG)
        assert server.is_running()
    assert not server.is_running()


def test_stop_ends_a_child_that_ignores_the_polite_signal(start: Callable[..., ServerProcess]) -> None:
    port = free_port()
    with start(str(port), "--with-deaf-child") as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}/", timeout=LONG)
        children = psutil.Process(server.process.pid).children()
        wait_until(lambda: "deaf" in server.log.read_text(), "a child that ignores the signal")
        server.stop(grace=0.5)
    assert len(children) == 1
    assert not psutil.pid_exists(children[0].pid) or children[0].status() == psutil.STATUS_ZOMBIE


def test_kill_ends_the_server_at_once(start: Callable[..., ServerProcess]) -> None:
    with start(str(free_port())) as server:
        server.kill()
        assert server.process.returncode == -signal.SIGKILL


def test_a_server_that_dies_is_one_line_with_the_end_of_its_log(start: Callable[..., ServerProcess]) -> None:
    code = "print('first'); print('the disk is full'); raise SystemExit(3)"
    with start(code=code) as server, pytest.raises(ServerFailed) as refusal:
        server.wait_until_answering("http://127.0.0.1:9/", timeout=LONG)
    message = str(refusal.value)
    assert message == f"The server ended with code 3: first | the disk is full (log: {server.log})"


def test_a_server_that_never_answers_is_one_line(start: Callable[..., ServerProcess]) -> None:
    with start(code="import time; time.sleep(600)") as server, pytest.raises(ServerFailed) as refusal:
        server.wait_until_answering("http://127.0.0.1:9/", timeout=0.3)
    assert "did not answer at http://127.0.0.1:9/ within 0.3 seconds" in str(refusal.value)
    assert "\n" not in str(refusal.value)
