"""What Checkpoint has on record of a model's versions follows the model to its new name."""

import json
from datetime import UTC, datetime

import pytest

from accounts.identity.callers import Caller, CallerKind
from audit.holding.models import Holding
from audit.making.models import RegisteredVersion
from proxy.guard.known_writes import Traffic
from proxy.guard.routes import Route
from proxy.noting import calls

pytestmark = pytest.mark.django_db
RENAME = Route(Traffic.GUARDED, "rename-model", is_read=False)
CALLER = Caller(CallerKind.ANONYMOUS, None, "", "anonymous:10.0.0.1")


@pytest.mark.parametrize(
    ("sent", "workspace", "names"),
    [
        ({"name": "Fraud", "new_name": "Scam"}, "", {"Scam"}),
        ({"name": "Fraud", "new_name": "Fraud"}, "", {"Fraud"}),
        ({"name": "Other", "new_name": "Scam"}, "", {"Fraud"}),
        ({"name": "Fraud", "new_name": "Scam"}, "blue", {"Fraud"}),
    ],
)
def test_a_rename_takes_makers_and_what_is_held_along(sent, workspace, names):
    now = datetime.now(tz=UTC)
    RegisteredVersion.objects.create(model_name="Fraud", version="1", created_ms=1, maker_name="ada", at=now)
    Holding.objects.create(model_name="Fraud", version="1", target="alias:candidate", since=now)
    note = calls.of_guarded(RENAME, json.dumps(sent).encode(), CALLER, workspace)
    assert note is not None
    note.write(b"{}")
    for kept in (RegisteredVersion, Holding):
        assert set(kept.objects.values_list("model_name", flat=True)) == names
    assert Holding.objects.get().ended_at is None
