"""The image, without an engine: its file is read, and what it would hold is put together and started.

`make check` lints the file with hadolint.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from json import loads
from pathlib import Path

import pytest
import urllib3
from django.conf import settings

from demo.processes import ServerProcess, free_port
from testing.servers.commands import HEALTH
from testing.waiting import LONG

BASE: Path = settings.BASE_DIR


@dataclass(frozen=True)
class Instruction:
    word: str
    arguments: str

    @property
    def command(self) -> list[str]:
        """The list of the exec form, behind whatever options come before it."""
        return loads(self.arguments[self.arguments.index("[") :])


def instructions() -> list[Instruction]:
    text = re.sub(r"^#.*\n", "", (BASE / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def only(word: str) -> Instruction:
    (found,) = [instruction for instruction in instructions() if instruction.word == word]
    return found


def copied() -> list[tuple[str, str]]:
    """Returns (source in the clone, destination in /app) of each COPY that takes something from the clone."""
    pairs = [shlex.split(found.arguments) for found in instructions() if found.word == "COPY"]
    return [(pair[0], pair[1]) for pair in pairs if not pair[0].startswith("--from")]


def ignore_rules() -> list[str]:
    lines = (BASE / ".dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_everything_that_is_copied_exists_and_gets_past_dockerignore() -> None:
    allowed = {rule[1:] for rule in ignore_rules() if rule.startswith("!")}
    assert ignore_rules()[0] == "*"
    for source, _ in copied():
        assert (BASE / source).exists(), source
        assert source in allowed
    assert allowed == {source for source, _ in copied()}


def test_every_app_of_the_product_is_copied() -> None:
    ours = {name.split(".")[0] for name in settings.INSTALLED_APPS if (BASE / name.split(".")[0]).is_dir()}
    assert ours <= {source for source, _ in copied()}


def test_the_image_runs_without_rights_and_keeps_its_state_where_the_readme_mounts_a_folder() -> None:
    assert only("USER").arguments == "1000"
    assert "CHECKPOINT_STATE_DIR=/tmp" in only("ENV").arguments
    assert only("EXPOSE").arguments == "5000"
    assert only("CMD").command == ["python", "manage.py", "serve"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Gives a folder that holds what the image's /app would, its static files collected."""
    app = tmp_path / "app"
    app.mkdir()
    left_out = [rule.removeprefix("**/") for rule in ignore_rules() if rule.startswith("**/")]

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if any(fnmatch(name, rule) for rule in left_out)}

    for source, destination in copied():
        if (BASE / source).is_dir():
            shutil.copytree(BASE / source, app / destination, ignore=ignored)
        else:
            shutil.copy(BASE / source, app / destination)
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        cwd=app,
        env=bare_environment(CHECKPOINT_STATE_DIR=str(tmp_path / "build-state")),
        check=True,
        timeout=LONG,
    )
    return app


def bare_environment(**values: str) -> dict[str, str]:
    folders = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    return {"PATH": folders, "PYTHONDONTWRITEBYTECODE": "1", **values}


@pytest.mark.drill
@pytest.mark.sockets
def test_what_the_image_holds_starts_with_its_command_and_passes_its_health_check(image: Path, tmp_path: Path) -> None:
    port, state = free_port(), tmp_path / "mounted"
    state.mkdir()
    environment = bare_environment(CHECKPOINT_STATE_DIR=str(state), CHECKPOINT_REGISTRY_URL="127.0.0.1:9")
    # The image's own command; the port differs because 5000 may be taken on this machine.
    code = f"import os; os.chdir({str(image)!r}); os.execvp('python', {[*only('CMD').command, '--port', str(port)]!r})"
    with ServerProcess(
        "Checkpoint", [sys.executable, "-c", code], environment=environment, log=tmp_path / "log"
    ) as run:
        run.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        check = [part.replace(":5000/", f":{port}/") for part in only("HEALTHCHECK").command]
        assert subprocess.run(check, env=environment, check=False, timeout=LONG).returncode == 0

        page = urllib3.request("GET", f"http://127.0.0.1:{port}/checkpoint/accounts/login/").data.decode()
        style = re.search(r"/checkpoint/static/checkpoint/css/\w+\.[0-9a-f]{12}\.css", page)
        assert style is not None, "the static files are not fingerprinted"
        answer = urllib3.request(
            "GET", f"http://127.0.0.1:{port}{style[0]}", headers={"Accept-Encoding": "gzip"}, decode_content=False
        )
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
    assert {"checkpoint.sqlite3", "secret_key"} <= {path.name for path in state.iterdir()}
    unhealthy = subprocess.run(check, env=environment, check=False, timeout=LONG, capture_output=True)
    assert unhealthy.returncode != 0
