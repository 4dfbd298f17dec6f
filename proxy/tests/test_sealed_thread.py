"""What is sealed is looked for while callers are answered. The thread sees only what was committed."""

import threading

import pytest

from audit.actors import Actor, Door
from promote_requests import services
from protection.models import ProtectionRule
from proxy.guard.decide import check_seal
from proxy.guard.routes import classify
from proxy.seal import background, cache, store
from registry.exceptions import RegistryTimeout
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by
from testing.waiting import LONG, wait_until

# SQLite's database of a test run is in memory, where a reader is refused while another thread writes.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

WANT = background.want
NOBODY = Actor.anonymous(Door.PROXY, "r-1")


@pytest.fixture
def fraud(registry, monkeypatch):
    """A registry in which version 1 of Fraud is in Production, and a thread that looks at it once it is wanted."""
    monkeypatch.setattr(background, "want", WANT)
    monkeypatch.setattr(background, "_ROUND_SECONDS", 0.01)
    monkeypatch.setattr(background, "_AFTER_A_FAILURE_SECONDS", 0.01)
    ProtectionRule.objects.get_or_create(target_pattern="stage:*", defaults={"conditions": {"approvals": 2}})
    registry.add_version("Fraud", stage="Production", run_id="run1", experiment_id="1")
    registry.add_version("Fraud", run_id="run2", experiment_id="2")
    yield registry
    background.forget()
    for thread in _threads():
        thread.join(LONG)


def _threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "seals"]


def upload(run: str):
    path = f"/api/2.0/mlflow-artifacts/artifacts/{run[-1]}/{run}/artifacts/x"
    return check_seal(classify("PUT", path), method="PUT", path=path, query="", workspace="", actor=NOBODY)


def test_an_upload_does_not_wait_for_a_look_and_starts_only_one(fraud):
    proceed, started = threading.Event(), threading.Event()

    def hold():
        started.set()
        assert proceed.wait(LONG)

    fraud.before("list_models", hold)
    for _ in range(3):
        assert upload("run9") is None
    assert started.wait(LONG)
    assert upload("run1").status == 403
    assert not cache.known("").is_whole
    assert len(_threads()) == 1
    proceed.set()
    wait_until(lambda: cache.known("").is_whole)
    assert [call for call, _ in fraud.calls].count("list_models") == 1


def test_what_somebody_approved_is_learnt_soon(fraud):
    upload("run9")
    wait_until(lambda: cache.known("").is_whole)
    services.review(actor=by(UserFactory()), promote_request=PromoteRequestFactory(), verdict="approve")
    wait_until(lambda: cache.known("").is_whole)
    assert cache.known("").seals.run("run2").held == ()


def test_a_look_that_fails_ends_no_thread(fraud):
    fraud.fail_next(RegistryTimeout("slow"), call="list_models")
    fraud.fail_next(ValueError("a fault of ours"), call="list_models")
    upload("run9")
    wait_until(lambda: cache.known("").is_whole)


def test_a_thread_that_cannot_be_started_holds_up_nobody(fraud, monkeypatch, caplog):
    def fail(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        assert upload("run9") is None
    assert "can't start new thread" in caplog.text
    upload("run9")
    wait_until(lambda: cache.known("").is_whole)


def test_a_thread_ends_when_nobody_uploads_any_more(fraud, monkeypatch):
    upload("run9")
    wait_until(lambda: cache.known("").is_whole)
    monkeypatch.setattr(background, "IDLE_SECONDS", 0.0)
    wait_until(lambda: not _threads())
    upload("run9")
    wait_until(lambda: bool(_threads()) or store.state("") is not None)
