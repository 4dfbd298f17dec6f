"""What was read of a version a moment ago serves for whoever looks, and for nothing that is decided."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from evidence.observe import observe
from evidence.recent import facts as recent
from evidence.recent.facts import facts_of
from evidence.recent.kept import Kept
from registry.proposals import Proposal
from registry.targets import Target
from registry.types import ModelVersion, VersionFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

    from registry.fake import FakeRegistry

PRODUCTION = Target.parse("stage:Production")


@pytest.fixture(autouse=True)
def _seconds(settings: "SettingsWrapper") -> "Iterator[None]":
    settings.CHECKPOINT_FIGURES_SECONDS = 600
    recent.kept.clear()
    yield
    recent.kept.clear()


def auc(registry: "FakeRegistry", *, recent: bool = True) -> float:
    return facts_of(registry, "Fraud", "2", workspace="", recent=recent).metrics["auc"].value


def test_figures_read_a_moment_ago_serve_for_a_look_until_somebody_reads_them_anew(fraud: "FakeRegistry") -> None:
    assert auc(fraud) == 0.94
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    assert auc(fraud) == 0.94
    assert auc(fraud, recent=False) == 0.5
    assert auc(fraud) == 0.5


def test_a_version_that_mlflow_says_was_updated_is_read_anew(fraud: "FakeRegistry") -> None:
    assert auc(fraud) == 0.94
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    fraud.transition_stage("Fraud", "2", "Staging", archive_existing_versions=False)
    assert auc(fraud) == 0.5


def test_what_the_version_says_of_itself_is_never_an_old_word(fraud: "FakeRegistry") -> None:
    facts_of(fraud, "Fraud", "2", workspace="", recent=True)
    fraud.set_alias("Fraud", "shadow", "2")
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    found = facts_of(fraud, "Fraud", "2", workspace="", recent=True)
    assert found.version.aliases == ("shadow",)
    assert found.tags["validated"] == "yes"


def test_figures_do_not_serve_for_ever_nor_another_workspace(
    fraud: "FakeRegistry", settings: "SettingsWrapper"
) -> None:
    assert auc(fraud) == 0.94
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    assert facts_of(fraud, "Fraud", "2", workspace="other", recent=True).metrics["auc"].value == 0.5
    settings.CHECKPOINT_FIGURES_SECONDS = 0
    assert auc(fraud) == 0.5


def test_of_two_versions_under_one_number_the_later_one_is_read(fraud: "FakeRegistry") -> None:
    known = facts_of(fraud, "Fraud", "2", workspace="")
    created = known.version.created_at
    assert created is not None
    assert known.is_still(known.version)
    assert not known.is_still(replace(known.version, created_at=created + timedelta(seconds=1)))
    assert not known.is_still(replace(known.version, source="elsewhere"))


@pytest.mark.django_db
def test_what_is_decided_goes_by_what_is_read_now(fraud: "FakeRegistry") -> None:
    proposal = Proposal("Fraud", "2", PRODUCTION)
    assert observe(fraud, proposal).challenger.metrics["auc"].value == 0.94
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.5})
    assert observe(fraud, proposal, recent=True).challenger.metrics["auc"].value == 0.94
    assert observe(fraud, proposal).challenger.metrics["auc"].value == 0.5


def test_what_is_kept_is_bounded_by_its_weight_and_the_oldest_goes_first() -> None:
    kept: Kept[str] = Kept(5, len)
    for text in ("aa", "bb", "c"):
        kept.keep((text,), text)
    kept.keep(("dd",), "dd")
    assert [kept.get((text,), 60) for text in ("aa", "bb", "c", "dd")] == [None, "bb", "c", "dd"]
    kept.keep(("whole",), "too much")
    assert kept.get(("whole",), 60) is None
    kept.keep(("bb",), "b")
    assert kept.get(("bb",), 60) == "b"
    assert kept.get(("bb",), 0) is None


def test_thousands_of_figures_are_not_kept_without_end() -> None:
    kept = recent.kept
    for number in range(20):
        facts = VersionFacts(ModelVersion("M", str(number)), params={str(at): "" for at in range(10_000)})
        kept.keep((number,), facts)
    assert sum(kept.get((number,), 60) is not None for number in range(20)) == 6


@pytest.mark.parametrize("field", ["params", "tags", "run_tags", "origin", "prompt_settings", "datasets"])
def test_what_is_long_weighs_by_its_length_so_that_few_long_things_fill_no_memory(field: str) -> None:
    short, long = (
        replace(VersionFacts(ModelVersion("Fraud", "1")), **{field: {"a": "x" * many}}) for many in (1, 10**7)
    )
    assert recent.weight(long) - recent.weight(short) == 10**7 - 1
    many = replace(VersionFacts(ModelVersion("Fraud", "1")), **{field: {str(each): "" for each in range(10_000)}})
    assert recent.weight(many) > 10_000 * 100
