"""`manage.py serve` and `runserver` as a person starts them."""

import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import gunicorn
import psutil
import pytest
import urllib3
from django.conf import settings

from demo.processes import free_port
from proxy.server.gunicorn_version import TESTED
from testing.servers.commands import HEALTH, environment, manage, serve, start
from testing.waiting import LONG

pytestmark = pytest.mark.sockets


def get(url: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", url, retries=False, timeout=LONG)


def test_a_first_start_serves_shows_the_setup_link_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    state = tmp_path / "state"
    with serve(port, environment=environment(state), log=tmp_path / "log") as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        link = re.search(rf"http://localhost:{port}/checkpoint/setup/\S+", server.log.read_text())
        assert link is not None
        assert get(link[0]).status == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(LONG) == 0
    assert stat.S_IMODE((state / "checkpoint.sqlite3").stat().st_mode) == 0o600
    assert f"in front of http://127.0.0.1:9: open http://localhost:{port}" in server.log.read_text()


def test_a_second_port_is_an_origin_of_its_own_for_the_pages(tmp_path: Path) -> None:
    port, pages = free_port(), free_port()
    log = tmp_path / "log"
    with serve(port, "--portal-port", str(pages), environment=environment(tmp_path / "state"), log=log) as server:
        server.wait_until_answering(f"http://127.0.0.1:{pages}{HEALTH}", timeout=LONG)
        link = re.search(rf"http://localhost:{pages}/checkpoint/setup/\S+", server.log.read_text())
        assert link is not None
        assert get(link[0]).status == 200
        assert get(link[0].replace(str(pages), str(port))).status == 404
    assert f"open http://localhost:{port}" in log.read_text()
    assert f"Its own pages are at http://localhost:{pages}" in log.read_text()


def test_a_second_port_with_one_address_known_is_one_line(tmp_path: Path) -> None:
    known = environment(tmp_path, CHECKPOINT_PUBLIC_URL="http://mlflow.example")
    run = manage("serve", "--port", str(free_port()), "--portal-port", str(free_port()), environment=known)
    assert run.returncode == 1
    assert run.stderr.startswith("checkpoint: CHECKPOINT_PORTAL_URL is not set, but CHECKPOINT_PUBLIC_URL is")


def test_an_administrator_from_the_environment_replaces_the_setup_link(tmp_path: Path) -> None:
    port = free_port()
    administrator = {"CHECKPOINT_ADMIN_USERNAME": "root", "CHECKPOINT_ADMIN_PASSWORD": "a long enough pass phrase"}
    with serve(port, environment=environment(tmp_path, **administrator), log=tmp_path / "log") as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
    assert "setup" not in server.log.read_text()
    assert "a long enough pass phrase" not in server.log.read_text()


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    port = free_port()
    with serve(port, "--workers", "1", environment=environment(tmp_path), log=tmp_path / "log") as server:
        url = f"http://127.0.0.1:{port}{HEALTH}"
        server.wait_until_answering(url, timeout=LONG)
        (worker,) = psutil.Process(server.process.pid).children()
        worker.kill()
        worker.wait(LONG)
        server.wait_until_answering(url, timeout=LONG)


@pytest.mark.parametrize("command", ["serve", "runserver"])
def test_a_missing_registry_is_one_line(tmp_path: Path, command: str) -> None:
    run = manage(command, environment=environment(tmp_path, CHECKPOINT_REGISTRY_URL=""))
    assert run.returncode == 1
    assert run.stderr.startswith("checkpoint: CHECKPOINT_REGISTRY_URL is not set")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"CHECKPOINT_REGISTRY_URL": "ftp://mlflow"}, "checkpoint: CHECKPOINT_REGISTRY_URL is not"),
        ({"CHECKPOINT_ANONYMOUS": "maybe"}, "checkpoint: CHECKPOINT_ANONYMOUS is 'maybe'"),
        ({"DATABASE_URL": "mysql://host/name"}, "checkpoint: DATABASE_URL is not"),
        ({"CHECKPOINT_ADMIN_USERNAME": "root"}, "checkpoint: CHECKPOINT_ADMIN_PASSWORD is not set"),
        (
            {"CHECKPOINT_ADMIN_USERNAME": "root", "CHECKPOINT_ADMIN_PASSWORD": "short"},
            "checkpoint: CHECKPOINT_ADMIN_PASSWORD cannot be used",
        ),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line_that_names_it(
    tmp_path: Path, changes: dict[str, str], line: str
) -> None:
    run = manage("serve", "--port", str(free_port()), environment=environment(tmp_path, **changes))
    assert run.returncode == 1
    assert run.stderr.startswith(line)
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "prefix"),
    [
        (["manage.py", "serve"], "checkpoint: "),
        (["-m", "gunicorn", "--config", "python:checkpoint_project.gunicorn"], "\nError: "),
    ],
    ids=["serve", "gunicorn"],
)
def test_a_gunicorn_that_was_not_tested_is_one_line(tmp_path: Path, command: list[str], prefix: str) -> None:
    stand_in = tmp_path / "gunicorn" / "__init__.py"
    stand_in.parent.mkdir()
    # The installed one but for its version.
    installed = Path(gunicorn.__file__).read_text()
    stand_in.write_text(f"{installed}\n__path__ = {list(gunicorn.__path__)!r}\n__version__ = '99.1.0'\n")
    run = subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env=environment(tmp_path / "state", PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=LONG,
    )
    assert run.returncode == 1
    assert run.stderr == (
        f"{prefix}gunicorn 99.1.0 is installed, but this Checkpoint was tested with {TESTED} only: "
        f"pip install gunicorn=={TESTED}.\n"
    )


