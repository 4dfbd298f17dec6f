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


@pytest.fixture
def cut_off_ones(db, registry, monkeypatch):
    """Leaves three promotions: cut off minutes ago, MLflow having made the first alone, and one a minute ago."""
    # The thread's own connection is closed by it; here it is the test's.
    monkeypatch.setattr(recovery.connection, "close", lambda: None)
    for number, (made, ago) in enumerate([(True, 3), (False, 3), (True, 1)]):
        for _ in range(2):
            registry.add_version(f"Model{number}")
        cut_off(registry, ago=ago * MINUTE, made=made, model_name=f"Model{number}")
    return registry


def statuses():
    return list(PromoteRequest.objects.order_by("pk").values_list("status", flat=True))


def test_what_was_cut_off_before_the_start_is_ended_and_what_may_be_under_way_left_alone(cut_off_ones):
    recovery._look((0.0,))
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTING]


def test_a_second_look_ends_what_was_cut_off_just_before_the_start(cut_off_ones, monkeypatch):
    pauses = []

    def let_time_pass(seconds):
        pauses.append(seconds)
        for request in PromoteRequest.objects.filter(status=Status.PROMOTING):
            PromoteRequest.objects.filter(pk=request.pk).update(
                promoting_since=request.promoting_since - timedelta(seconds=seconds)
            )

    monkeypatch.setattr(recovery.time, "sleep", let_time_pass)
    recovery._look()
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTED]
    assert pauses == [0, 121]


def test_one_that_cannot_be_ended_does_not_stop_the_others(cut_off_ones, caplog):
    cut_off_ones.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="holders")
    recovery._look((0.0,))
    assert statuses() == [Status.PROMOTING, Status.OPEN, Status.PROMOTING]
    assert "MLflow cannot be reached." in caplog.text


def test_a_database_that_is_away_is_told_in_the_log_and_asked_again(cut_off_ones, monkeypatch, caplog):
    unsettled, answers = services.unsettled, iter([True, False])

    def away_at_first():
        if next(answers):
            raise OperationalError("no connection")
        return unsettled()

    monkeypatch.setattr(services, "unsettled", away_at_first)
    recovery._look((0.0, 0.0))
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
