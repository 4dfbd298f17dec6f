"""How little is read of a large model, and that what was kept of it is never believed."""

import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from types import SimpleNamespace

import pytest

from registry.exceptions import RegistryNotFound, RegistryTimeout
from registry.memory import ProcessMemory
from registry.types import ModelVersion

LARGE = 5_000
START = time.time_ns() // 1_000_000 - 60 * 24 * 3_600_000
"""Milliseconds: sixty days ago, so that what happens every ten minutes from then on is past."""


@dataclass
class Mlflow:
    """Stands for MLflow's searches: versions with a stage and the time of their last change."""

    stages: dict[int, str] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    calls: Counter = field(default_factory=Counter)
    read: int = 0
    gives_up_after: int = 0
    is_hidden: bool = False
    clock: int = START

    def add(self, count):
        for number in range(len(self.stages) + 1, len(self.stages) + 1 + count):
            self.move(number, "None")

    def move(self, number, stage, at=0):
        self.clock += 600_000
        self.stages[number], self.changed[number] = stage, at or self.clock

    def delete(self, number):
        del self.stages[number], self.changed[number]

    def model(self, name):
        self.calls["model"] += 1
        if not self.stages:
            raise RegistryNotFound("gone")
        newest = {stage: number for number, stage in sorted(self.stages.items())}
        return SimpleNamespace(latest_versions=[self._found(number) for number in newest.values()])

    def each_version(self, name, order, below=0, size=1_000, more="", *, prompts=False):
        if self.is_hidden and not prompts:
            return
        numbers = sorted(
            self.stages, key=lambda number: number if "number" in order else self.changed[number], reverse=True
        )
        for place, number in enumerate(number for number in numbers if not below or number < below):
            if place % size == 0:
                self._called(str(order))
            self.read += 1
            yield self._found(number)

    def versions(self, name, *, below=0, limit=None):
        if self.is_hidden:
            return []
        return list(islice(self.each_version(name, "version_number DESC", below, limit), limit))

    def get_version(self, name, version):
        self._called("get")
        if int(version) not in self.stages:
            raise RegistryNotFound("gone")
        return ModelVersion(name, version, stage=self.stages[int(version)])

    def _called(self, what):
        self.calls[what] += 1
        if self.gives_up_after and sum(self.calls.values()) > self.gives_up_after:
            raise RegistryTimeout("too slow")

    def _found(self, number):
        return SimpleNamespace(
            version=str(number), current_stage=self.stages[number], last_updated_timestamp=self.changed[number]
        )


@pytest.fixture
def mlflow():
    return Mlflow()


@pytest.fixture
def standings(mlflow):
    from registry.mlflow.standings import Standings  # noqa: PLC0415 - loads MLflow

    return Standings(mlflow, mlflow.get_version, ProcessMemory())


def asked(mlflow, ask):
    """Returns what `ask` returns, how many calls that took and how many versions were read."""
    mlflow.calls.clear()
    mlflow.read = 0
    found = ask()
    return found, sum(mlflow.calls.values()), mlflow.read


@pytest.fixture
def large(mlflow, standings):
    """A model of which versions 3, 2500 and 4990 are in Production, read once."""
    mlflow.add(LARGE)
    for number in (3, 2_500, 4_990):
        mlflow.move(number, "Production")
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4990", "2500", "3"]
    return mlflow


def test_a_small_model_is_read_whole_in_one_call_and_nothing_of_it_is_kept(mlflow, standings):
    mlflow.add(50)
    for number in (7, 12):
        mlflow.move(number, "Staging")
    assert asked(mlflow, lambda: standings.in_stage("Fraud", "Staging", exact=True)) == (["12", "7"], 1, 50)
    assert standings.noted_in_stage("Fraud", "Staging") == ""


def test_of_a_large_model_all_is_read_once_and_then_only_what_changed(large, standings):
    found, calls, read = asked(large, lambda: standings.in_stage("Fraud", "Production", exact=True))
    assert found == ["4990", "2500", "3"]
    assert (calls, read) == (4, 100)


def test_what_was_asked_a_moment_ago_serves_where_it_need_not_be_exact(large, standings):
    large.move(17, "Production")
    assert asked(large, lambda: standings.in_stage("Fraud", "Production", exact=False)) == (["4990", "2500", "3"], 3, 0)
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4990", "2500", "17", "3"]