def test_a_state_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = manage("serve", environment=environment(tmp_path / "file" / "state"))
    assert run.returncode == 1
    assert "is not writable (Not a directory)" in run.stderr
    assert "CHECKPOINT_STATE_DIR" in run.stderr
    assert run.stderr.count("\n") == 1


def test_gunicorn_started_without_serve_refuses_a_wrong_setting_in_one_line_too(tmp_path: Path) -> None:
    wrong = environment(tmp_path, CHECKPOINT_ANONYMOUS="maybe", PYTHONPATH=str(settings.BASE_DIR))
    command = [sys.executable, "-m", "gunicorn", "--config", "python:checkpoint_project.gunicorn"]
    run = subprocess.run(
        [*command, "--bind", "127.0.0.1:0"], env=wrong, cwd=tmp_path, capture_output=True, text=True, timeout=LONG
    )
    assert run.returncode == 1
    assert "checkpoint: CHECKPOINT_ANONYMOUS is 'maybe'" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_in_use_is_one_line_even_if_its_owner_shares_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = manage("serve", "--host", "127.0.0.1", "--port", str(port), environment=environment(tmp_path))
    assert run.returncode == 1
    assert run.stderr == f"checkpoint: port {port} is in use: stop what listens there, or choose another with --port.\n"


def test_an_address_of_another_machine_is_one_line(tmp_path: Path) -> None:
    run = manage("serve", "--host", "192.0.2.1", "--port", str(free_port()), environment=environment(tmp_path))
    assert run.returncode == 1
    assert run.stderr.startswith("checkpoint: 192.0.2.1:")
    assert run.stderr.count("\n") == 1


@pytest.mark.drill
def test_the_development_server_shows_the_setup_link_too(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["runserver", "--noreload", f"127.0.0.1:{port}"]
    with start(*arguments, environment=environment(tmp_path), log=tmp_path / "log") as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        page = get(f"http://127.0.0.1:{port}/checkpoint/accounts/login/").data.decode()
        style = re.search(r"/checkpoint/static/[^\"]+\.css", page)
        assert style is not None
        assert get(f"http://127.0.0.1:{port}{style[0]}").status == 200
        server.stop()
    assert "/checkpoint/setup/?token=" in server.log.read_text()
