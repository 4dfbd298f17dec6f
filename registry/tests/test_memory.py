import pytest
from django.db import DatabaseError

from registry import memory
from registry.memory import KeptMemory, ProcessMemory, get_memory


@pytest.fixture(params=["process", "database"])
def kept(request):
    if request.param == "process":
        return ProcessMemory()
    request.getfixturevalue("db")
    return KeptMemory("team-a")


def test_a_memory_keeps_what_was_put_last_and_forgets(kept):
    assert kept.get("Fraud") is None
    kept.put("Fraud", {"seen": 1})
    kept.put("Fraud", {"seen": 2})
    kept.put("Churn", {"seen": 3})
    assert (kept.get("Fraud"), kept.get("Churn")) == ({"seen": 2}, {"seen": 3})
    kept.put("Fraud", None)
    kept.put("Fraud", None)
    assert kept.get("Fraud") is None


def test_a_processs_memory_does_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(memory, "LONGEST", 2)
    kept = ProcessMemory()
    for name in "abc":
        kept.put(name, {"name": name})
    assert [kept.get(name) for name in "abc"] == [None, {"name": "b"}, {"name": "c"}]


@pytest.mark.django_db
def test_what_is_kept_of_a_workspace_is_shared_and_not_another_workspaces():
    get_memory("team-a").put("Fraud", {"seen": 1})
    assert get_memory("team-a").get("Fraud") == {"seen": 1}
    assert get_memory("").get("Fraud") is None


@pytest.mark.django_db
def test_what_is_kept_of_one_mlflow_is_not_anothers(settings):
    get_memory("").put("Fraud", {"seen": 1})
    settings.CHECKPOINT_REGISTRY_URL = "http://another.example:5000"
    assert get_memory("").get("Fraud") is None


@pytest.mark.django_db
def test_a_database_that_fails_is_as_if_nothing_was_kept(monkeypatch, caplog):
    def fail(*arguments, **named):
        raise DatabaseError("locked")

    for call in ("get", "set", "delete"):
        monkeypatch.setattr(memory.cache, call, fail, raising=False)
    kept = KeptMemory("")
    kept.put("Fraud", {"seen": 1})
    kept.put("Fraud", None)
    assert kept.get("Fraud") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 3
