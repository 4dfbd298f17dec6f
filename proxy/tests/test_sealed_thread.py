"""What is sealed is looked for again while its callers are answered. The thread sees only what was committed."""

import threading
from types import SimpleNamespace

import pytest

from protection.models import ProtectionRule
from proxy.seal import cache
from testing.waiting import LONG

pytestmark = pytest.mark.django_db(transaction=True)


def test_half_way_a_thread_looks_again_and_the_caller_does_not_wait(registry, monkeypatch):
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(cache, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    registry.add_version("Other", run_id="run3", experiment_id="3")
    ProtectionRule.objects.get_or_create(target_pattern="stage:*")
    cache.seals("")
    proceed, started = threading.Event(), threading.Event()

    def hold():
        started.set()
        assert proceed.wait(LONG)

    registry.before("list_models", hold)
    registry.transition_stage("Other", "1", "Production", archive_existing_versions=False)
    now.seconds += cache.RENEW_SECONDS + 0.1
    assert cache.seals("").run("run3") is None
    assert started.wait(LONG)
    assert cache.seals("").run("run3") is None, "a second caller starts no second look"
    proceed.set()
    for thread in threading.enumerate():
        if thread.name == "seals":
            thread.join(LONG)
    assert cache.seals("").run("run3")
    assert [call for call, _ in registry.calls].count("list_models") == 2
