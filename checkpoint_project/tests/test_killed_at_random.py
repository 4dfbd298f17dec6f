"""Web and worker are killed at random moments while people promote: nothing that was promised is missing."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psutil
import pytest
import requests

from demo.processes import ServerProcess, free_port
from notifications.tests.receivers import receiving
from testing.servers.commands import HEALTH, environment, output_of, serve, start
from testing.servers.embedded_postgresql import create_database
from testing.waiting import LONG

pytestmark = [pytest.mark.mlflow, pytest.mark.sockets]

PEOPLE = 6
REMARKS = 3
"""That each person makes about each of their requests."""
WEBHOOKS = 2
LONGEST_LIFE = 3.0
"""Seconds after which the next kill comes at the latest."""

_FILL = """
from accounts.models import User
from audit.actors import Actor, Door
from notifications.webhooks import services
for name in ("ada", "grace"):
    User.objects.create_user(name, f"{{name}}@example.org")
root = User.objects.create_superuser("root")
for _ in range({webhooks}):
    services.create(actor=Actor.of(root, Door.COMMAND), url={url!r})
"""
_LET_LEASES_END = """
from datetime import timedelta
from django.db.models import F
from notifications.models import Delivery, Message
for rows in (Message.objects, Delivery.objects):
    rows.filter(claim__isnull=False).update(due_at=F("due_at") - timedelta(seconds=61))
