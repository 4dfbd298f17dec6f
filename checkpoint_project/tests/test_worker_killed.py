"""Workers that are killed again and again in the middle of their work: nothing that was promised is missing."""

import json
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from notifications.tests.receivers import Receiver, receiving
from testing.servers.commands import environment, output_of, start
from testing.servers.embedded_postgresql import create_database
from testing.waiting import LONG

pytestmark = [pytest.mark.sockets, pytest.mark.drill]

KILLS = 12
ROWS = 600

_FILL = """
from django.contrib.auth import get_user_model
from django.utils import timezone
from audit.actors import Actor, Door
from notifications.models import Message
from notifications.webhooks import services
actor = Actor.of(get_user_model().objects.create(username="root", is_superuser=True), Door.COMMAND)
for _ in range(2):
    services.create(actor=actor, url={url!r})
about = {{"event": "promote_request.promoted", "format": 1, "model_name": "Fraud", "payload": {{}}}}
Message.objects.bulk_create(Message(at=timezone.now(), request_number=n, **about) for n in range({rows}))
"""
_LET_LEASES_END = """
from datetime import timedelta
from django.db.models import F
from notifications.models import Delivery, Message
for rows in (Message.objects, Delivery.objects):
    rows.filter(claim__isnull=False).update(due_at=F("due_at") - timedelta(seconds=61))
"""
_LOOK = """
import json
from notifications.models import Delivery, Message
print(json.dumps({
    "waiting": Message.objects.filter(state="waiting").count() + Delivery.objects.filter(state="waiting").count(),
    "uids": [str(uid) for uid in Delivery.objects.filter(state="done").values_list("uid", flat=True)],
}))
"""


def shell(code: str, known: dict[str, str]) -> str:
    return output_of("shell", "--no-imports", "-c", code, environment=known)


def slowly(handler) -> None:
    time.sleep(0.01)
    handler.send_response(204)
    handler.end_headers()


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def known(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    address = {} if request.param == "SQLite" else {"DATABASE_URL": create_database("killed")}
    known = environment(tmp_path / "state", CHECKPOINT_WEBHOOK_PRIVATE_ADDRESSES="1", **address)
    output_of("migrate", "--verbosity", "0", environment=known)
    return known


def kill_again_and_again(known: dict[str, str], log: Path, receiver: Receiver) -> int:
    """Kills workers while they send, and returns how many were."""
    random, in_the_middle = Random(7), 0
    for _ in range(KILLS):
        before = len(receiver.got)
        with start("worker", environment=known, log=log) as worker:
            deadline = time.monotonic() + LONG
            while len(receiver.got) == before and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(random.random() * 0.4)
            worker.kill()
        in_the_middle += len(receiver.got) > before
        shell(_LET_LEASES_END, known)
    return in_the_middle


def test_every_message_arrives_although_its_worker_is_killed(known: dict[str, str], tmp_path: Path) -> None:
    with receiving(answer=slowly) as receiver:
        shell(_FILL.format(url=receiver.url, rows=ROWS), known)
        assert kill_again_and_again(known, tmp_path / "log", receiver) >= 8
        with start("worker", environment=known, log=tmp_path / "log"):
            deadline = time.monotonic() + 4 * LONG
            while (found := json.loads(shell(_LOOK, known)))["waiting"] and time.monotonic() < deadline:
                time.sleep(1)
        arrived = Counter(receiver.ids())
    assert found["waiting"] == 0
    assert set(arrived) == set(found["uids"])
    assert len(arrived) == 2 * ROWS
    # Sent twice is only what a killed worker had not written down: at most a batch of each webhook each time.
    assert sum(arrived.values()) - len(arrived) <= KILLS * 2 * 20
