"""Since when a version holds what it holds, by what was seen of it and what Checkpoint passed on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from audit.holding import sightings
from audit.holding.models import Holding
from registry.targets import Target, TargetKind
from registry.types import ModelVersion

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
STAGED = ModelVersion("Fraud", "2", stage="Staging", created_at=NOON - timedelta(days=9), updated_at=NOON)
NAMED = ModelVersion("Fraud", "2", aliases=("candidate",), created_at=NOON - timedelta(days=9), updated_at=NOON)
CANDIDATE = Target(TargetKind.ALIAS, "candidate")


@pytest.fixture
def at(monkeypatch):
    """Sets the clock to so many hours after noon."""

    def set_to(hours):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOON + timedelta(hours=hours))

    set_to(1)
    return set_to


def hours(version, workspace=""):
    """Returns {target: hours after noon since which the version holds it}."""
    found = sightings.sight(version, workspace=workspace)
    return {target: (since - NOON).total_seconds() / 3600 for target, since in found.items()}


def test_of_a_stage_mlflow_tells_since_when_at_least(at):
    assert hours(STAGED) == {"stage:Staging": 0}
    at(30)
    assert hours(STAGED) == {"stage:Staging": 0}
    assert Holding.objects.count() == 1


def test_a_clock_of_mlflows_that_is_ahead_gives_no_time(at):
    assert hours(replace(STAGED, updated_at=NOON + timedelta(hours=9))) == {"stage:Staging": 1}


def test_a_stage_begins_anew_when_mlflow_changed_the_version_past_checkpoint(at):
    hours(STAGED)
    at(20)
    assert hours(replace(STAGED, updated_at=NOON + timedelta(hours=15))) == {"stage:Staging": 15}


def test_an_edit_through_checkpoint_does_not_begin_anew(at):
    hours(STAGED)
    changed = NOON + timedelta(hours=2)
    sightings.edited("", "Fraud", "2", round(changed.timestamp() * 1000))
    at(20)
    assert hours(replace(STAGED, updated_at=changed)) == {"stage:Staging": 0}


@pytest.mark.parametrize("stage", ["None", "Archived"])
def test_nobody_soaks_in_a_stage_that_is_not_in_use(at, stage):
    assert hours(replace(STAGED, stage=stage)) == {}


def test_an_alias_counts_from_when_it_was_seen_first_until_it_is_seen_gone(at):
    assert hours(NAMED) == {"alias:candidate": 1}
    at(5)
    assert hours(NAMED) == {"alias:candidate": 1}
    assert hours(replace(NAMED, aliases=())) == {}
    at(6)
    assert hours(NAMED) == {"alias:candidate": 6}


def test_an_alias_counts_from_when_checkpoint_gave_it(at):
    sightings.begin("", "Fraud", "2", CANDIDATE)
    at(8)
    assert hours(NAMED) == {"alias:candidate": 1}


def test_giving_it_to_another_version_ends_it_though_it_comes_back(at):
    sightings.begin("", "Fraud", "2", CANDIDATE)
    at(2)
    sightings.begin("", "Fraud", "3", CANDIDATE)
    at(3)
    sightings.begin("", "Fraud", "2", CANDIDATE)
    at(9)
    assert hours(NAMED) == {"alias:candidate": 3}


def test_giving_it_to_whoever_has_it_changes_nothing(at):
    sightings.begin("", "Fraud", "2", CANDIDATE)
    at(3)
    sightings.begin("", "Fraud", "2", CANDIDATE)
    assert hours(NAMED) == {"alias:candidate": 1}


def test_taking_it_away_ends_it(at):
    sightings.begin("", "Fraud", "2", CANDIDATE)
    sightings.end("", "Fraud", CANDIDATE)
    at(4)
    assert hours(NAMED) == {"alias:candidate": 4}


def test_other_models_and_workspaces_are_others(at):
    sightings.begin("", "Other", "2", CANDIDATE)
    sightings.begin("team", "Fraud", "2", CANDIDATE)
    at(4)
    assert hours(NAMED) == {"alias:candidate": 4}
    assert hours(NAMED, "team") == {"alias:candidate": 1}


def test_a_number_that_is_used_again_begins_anew(at):
    hours(NAMED)
    at(5)
    assert hours(replace(NAMED, created_at=NOON + timedelta(hours=4))) == {"alias:candidate": 5}
    sightings.begin("", "Scam", "1", CANDIDATE)
    at(9)
    again = ModelVersion("Scam", "1", aliases=("candidate",), created_at=NOON + timedelta(hours=8))
    assert hours(again) == {"alias:candidate": 9}


def test_a_status_counts_as_an_alias_does(at):
    skill = ModelVersion("skill:triage", "1", status="active", created_at=NOON, updated_at=NOON)
    assert hours(skill) == {"status:active": 1}


def test_a_renamed_model_goes_on_holding_what_it_held(at):
    hours(NAMED)
    at(5)
    sightings.rename("", "Fraud", "Scam")
    assert hours(replace(NAMED, name="Scam")) == {"alias:candidate": 1}
    assert not Holding.objects.filter(model_name="Fraud").exists()


def test_what_a_model_of_the_new_name_was_seen_to_hold_is_over(at):
    hours(replace(NAMED, name="Scam"))
    hours(replace(STAGED, name="Scam", version="3"))
    at(5)
    hours(NAMED)
    sightings.rename("", "Fraud", "Scam")
    at(9)
    assert hours(replace(NAMED, name="Scam")) == {"alias:candidate": 5}
    assert Holding.objects.filter(ended_at=None).count() == 1


def test_a_model_of_another_workspace_keeps_its_name(at):
    hours(NAMED, "blue")
    sightings.rename("", "Fraud", "Scam")
    assert Holding.objects.get().model_name == "Fraud"


def test_a_rename_that_is_recorded_twice_ends_nothing(at):
    hours(NAMED)
    for _ in range(2):
        sightings.rename("", "Fraud", "Scam")
    at(5)
    assert hours(replace(NAMED, name="Scam")) == {"alias:candidate": 1}
