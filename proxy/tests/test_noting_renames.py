"""What Checkpoint has on record of a model's versions follows the model to its new name."""

import json
from datetime import UTC, datetime

import pytest

from accounts.identity.callers import Caller, CallerKind
from audit.holding.models import Holding
from audit.making.models import RegisteredVersion
from evidence.models import MetricDirection
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
def test_a_rename_takes_makers_what_is_held_and_which_values_are_better_along(sent, workspace, names, ada):
    now = datetime.now(tz=UTC)
    RegisteredVersion.objects.create(model_name="Fraud", version="1", created_ms=1, maker_name="ada", at=now)
    Holding.objects.create(model_name="Fraud", version="1", target="alias:candidate", since=now)
    MetricDirection.objects.create(model_name="Fraud", metric="auc", direction="lower", set_by=ada)
    note = calls.of_guarded(RENAME, json.dumps(sent).encode(), CALLER, workspace)
    assert note is not None
    note.write(b"{}")
    for kept in (RegisteredVersion, Holding, MetricDirection):
        assert set(kept.objects.values_list("model_name", flat=True)) == names
    assert Holding.objects.get().ended_at is None


def test_of_a_model_that_is_gone_the_next_of_its_name_keeps_nothing_and_a_rename_told_twice_does_no_harm(ada):
    for name, metric in (("Scam", "loss"), ("Fraud", "auc")):
        MetricDirection.objects.create(model_name=name, metric=metric, direction="lower", set_by=ada)
    note = calls.of_guarded(RENAME, json.dumps({"name": "Fraud", "new_name": "Scam"}).encode(), CALLER, "")
    assert note is not None
    for _ in range(2):
        note.write(b"{}")
        assert list(MetricDirection.objects.values_list("model_name", "metric")) == [("Scam", "auc")]
