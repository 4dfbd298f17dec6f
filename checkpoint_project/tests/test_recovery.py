from datetime import timedelta

import pytest
from django.core.signals import request_started
from django.db import OperationalError

from checkpoint_project import recovery
from promote_requests import services
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryUnreachable
from testing.factories import cut_off

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def one_connection(monkeypatch):
    """Keeps the connection open, which is the test's here; the thread closes its own."""
    monkeypatch.setattr(recovery.connection, "close", lambda: None)


@pytest.fixture
def cut_off_ones(db, registry):
    """Leaves three promotions: cut off minutes ago, MLflow having made the first alone, and one a minute ago."""
    for number, (made, ago) in enumerate([(True, 16), (False, 16), (True, 1)]):
        for _ in range(2):
            registry.add_version(f"Model{number}")
        cut_off(registry, ago=ago * MINUTE, made=made, model_name=f"Model{number}")
    return registry


def let_pass(seconds):
    for request in PromoteRequest.objects.filter(status=Status.PROMOTING):
        PromoteRequest.objects.filter(pk=request.pk).update(
            promoting_since=request.promoting_since - timedelta(seconds=seconds)
        )


def statuses():
    return list(PromoteRequest.objects.order_by("pk").values_list("status", flat=True))


def test_what_was_cut_off_before_the_start_is_ended_and_what_may_be_under_way_left_alone(cut_off_ones):
    recovery._look({})
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTING]


def test_a_later_look_ends_what_was_cut_off_just_before_the_start(cut_off_ones):
    seen = recovery._look({})
    let_pass(61)
    recovery._look(seen)
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTED]


def test_mlflow_is_asked_at_once_then_after_one_two_five_and_fifteen_minutes(db, registry):
    for _ in range(2):
        registry.add_version("Fraud")
    cut_off(registry, ago=timedelta(seconds=15), model_name="Fraud")
    PromoteRequest.objects.update(last_failure="MLflow did not answer in time.")
    asked, seen = [], {}
    for age in range(15, 1_000, 10):
        before = len(registry.calls)
        seen = recovery._look(seen)
        if len(registry.calls) > before:
            asked.append(age)
        let_pass(10)
    assert asked == [15, 25, 65, 125, 305, 905]
    assert statuses() == [Status.OPEN]


def test_one_that_cannot_be_ended_does_not_stop_the_others(cut_off_ones, caplog):
    cut_off_ones.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="get_version")
    recovery._look({})
    assert statuses() == [Status.PROMOTING, Status.OPEN, Status.PROMOTING]
    assert "MLflow cannot be reached." in caplog.text


def test_a_database_that_is_away_is_told_in_the_log_and_asked_again(cut_off_ones, monkeypatch, caplog):
    unsettled, answers = services.unsettled, iter([True, False])

    def away_at_first():
        if next(answers):
            raise OperationalError("no connection")
        return unsettled()

    monkeypatch.setattr(services, "unsettled", away_at_first)
    recovery._look(recovery._look({}))
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTING]
    assert "could not be looked for" in caplog.text


@pytest.mark.django_db
def test_the_first_request_starts_one_look_and_the_later_ones_none(monkeypatch):
    started = []
    monkeypatch.setattr(recovery.Thread, "start", lambda thread: started.append(thread.name))
    recovery.prepare()
    for _ in range(3):
        request_started.send(sender=None, environ={})
    assert started == ["recovery"]
