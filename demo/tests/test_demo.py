"""The demo as a newcomer runs it: the command, real servers, Ctrl-C."""

import os
import re
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import urllib3
from django.conf import settings
from django.core.management import call_command

from demo import runner
from demo.processes import ServerProcess, free_port
from foundation.env import ConfigurationError
from testing.waiting import LONG, wait_until

START_SECONDS = 3 * LONG


def start(data: Path, port: int) -> ServerProcess:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", "--port", str(port), "--data", str(data)]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "checkpoint_project.settings"}
    # A shell ignores SIGINT for what it runs in the background, and that is inherited: the demo would not hear Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return ServerProcess("The demo", command, environment=environment, log=data.parent / "demo.log")


def interrupt(demo: ServerProcess, number: signal.Signals, *, when: str) -> str:
    """Signals the demo once it printed `when`, waits until it ended well, and returns all that it printed."""
    wait_until(lambda: when in demo.log.read_text() or not demo.is_running(), when, seconds=START_SECONDS)
    assert when in demo.log.read_text()
    demo.process.send_signal(number)
    assert demo.process.wait(LONG) == 0
    return demo.log.read_text()


def run(data: Path, port: int) -> tuple[str, dict[str, Any]]:
    """Runs the demo until it is ready and then stops it; returns what it printed and what ada saw."""
    with start(data, port) as demo:
        wait_until(
            lambda: "Ctrl-C stops" in demo.log.read_text() or not demo.is_running(), "Ready", seconds=START_SECONDS
        )
        seen = look(demo.log.read_text(), port)
        return interrupt(demo, signal.SIGINT, when="Ctrl-C stops"), seen


def look(printed: str, port: int) -> dict[str, Any]:
    """Returns what the running demo shows to ada."""
    token = re.search(r"MLFLOW_TRACKING_TOKEN=(\S+)", printed)
    assert token is not None, printed
    headers = {"Authorization": f"Bearer {token[1]}"}

    def get(path: str) -> Any:
        return urllib3.request("GET", f"http://localhost:{port}{path}", headers=headers, retries=False).json()

    prompts = "/api/2.0/mlflow/model-versions/search?filter=tag.%60mlflow.prompt.is_prompt%60%3D'true'"
    return {
        "requests": get("/checkpoint/api/promote-requests/?ordering=number")["results"],
        "model": get("/api/2.0/mlflow/registered-models/get?name=tumour-classifier")["registered_model"],
        "prompts": get(prompts)["model_versions"],
    }


@pytest.mark.mlflow
@pytest.mark.sockets
@pytest.mark.timeout(1800)
def test_a_demo_has_requests_in_every_state(tmp_path: Path) -> None:
    _, seen = run(tmp_path / "data", free_port())
    assert_everything_is_there(seen)


@pytest.mark.mlflow
@pytest.mark.sockets
@pytest.mark.drill
@pytest.mark.timeout(1800)
def test_an_interrupted_demo_is_continued_and_then_always_the_same(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with start(data, port) as demo:
        interrupt(demo, signal.SIGTERM, when="version 2")
    assert not (data / "seeded.json").exists()

    printed, seen = run(data, port)
    assert_everything_is_there(seen)

    printed_again, seen_again = run(data, port)
    assert seen_again["requests"] == seen["requests"]
    assert printed_again.split("Ready")[1].split("[")[0] == printed.split("Ready")[1].split("[")[0]
    assert "Training" not in printed_again


def assert_everything_is_there(seen: dict[str, Any]) -> None:
    assert [
        (row["version"], f"{row['target']['kind']}:{row['target']['name']}", row["status"], row["author"])
        for row in seen["requests"]
    ] == [
        ("1", "stage:Production", "promoted", "ada"),
        ("1", "alias:champion", "promoted", "ada"),
        ("2", "stage:Staging", "promoted", "ada"),
        ("1", "alias:production", "promoted", "ada"),
        ("2", "alias:production", "promoted", "ada"),
        ("1", "alias:production", "promoted", "ada"),
        ("2", "alias:production", "open", "ada"),
        ("2", "alias:pilot", "open", "ada"),
        ("4", "stage:Production", "open", "ada"),
        ("5", "stage:Production", "open", "ada"),
        ("3", "stage:Production", "open", "ada"),
    ]
    stages = {row["version"]: row["current_stage"] for row in seen["model"]["latest_versions"]}
    assert stages == {"1": "Production", "2": "Staging", "5": "None"}
    aliases = {row["alias"]: row["version"] for row in seen["model"]["aliases"]}
    assert aliases == {"candidate": "3", "champion": "1"}
    missing = {row["model_name"]: [unmet["code"] for unmet in row["unmet"]] for row in seen["requests"][6:8]}
    assert missing["explain-diagnosis"] == ["owner_missing"]
    assert missing["tumour-classifier"][-1:] == ["soak"]
    assert [row["name"] for row in seen["prompts"]] == ["explain-diagnosis"] * 2


def refused(*arguments: str) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        call_command("demo", *arguments)
    message = str(refusal.value)
    assert "\n" not in message
    return message


@pytest.mark.sockets
def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refused("--port", str(port), "--data", str(tmp_path)).startswith(f"port {port} is in use")


@pytest.mark.sockets
def test_a_missing_package_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "find_spec", lambda name: None)
    message = refused("--port", str(free_port()), "--data", str(tmp_path))
    assert message.startswith("scikit-learn is missing: run `make demo`")


@pytest.mark.sockets
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = refused("--port", str(free_port()), "--data", str(tmp_path / "file" / "demo"))
    assert "cannot be written" in message


@pytest.mark.sockets
def test_a_folder_that_another_demo_works_in_is_one_line(tmp_path: Path) -> None:
    with runner._only_one(tmp_path):
        assert "is in use by another demo" in refused("--port", str(free_port()), "--data", str(tmp_path))


def test_a_server_that_dies_ends_the_demo(tmp_path: Path) -> None:
    with ServerProcess(
        "MLflow", [sys.executable, "-c", "print('gone')"], environment=os.environ, log=tmp_path / "log"
    ) as server:
        server.process.wait(LONG)
        with pytest.raises(runner.ServerFailed, match="MLflow ended with code 0: gone"):
            runner._watch([server])
