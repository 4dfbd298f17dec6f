"""The strip says what the tables below it say."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.compare import Comparison, compare
from evidence.metrics.compare import MetricRow
from evidence.rows import Kind
from evidence.verdict import Verdict
from registry.fake import measured
from registry.measurements import Measurement, Repeats
from registry.types import Contents, ModelVersion, VersionFacts

NAMES = ("auc", "rmse", "widgets", "val_loss")
METRICS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.1, 0.5, 0.9, float("nan"), float("inf")]))


def facts(number: str, **more: Any) -> VersionFacts:
    return replace(VersionFacts(ModelVersion("Fraud", number, run_id=f"run{number}")), **more)


def compared(new: dict[str, float], old: dict[str, float]) -> Comparison:
    return compare(facts("2", metrics=measured(new)), facts("1", metrics=measured(old)))


def verdict(comparison: Comparison) -> Verdict:
    assert comparison.verdict is not None
    return comparison.verdict


def words(found: Verdict) -> str:
    return " · ".join(part.words for part in found.parts)


def test_better_and_worse_follow_the_direction_of_each_metric() -> None:
    found = verdict(
        compared({"auc": 0.9, "rmse": 0.5, "widgets": 5, "new": 1}, {"auc": 0.8, "rmse": 0.4, "widgets": 4})
    )
    assert (found.better, found.worse, found.undirected, found.missing, found.equal) == (1, 1, 1, 1, 0)
    assert words(found) == (
        "metrics on one side only · 1 metric worse · 1 metric better · 1 metric without direction, 1 on one side only"
    )


@given(METRICS, METRICS)
def test_the_numbers_are_those_of_the_rows(new: dict[str, float], old: dict[str, float]) -> None:
    comparison = compared(new, old)
    found, rows = verdict(comparison), comparison.metrics.rows
    assert found.better + found.worse + found.equal + found.undirected + found.missing == len(rows)
    assert found.missing == comparison.metrics.counts[Kind.ADDED] + comparison.metrics.counts[Kind.REMOVED]
    assert found.better == sum(isinstance(row, MetricRow) and row.better is True for row in rows)


@given(METRICS, METRICS)
def test_swapping_the_sides_turns_the_verdict(new: dict[str, float], old: dict[str, float]) -> None:
    one, other = verdict(compared(new, old)), verdict(compared(old, new))
    assert (one.better, one.worse) == (other.worse, other.better)
    assert (one.equal, one.undirected, one.missing) == (other.equal, other.undirected, other.missing)


def test_figures_on_other_data_and_at_other_steps_are_doubted() -> None:
    new = {"auc": Measurement("auc", 0.9, step=3, dataset_name="holdout", dataset_digest="b")}
    old = {"auc": Measurement("auc", 0.8, step=2, dataset_name="holdout", dataset_digest="a")}
    found = verdict(compare(facts("2", metrics=new), facts("1", metrics=old)))
    assert [doubt.code for doubt in found.doubts] == ["different_datasets", "different_steps"]
    assert found.doubts[0].sentence == "auc was measured on other data: the figures do not compare."
    assert "other data" in words(found)


def repeated(count: int) -> dict[str, Measurement]:
    return {"auc": Measurement("auc", 0.9 + count, repeats=Repeats(count, 0.9 + count, 0.001))}


def test_what_was_measured_often_enough_on_both_sides_or_once_on_both_is_not_doubted() -> None:
    for new, old in ((repeated(3), repeated(5)), (measured({"auc": 1}), measured({"auc": 2}))):
        assert not verdict(compare(facts("2", metrics=new), facts("1", metrics=old))).doubts


def test_metrics_of_one_side_are_named_with_whose_they_are() -> None:
    new, old = measured({"auc": 1, "f1": 1, "recall": 1}), measured({"auc": 1, "rmse": 1})
    (doubt,) = verdict(compare(facts("2", metrics=new), facts("1", metrics=old))).doubts
    assert (
        doubt.sentence == "rmse was measured of the champion only, f1 and recall were measured of the challenger only."
    )


@pytest.mark.parametrize(
    ("challenger", "champion", "code"),
    [
        ({"metrics": measured({"auc": 1})}, {"metrics": measured({"rmse": 1})}, "no_common_metric"),
        ({"metrics": measured({"auc": 1})}, {"metrics": measured({"auc": 1, "rmse": 1})}, "one_sided_metrics"),
        ({"metrics": measured({"auc": 1, "rmse": 1})}, {"metrics": measured({"auc": 1})}, "one_sided_metrics"),
        ({"metrics": repeated(2)}, {"metrics": repeated(9)}, "few_repeats"),
        ({"metrics": repeated(9)}, {"metrics": measured({"auc": 1})}, "few_repeats"),
        ({}, {"version": ModelVersion("Fraud", "1")}, "champion_without_run"),
        ({"version": ModelVersion("Fraud", "2")}, {}, "challenger_without_run"),
        ({"unplaced_source": "s3://bucket/root/7"}, {}, "challenger_source_elsewhere"),
        ({}, {"unplaced_source": "s3://bucket/root/7"}, "champion_source_elsewhere"),
        ({"gone": ("run", "logged_model")}, {}, "challenger_gone"),
        ({}, {"gone": ("run",)}, "champion_gone"),
    ],
)
def test_what_makes_a_comparison_unfair_is_named(
    challenger: dict[str, Any], champion: dict[str, Any], code: str
) -> None:
    found = verdict(compare(facts("2", **challenger), facts("1", **champion)))
    assert code in [doubt.code for doubt in found.doubts]
    assert found.parts[0].anchor == "doubts"
    assert ("more warning" in found.parts[0].words) == (len(found.doubts) > 1)


@pytest.mark.parametrize(
    ("context", "code", "said"),
    [
        ("testing", "different_datasets", "Measured on other data (b (2) for a (1)): the figures do not compare."),
        ("training", "other_training_data", "Trained on other data (b (2) for a (1))."),
        ("", "different_datasets", "Measured on other data (b (2) for a (1)): the figures do not compare."),
    ],
)
def test_runs_that_used_other_data_are_doubted(context: str, code: str, said: str) -> None:
    new, old = facts("2", datasets={context: "b (2)"}), facts("1", datasets={context: "a (1)"})
    found = compare(new, old)
    assert [(doubt.code, doubt.sentence) for doubt in verdict(found).doubts] == [(code, said)]
    assert [row.key for row in found.datasets.rows] == [f"{context} data".strip()]
    assert not verdict(compare(new, new)).doubts


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Hi {{ name }}", "Hello {{ name }}", "text changed"),
        ("Hi {{ name }}", "Hi {{ name }}", "same text"),
        ("Hi {{ name }}", "Hello {{ who }} of {{ city }}", "1 variable lost · 2 variables added · text changed"),
    ],
)
def test_the_strip_of_a_prompt_is_about_its_text(old: str, new: str, said: str) -> None:
    assert words(verdict(compare(facts("2", prompt_text=new), facts("1", prompt_text=old)))) == said


def test_what_is_deleted_is_named_and_so_is_how_much_else_there_is_to_read() -> None:
    found = verdict(compare(facts("2", gone=("run", "logged_model")), facts("1", gone=("run",))))
    assert [doubt.sentence for doubt in found.doubts] == [
        "The champion's run is deleted in MLflow.",
        "The challenger's run and logged model are deleted in MLflow.",
    ]
    assert words(found) == "champion's run or logged model deleted, 1 more warning"


def test_a_fair_comparison_is_not_doubted() -> None:
    assert not verdict(compared({"auc": 0.9}, {"auc": 0.8})).doubts


def test_a_breaking_signature_and_changed_packages_come_before_what_is_better() -> None:
    def files(inputs: str, requirements: str) -> Contents:
        return Contents({"MLmodel": f"signature: {{inputs: '{inputs}'}}", "requirements.txt": requirements})

    new = files('[{"name": "a", "type": "long"}, {"name": "b", "type": "long"}]', "numpy==2\ntorch")
    old = files('[{"name": "a", "type": "long"}]', "numpy==1")
    better, worse = measured({"auc": 0.9}), measured({"auc": 0.8})
    found = verdict(compare(facts("2", metrics=better, contents=new), facts("1", metrics=worse, contents=old)))
    assert words(found) == "signature breaking · 2 packages changed · 1 metric better"
    assert found.as_dict() == {
        "better": 1,
        "worse": 0,
        "equal": 0,
        "undirected": 0,
        "missing": 0,
        "signature": "breaking",
        "packages_changed": 2,
        "criteria": {"met": 0, "total": 0},
        "gates": {"passed": 0, "total": 0},
        "checks": {"passed": 0, "pending": 0, "failed": 0},
        "warnings": [],
    }


def test_a_version_that_names_another_run_than_its_files_come_from_is_doubted_first() -> None:
    new = facts("2", version=ModelVersion("Fraud", "2", run_id="good"), made_by="bad", metrics=measured({"auc": 0.9}))
    old = facts("1", metrics=measured({"auc": 0.8}))
    found = verdict(compare(new, old))
    assert found.doubts[0].code == "challenger_run_and_source_disagree"
    assert found.doubts[0].sentence == (
        "The challenger names run good, and its files come from run bad: the figures below are of the latter."
    )
    assert words(found).startswith("names another run than its files")
