"""When an upload is judged once more before its last piece goes up, and looked back at once MLflow has answered."""

import logging
from collections.abc import Callable
from functools import partial
from unittest.mock import Mock

import pytest
from django.test import RequestFactory

from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from proxy.guard import decide
from proxy.guard.routes import classify
from proxy.refusals import Refusal, broken
from proxy.seal import judgement, look
from proxy.seal.judgement import Judgement
from proxy.views import CheckpointProxyView
from registry.fake import FakeRegistry
from testing.factories import PromoteRequestFactory

CALL = {"method": "PUT", "path": "/api/2.0/mlflow-artifacts/artifacts/1/run2/artifacts/model/x", "query": ""}
ACTOR = Actor.anonymous(Door.PROXY, "r-1")


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [100.0]
    monkeypatch.setattr(judgement.time, "monotonic", lambda: clock[0])
    return clock


def noted(said: list[tuple[str, float]], what: str, now: list[float]) -> Callable[[], None]:
    return lambda: said.append((what, now[0]))


def test_a_judgement_counts_from_when_it_began(now: list[float]) -> None:
    said: list[tuple[str, float]] = []
    made = Judgement(noted(said, "judged", now))
    now[0] += 5  # it was judged slowly: meanwhile the version may have been approved
    made.again()
    assert said == [("judged", 105.0)]


def test_a_judgement_that_was_just_made_holds_for_a_moment(now: list[float]) -> None:
    said: list[tuple[str, float]] = []
    made = Judgement(noted(said, "judged", now), noted(said, "looked back", now))
    now[0] += judgement.HOLDS_SECONDS / 2
    made.again()
    made.afterwards()
    assert said == []
    now[0] += judgement.HOLDS_SECONDS
    made.again()
    made.afterwards()
    now[0] += 12  # which MLflow takes to put the file away
    made.afterwards()
    assert [what for what, _ in said] == ["judged", "looked back"]


@pytest.fixture
def fraud(registry: FakeRegistry, db: None) -> FakeRegistry:
    registry.add_version("Fraud", run_id="run1", experiment_id="1")
    registry.add_version("Fraud", run_id="run2", experiment_id="1")
    assert look.look("")
    return registry


def looked_back() -> None:
    decide.look_back(classify(CALL["method"], CALL["path"]), **CALL, workspace="", actor=ACTOR)


def test_what_changed_a_version_after_all_is_said_and_recorded(
    fraud: FakeRegistry, caplog: pytest.LogCaptureFixture
) -> None:
    looked_back()
    assert not AuditEvent.objects.filter(action=AuditAction.SEAL_BROKEN).exists()
    PromoteRequestFactory(version="2")
    with caplog.at_level(logging.ERROR), pytest.raises(Refusal) as said:
        looked_back()
    assert said.value.status == 409
    assert "version 2 of Fraud came under review or into use: what it is made of has been changed" in said.value.message
    row = AuditEvent.objects.get(action=AuditAction.SEAL_BROKEN)
    assert (row.model_name, row.version, row.reason.startswith("PUT /api/2.0/mlflow-artifacts")) == ("Fraud", "2", True)
    assert "has been changed" in caplog.text


def test_where_mlflow_says_nothing_nothing_is_said_of_a_slow_upload(
    fraud: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise decide.RegistryError("slow")

    monkeypatch.setattr(decide.judge, "refusal_by_address", silent)
    looked_back()
    assert not AuditEvent.objects.filter(action=AuditAction.SEAL_BROKEN).exists()


@pytest.mark.parametrize(("status", "is_said"), [(200, True), (204, True), (403, False), (500, False)])
def test_what_mlflow_did_is_looked_back_at_and_what_it_refused_is_not(
    monkeypatch: pytest.MonkeyPatch, status: int, is_said: bool
) -> None:
    class Passing(CheckpointProxyView):
        """Gets an answer of MLflow's in place of sending a call."""

    answer = Mock(status=status)
    monkeypatch.setattr(Passing, "_send", lambda *_, **__: answer)
    monkeypatch.setattr(Passing, "_response", lambda *_, **__: "passed on")
    monkeypatch.setattr(judgement, "HOLDS_SECONDS", 0)
    view, request = Passing(), RequestFactory().delete(CALL["path"])
    sealed = Judgement(lambda: None, Mock(side_effect=broken("Fraud", "2")))
    passed = partial(view._pass_on, request, "DELETE", CALL["path"], "", {}, judgement=sealed)
    if is_said:
        with pytest.raises(Refusal, match="has been changed"):
            passed()
    else:
        assert passed() == "passed on"
    assert answer.close.called == is_said
