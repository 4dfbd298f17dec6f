from datetime import timedelta

import pytest

from checkpoint_project import recovery
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from registry.exceptions import RegistryUnreachable
from testing.factories import cut_off

MINUTE = timedelta(minutes=1)


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


def test_the_job_remembers_what_it_looked_at(cut_off_ones):
    job = recovery.Recovery()
    job.look()
    asked = len(cut_off_ones.calls)
    job.look()
    assert len(cut_off_ones.calls) == asked
    assert statuses() == [Status.PROMOTED, Status.OPEN, Status.PROMOTING]