def test_what_serves_is_looked_up_all_the_same(large, standings):
    large.move(4_990, "Archived")
    large.delete(2_500)
    assert standings.in_stage("Fraud", "Production", exact=False) == ["3"]


def test_what_checkpoint_moved_itself_counts_at_once(large, standings):
    for stage in ("Production", "Archived", "Production"):
        large.move(17, stage)
        standings.moved("Fraud", "17", stage)
        is_there = "17" in standings.in_stage("Fraud", "Production", exact=False)
        assert is_there == (stage == "Production")


def test_after_some_seconds_nothing_serves(large, standings, monkeypatch):
    from registry.mlflow import standings as module  # noqa: PLC0415 - loads MLflow

    large.move(18, "Production")
    assert "18" not in standings.in_stage("Fraud", "Production", exact=False)
    monkeypatch.setattr(module, "SERVES_MS", 0)
    assert "18" in standings.in_stage("Fraud", "Production", exact=False)


def test_what_changed_since_is_noticed(large, standings):
    large.move(2_500, "Archived")
    large.move(17, "Production")
    large.add(1)
    large.move(5_001, "Production")
    assert standings.in_stage("Fraud", "Production", exact=True) == ["5001", "4990", "17", "3"]
    large.move(17, "Staging")
    assert standings.in_stage("Fraud", "Production", exact=True) == ["5001", "4990", "3"]
    assert standings.in_stage("Fraud", "Staging", exact=True) == ["17"]


def test_a_version_that_was_deleted_does_not_stand_anywhere(large, standings):
    large.delete(4_990)
    assert standings.in_stage("Fraud", "Production", exact=True) == ["2500", "3"]


def test_when_too_much_changed_all_is_read_again(large, standings):
    large.move(9, "Production")
    for number in range(100, 1_300):
        large.move(number, "None")
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4990", "2500", "9", "3"]


def test_a_change_dated_in_the_future_hides_none_that_comes_after_it(large, standings):
    large.move(4_999, "Production", at=9_000_000_000_000)
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4999", "4990", "2500", "3"]
    large.move(50, "Production")
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4999", "4990", "2500", "50", "3"]


def test_a_change_that_mlflow_dated_somewhat_late_is_noticed(large, standings):
    from registry.mlflow import standings as module  # noqa: PLC0415 - loads MLflow

    large.move(60, "Production", at=large.clock - module.MARGIN_MS + 1_000)
    assert "60" in standings.in_stage("Fraud", "Production", exact=True)


def test_reading_that_was_cut_off_goes_on_where_it_was(mlflow, standings):
    mlflow.add(LARGE)
    mlflow.move(3, "Production")
    mlflow.gives_up_after = 4
    with pytest.raises(RegistryTimeout):
        standings.in_stage("Fraud", "Production", exact=True)
    mlflow.gives_up_after = 0
    mlflow.move(4_000, "Production")
    found, _, read = asked(mlflow, lambda: standings.in_stage("Fraud", "Production", exact=True))
    assert found == ["4000", "3"]
    assert read < 2_500


def test_many_holders_are_looked_up_by_the_thousand(mlflow, standings):
    mlflow.add(LARGE)
    for number in range(1_000, 4_000):
        mlflow.move(number, "Production")
    expected = [str(number) for number in range(3_999, 999, -1)]
    assert standings.in_stage("Fraud", "Production", exact=True) == expected
    mlflow.delete(2_222)
    expected.remove("2222")
    found, calls, _ = asked(mlflow, lambda: standings.in_stage("Fraud", "Production", exact=True))
    assert found == expected
    assert calls < 20


def test_a_noted_holder_is_looked_up_and_not_believed(large, standings):
    assert asked(large, lambda: standings.noted_in_stage("Fraud", "Production")) == ("4990", 1, 0)
    large.move(4_990, "Archived")
    large.delete(2_500)
    assert standings.noted_in_stage("Fraud", "Production") == "3"


def test_a_version_tagged_as_a_prompt_hides_no_holder_that_was_noted(large, standings):
    large.is_hidden = True
    assert standings.in_stage("Fraud", "Production", exact=True) == ["4990", "2500", "3"]


def test_a_model_that_went_is_forgotten(large, standings):
    large.stages.clear()
    with pytest.raises(RegistryNotFound):
        standings.in_stage("Fraud", "Production", exact=True)
    large.stages[4_990], large.changed[4_990] = "Production", START
    assert standings.noted_in_stage("Fraud", "Production") == ""
