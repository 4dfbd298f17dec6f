"""The newcomer's page docs/telling-others.md: its own blocks are run, against receivers on loopback."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from django.conf import settings

from demo.processes import ServerProcess, free_port
from notifications.tests.receivers import Receiver, receiving
from notifications.tests.test_chat import SLACK, TEAMS
from testing.servers.commands import HEALTH, environment, output_of, serve
from testing.waiting import LONG

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

PAGE = (settings.BASE_DIR / "docs" / "telling-others.md").read_text()
_PEOPLE = """
from accounts.models import User
for name in ("ada", "grace"):
    User.objects.create_user(name, f"{name}@example.org", "correct horse battery staple")
User.objects.create_superuser("root", "root@example.org", "correct horse battery staple")
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


def call_for(name: str) -> str:
    """Returns the page's call that makes the webhook whose address is in this variable."""
    (found,) = [block for block in blocks("bash") if f'"$"{name}' in block or f'"${name}"' in block]
    return found


def script(name: str) -> str:
    (found,) = [block for block in blocks("python") if block.startswith(f"# {name}")]
    return found


class Place:
    """A Checkpoint in front of MLflow, with its worker, and what a newcomer does with it."""

    def __init__(self, url: str, known: dict[str, str], folder: Path) -> None:
        self.url, self.known, self.folder = url, known, folder
        self.tokens = {
            name: output_of("create_api_token", name, "--name", "newcomer", environment=known).strip()
            for name in ("ada", "grace", "root")
        }

    def bash(self, block: str, **values: str) -> dict[str, Any]:
        """Runs a block of the page, and returns the JSON that it printed."""
        known = {"PATH": "/usr/bin:/bin", "CHECKPOINT": self.url, "TOKEN": self.tokens["root"], **values}
        done = subprocess.run(["bash", "-euc", block], env=known, capture_output=True, text=True, timeout=LONG)
        assert done.returncode == 0, done.stderr
        made: dict[str, Any] = json.loads(done.stdout)
        return made

    def python(self, name: str, port: int, **values: str) -> ServerProcess:
        """Starts a script of the page."""
        path = self.folder / name
        path.write_text(script(name))
        known = {"PATH": "/usr/bin:/bin", "PORT": str(port), **values}
        return ServerProcess(name, [sys.executable, str(path)], environment=known, log=self.folder / f"{name}.log")

    def call(self, person: str, path: str, values: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        answer = requests.post(f"{self.url}/checkpoint/api/{path}", json=values, headers=headers, timeout=LONG)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def promote(self, model: str) -> int:
        values = {"model_name": model, "version": "2", "target": {"kind": "alias", "name": "champion"}}
        number: int = self.call("ada", "promote-requests/", values | {"title": "Better"})["number"]
        self.call("grace", f"promote-requests/{number}/reviews/", {"verdict": "approve"})
        return number


@pytest.fixture
def place(mlflow_server: str, tmp_path: Path) -> Iterator[Place]:
    port = free_port()
    known = environment(
        tmp_path / "state",
        CHECKPOINT_REGISTRY_URL=mlflow_server,
        CHECKPOINT_PUBLIC_URL=f"http://127.0.0.1:{port}",
        CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES="1",
    )
    with serve(port, "--workers", "1", environment=known, log=tmp_path / "log", with_worker=True) as server:
        server.wait_until_answering(f"http://127.0.0.1:{port}{HEALTH}", timeout=LONG)
        output_of("shell", "--no-imports", "--command", _PEOPLE, environment=known)
        yield Place(f"http://127.0.0.1:{port}", known, tmp_path)


def eventually(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + LONG
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return value


def until_listening(port: int) -> None:
    def refuses() -> bool:
        try:
            return requests.post(f"http://127.0.0.1:{port}/", data=b"{}", timeout=LONG).status_code == 401
        except requests.ConnectionError:
            return False

    eventually(refuses)  # what has no signature is refused, so it is there


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, _, body in receiver.got]


def test_the_page_tells_slack_teams_a_github_action_and_a_deployer(place: Place, seeded: Any) -> None:
    ports = [free_port(), free_port()]
    with ExitStack() as running:
        slack, teams, github = (running.enter_context(receiving()) for _ in range(3))
        place.bash(call_for("SLACK_ADDRESS"), SLACK_ADDRESS=slack.url)
        place.bash(call_for("TEAMS_ADDRESS"), TEAMS_ADDRESS=teams.url)
        addresses = [f"http://127.0.0.1:{port}/" for port in ports]
        secrets = [
            place.bash(call_for("RECEIVER_ADDRESS"), RECEIVER_ADDRESS=address)["secret"] for address in addresses
        ]
        of_github = {"GITHUB_API": github.url, "REPOSITORY": "acme/models", "GITHUB_TOKEN": "ghp_x"}
        running.enter_context(place.python("github_receiver.py", ports[0], SECRET=secrets[0], **of_github))
        of_checkpoint = {"CHECKPOINT": place.url, "TOKEN": place.tokens["grace"]}
        deployer = running.enter_context(place.python("deployer.py", ports[1], SECRET=secrets[1], **of_checkpoint))
        for port in ports:
            until_listening(port)

        number = place.promote(seeded.model)

        (message,) = eventually(lambda: bodies(slack))
        jsonschema.validate(message, SLACK)
        assert f"promoted #{number}" in message["text"]
        (card,) = eventually(lambda: bodies(teams))
        jsonschema.validate(card, TEAMS)
        (dispatched,) = eventually(lambda: github.got)
        assert dispatched[0].endswith("/repos/acme/models/dispatches")
        assert dispatched[1]["Authorization"] == "Bearer ghp_x"
        payload = {"model": seeded.model, "version": "2", "target": "champion"}
        assert json.loads(dispatched[2]) == {"event_type": "model-promoted", "client_payload": payload}
        said = f"Deploying {seeded.model} version 2 to champion"
        eventually(lambda: said in deployer.log.read_text())

        # Whoever sends the same once more deploys nothing twice.
        for hook in (3, 4):
            headers = {"Authorization": f"Bearer {place.tokens['root']}"}
            where = f"{place.url}/checkpoint/api/webhooks/{hook}/deliveries/"
            (sent,) = requests.get(where, headers=headers, timeout=LONG).json()["results"]
            place.call("root", f"webhooks/{hook}/deliveries/{sent['id']}/redeliver/", {})
        eventually(lambda: len(github.got) == 2)
        eventually(lambda: deployer.log.read_text().count("POST / HTTP") >= 3)  # the first had no signature
        assert deployer.log.read_text().count(said) == 1


def test_every_block_of_the_page_is_run() -> None:
    run = {call_for(name) for name in ("SLACK_ADDRESS", "TEAMS_ADDRESS", "RECEIVER_ADDRESS")}
    variables, *calls = blocks("bash")
    assert variables.count("export") == 2
    assert set(calls) == run
    assert set(blocks("python")) == {script("github_receiver.py"), script("deployer.py")}


def test_the_workflow_is_started_by_what_the_receiver_sends() -> None:
    (workflow,) = blocks("yaml")
    assert "types: [model-promoted]" in workflow
    assert '"event_type": "model-promoted"' in script("github_receiver.py")
    for name in ("model", "version"):
        assert f"github.event.client_payload.{name}" in workflow
        assert f'"{name}": told' in script("github_receiver.py")