"""
_LEFT = """
from notifications.models import Delivery, Message
print(sum(rows.filter(state="waiting").count() for rows in (Message.objects, Delivery.objects)))
"""
_TOLD = {"created": "created", "commented": "commented", "reviewed": "approved", "promoted": "promoted"}
"""{step of the record: event}."""
_LOOK = """
import json
from audit.models import AuditEvent
from notifications.models import Delivery, Message, Notice
from promote_requests.models import PromoteRequest, Review
print(json.dumps({
    "requests": list(PromoteRequest.objects.values_list("number", "status", "target_name", "version")),
    "reviews": list(Review.objects.values_list("promote_request_id", flat=True)),
    "audit": list(AuditEvent.objects.exclude(promote_request=None).values_list("promote_request_id", "action")),
    "messages": list(Message.objects.values_list("request_number", "event", "state")),
    "deliveries": [(str(uid), state) for uid, state in Delivery.objects.values_list("uid", "state")],
    "notices": list(Notice.objects.filter(reader__username="ada").values_list("request_number", "event")),
}))
"""


@dataclass
class Promised:
    """What people were told: the numbers of requests that were opened, commented on, judged, and promoted."""

    opened: list[int] = field(default_factory=list)
    remarked: list[int] = field(default_factory=list)
    judged: list[int] = field(default_factory=list)
    promoted: list[int] = field(default_factory=list)
    unanswered: int = 0


class Person(threading.Thread):
    """Opens requests as ada, talks about them and approves them as grace, whatever becomes of the server."""

    def __init__(self, number: int, url: str, tokens: dict[str, str], model: str, promised: Promised) -> None:
        super().__init__(daemon=True)
        self.number, self.url, self.tokens, self.model, self.promised = number, url, tokens, model, promised
        self.prefix = prefix_of(url)
        self.over = threading.Event()

    def run(self) -> None:
        for asked in range(100_000):
            if self.over.is_set():
                return
            target = {"kind": "alias", "name": f"{self.prefix}{self.number}-{asked}"}
            values = {"model_name": self.model, "version": "1", "target": target, "title": "Under load"}
            made = self.call("ada", "", values)
            if made is None:
                continue  # nothing was promised
            self.promised.opened.append(made["number"])
            for number in range(REMARKS):
                said = self.call("grace", f"{made['number']}/comments/", {"body": f"Remark {number}"})
                self.promised.remarked += [] if said is None else [made["number"]]
            judged = self.call("grace", f"{made['number']}/reviews/", {"verdict": "approve"})
            if judged is not None:
                self.promised.judged.append(made["number"])
                if judged["promote_request"]["status"] == "promoted":
                    self.promised.promoted.append(made["number"])

    def call(self, person: str, path: str, values: dict[str, Any]) -> dict[str, Any] | None:
        """Returns what was answered with 201; None where no answer came, or a refusal."""
        headers = {"Authorization": f"Bearer {self.tokens[person]}"}
        try:
            where = f"{self.url}/checkpoint/api/promote-requests/{path}"
            answer = requests.post(where, json=values, headers=headers, timeout=LONG)
        except requests.RequestException:
            self.promised.unanswered += 1
            self.over.wait(0.2)
            return None
        found: dict[str, Any] | None = answer.json() if answer.status_code == 201 else None
        return found


class Installation:
    """Web and worker, which are killed and started anew."""

    def __init__(self, known: dict[str, str], port: int, log: Path) -> None:
        self.known, self.port, self.log = known, port, log
        self.url = f"http://127.0.0.1:{port}"
        self.web: ServerProcess | None = None
        self.worker: ServerProcess | None = None

    def start_missing(self) -> None:
        """Starts what was killed, and waits until the web answers."""
        if self.web is None:
            self.web = serve(self.port, "--workers", "1", environment=self.known, log=self.log / "web.log").__enter__()
            self.web.wait_until_answering(self.url + HEALTH, timeout=LONG)
        if self.worker is None:
            self.worker = start("worker", environment=self.known, log=self.log / "worker.log").__enter__()

    def kill(self, which: str) -> None:
        """Sends SIGKILL to the web with all its processes, to the worker, or to both."""
        if which in ("web", "both") and self.web is not None:
            _kill_tree(self.web)
            self.web = None
        if which in ("worker", "both") and self.worker is not None:
            _kill_tree(self.worker)
            self.worker = None

    def shell(self, code: str) -> str:
        return output_of("shell", "--no-imports", "-c", code, environment=self.known)


def prefix_of(url: str) -> str:
    """Returns what the aliases of this installation begin with: others share the MLflow."""
    return f"k{url.rpartition(':')[2]}-"


def _kill_tree(server: ServerProcess) -> None:
    process = psutil.Process(server.process.pid)
    for each in [process, *process.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    server.process.wait(LONG)


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.drill)])
def installation(request: pytest.FixtureRequest, mlflow_server: str, tmp_path: Path) -> Iterator[Installation]:
    port = free_port()
    address = {} if request.param == "SQLite" else {"DATABASE_URL": create_database(f"random{port}")}
    known = environment(
        tmp_path / "state",
        CHECKPOINT_REGISTRY_URL=mlflow_server,
        CHECKPOINT_PUBLIC_URL=f"http://127.0.0.1:{port}",
        CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES="1",
        **address,
    )
    output_of("migrate", "--verbosity", "0", environment=known)
    running = Installation(known, port, tmp_path)
    yield running
    running.kill("both")


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [pytest.param(1, id="sample"), pytest.param(50, id="drill", marks=pytest.mark.drill)])
def test_nothing_that_was_promised_is_missing_and_nothing_is_promoted_twice(
    installation: Installation, seeded: Any, mlflow_server: str, kills: int
) -> None:
    random, promised, killed = Random(kills), Promised(), Counter[str]()
    with receiving() as receiver:
        installation.shell(_FILL.format(url=receiver.url, webhooks=WEBHOOKS))
        tokens = {
            name: output_of("create_api_token", name, "--name", "load", environment=installation.known).strip()
            for name in ("ada", "grace")
        }
        installation.start_missing()
        people = [Person(number, installation.url, tokens, seeded.model, promised) for number in range(PEOPLE)]
        for person in people:
            person.start()
        for _ in range(kills):
            installation.start_missing()
            time.sleep(random.uniform(0.1, LONGEST_LIFE))
            which = random.choice(("web", "worker", "both"))
            installation.kill(which)
            killed[which] += 1
        installation.start_missing()
        for person in people:
            person.over.set()
        for person in people:
            person.join(LONG)
            assert not person.is_alive()
        found = _settled(installation)
        moved = _moved(mlflow_server, seeded.model, prefix_of(installation.url))
    _judge(found, promised, set(receiver.ids()), moved)
    said = (
        f"{len(found['requests'])} requests, {len(promised.promoted)} answered as promoted, {promised.unanswered} calls"
    )
    calls = f"without an answer; {len(found['deliveries'])} deliveries in {len(receiver.got)} calls"
    print(f"\nKilled: {dict(killed)}. {said} {calls}.")  # noqa: T201 - the figures of the drill


def _settled(installation: Installation) -> dict[str, Any]:
    """Waits until nothing is under way any more, as an operator would, and returns what the database holds."""
    output_of("settle_promotions", "--older-than", "0", "--give-up", environment=installation.known)
    installation.shell(_LET_LEASES_END)
    deadline = time.monotonic() + 4 * LONG
    while int(installation.shell(_LEFT)) and time.monotonic() < deadline:
        time.sleep(1)
    found: dict[str, Any] = json.loads(installation.shell(_LOOK))
    return found


def _moved(mlflow: str, model: str, prefix: str) -> dict[str, str]:
    """Returns {alias: version} of what MLflow was told."""
    from mlflow import MlflowClient  # noqa: PLC0415 - takes a second to load

    aliases = MlflowClient(mlflow, mlflow).get_registered_model(model).aliases
    return {alias: str(version) for alias, version in aliases.items() if alias.startswith(prefix)}


def _judge(found: dict[str, Any], promised: Promised, arrived: set[str], moved: dict[str, str]) -> None:
    status = {number: state for number, state, _, _ in found["requests"]}
    assert len(promised.promoted) >= 1
    assert promised.unanswered >= 1
    # What was answered is in the database, and in MLflow exactly what the database says.
    assert set(promised.opened) <= set(status)
    assert set(promised.judged) <= set(found["reviews"])
    assert {status[number] for number in promised.promoted} == {"promoted"}
    assert set(status.values()) <= {"open", "promoted"}
    assert moved == {alias: version for _, state, alias, version in found["requests"] if state == "promoted"}
    # Nothing is promoted twice, no remark is lost, and each step is told once.
    remarked = Counter(promised.remarked)
    audit = Counter(map(tuple, found["audit"]))
    told = Counter((number, event) for number, event, _ in found["messages"])
    for number, state in status.items():
        assert audit[number, "promoted"] == (state == "promoted")
        assert audit[number, "commented"] >= remarked[number]
        for action, event in _TOLD.items():
            assert told[number, f"promote_request.{event}"] == audit[number, action], (number, action)
    # Every message went to each webhook at least once, and into the author's inbox once.
    assert {state for _, _, state in found["messages"]} == {"done"}
    assert {state for _, state in found["deliveries"]} == {"done"}
    assert len(found["deliveries"]) == WEBHOOKS * len(found["messages"])
    assert arrived == {uid for uid, _ in found["deliveries"]}
    in_inbox = Counter(map(tuple, found["notices"]))
    for number, state in status.items():
        assert in_inbox[number, "promote_request.promoted"] == (state == "promoted")
