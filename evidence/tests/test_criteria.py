"""The author's own criteria, comparisons that somebody logged, and repeated measurements."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.compare import compare
from evidence.directions.names import Direction
from evidence.directions.wanted import Directions, Source, Wanted
from evidence.freeze import fingerprint, freeze, thaw
from evidence.metrics.criteria import criteria_of
from evidence.observe import Evidence
from registry.fake import measured
from registry.measurements import Measurement, Origin, Repeats, latest
from registry.types import ModelVersion, VersionFacts

CHAMPIONS_RUN = "c0ffee00" + "1" * 24


def facts(number: str, metrics: dict[str, Any], **more: Any) -> VersionFacts:
    run_id = CHAMPIONS_RUN if number == "1" else f"run{number}"
    return replace(VersionFacts(ModelVersion("Fraud", number, run_id=run_id), metrics=measured(metrics)), **more)


def tag(*rules: Any, **more: Any) -> str:
    names = ("metricKey", "comparator", "threshold")
    return json.dumps({"schemaVersion": 1, "rules": [dict(zip(names, rule, strict=True)) for rule in rules]} | more)


def test_criteria_are_held_against_what_was_measured_those_first_that_are_not_met():
    said = tag(
        ("correctness/mean", "GTE", 0.9), ("latency/p90", "LTE", 2), ("lost/mean", "GTE", 0.5), ("n/mean", "LTE", 1)
    )
    new = facts("2", {"correctness/mean": 0.95, "latency/p90": 2.5, "n/mean": math.nan}, criteria={"run2": said})
    old = facts("1", {"correctness/mean": 0.8})
    found = compare(new, old)
    assert [(row.key, row.sign, row.met) for row in found.criteria.rows] == [
        ("latency/p90", "≤", False),
        ("n/mean", "≤", False),
        ("lost/mean", "≥", None),
        ("correctness/mean", "≥", True),
    ]
    assert found.criteria.as_dict()["rows"][-1] == {
        "key": "correctness/mean",
        "comparator": "GTE",
        "threshold": 0.9,
        "challenger": 0.95,
        "champion": 0.8,
        "met": True,
    }
    assert found.verdict is not None
    assert found.verdict.as_dict()["criteria"] == {"met": 1, "total": 4}
    assert ("bad", "1 of 4 criteria of its author met", "criteria") in [
        (part.tone, part.words, part.anchor) for part in found.verdict.parts
    ]


def test_a_criterion_is_about_what_the_same_run_measured():
    metrics = {
        "f1 (a)": Measurement("f1", 0.5, dataset_name="a", run_id="r1"),
        "f1 (b)": Measurement("f1", 0.9, dataset_name="b", run_id="r2"),
    }
    new = facts("2", metrics, criteria={"r2": tag(("f1", "GTE", 0.8)), "r3": tag(("f1", "GTE", 0.8))})
    assert [row.met for row in criteria_of(new, None).rows] == [None, True]


@pytest.mark.parametrize(
    "said",
    [
        *("", "{", "[]", "null", "1", '"x"', "[" * 50_000, "{}", '{"schemaVersion": 1}', tag(schemaVersion=2)),
        *(tag(rules=7), tag(rules=[7]), tag(rules=[[]]), tag((1, "GTE", 1)), tag(("a", "GT", 1)), tag(("a", [], 1))),
        *(tag(("a", "GTE", "1")), tag(("a", "GTE", True)), tag(("a", "GTE", math.nan)), tag(("a", "GTE", math.inf))),
        *(tag(("a", "GTE", None)), f'{{"schemaVersion": 1, "rules": [], "x": "{"x" * 100_000}"}}'),
        '{"schemaVersion": 1, "rules": [{"metricKey": "a", "comparator": "GTE", "threshold": 1' + "0" * 400 + "}]}",
    ],
)
def test_what_mlflow_does_not_write_is_said_to_be_unreadable(said: str):
    found = criteria_of(facts("2", {"a": 1}, criteria={"run2": said}), None)
    assert (found.rows, found.problems) == (
        (),
        ("What run run2 asks of its own metrics is in a form that Checkpoint cannot read.",),
    )


def test_criteria_that_change_are_other_facts():
    one = Evidence(facts("2", {"a": 1}, criteria={"r": tag(("a", "GTE", 0.9))}))
    other = Evidence(facts("2", {"a": 1}, criteria={"r": tag(("a", "GTE", 0.5))}))
    assert fingerprint(one) != fingerprint(other)
    assert thaw(freeze(one.challenger)) == one.challenger


def statistics(baseline: str, scorer: str, **values: float) -> dict[str, float]:
    return {f"compare/{baseline}/{scorer}/{name}": value for name, value in values.items()}


def test_logged_comparisons_are_shown_as_what_they_are_and_are_no_metrics():
    logged = statistics("c0ffee00", "correctness", diff=0.1, ci_low=0.02, ci_high=0.2, p_value=0.01, n_paired=40)
    elsewhere = statistics("deadbeef", "toxicity", diff=0.3, p_value=0.2)
    new = facts("2", {"correctness/mean": 0.9, **logged, **elsewhere})
    old = facts("1", {"correctness/mean": 0.8, **statistics("0" * 8, "a/b", diff=-1.0)})
    found = compare(new, old)
    assert [row.key for row in found.metrics.rows] == ["correctness/mean"]
    assert [
        (row["by"], row["baseline"], row["is_with_champion"], row["scorer"], row["better"])
        for row in (one.as_dict() for one in found.logged)
    ] == [
        ("challenger", "c0ffee00", True, "correctness", True),
        ("challenger", "deadbeef", False, "toxicity", False),
        ("champion", "00000000", False, "a/b", None),
    ]
    first = found.logged[0]
    assert [value and value.text for value in (first.low, first.high, first.p_value, first.effect_size)] == [
        *("0.02", "0.2", "0.01"),
        None,
    ]
    turned = Directions({"correctness/mean": Wanted(Direction.LOWER, Source.TAG)})
    assert compare(new, old, turned).logged[0].better is False


NAMES = st.sampled_from(
    [
        "auc",
        "compare",
        "compare/x",
        "compare/a/b/diff",
        "compare/a/b/other",
        "compare//b/diff",
        "compare/123456789/b/diff",
    ]
)
METRICS = st.dictionaries(NAMES, st.sampled_from([0.5, math.nan]))


@given(METRICS, st.none() | METRICS)
def test_every_metric_is_a_row_or_a_part_of_a_logged_comparison(new: dict[str, float], old: dict[str, float] | None):
    found = compare(facts("2", new), None if old is None else facts("1", old))
    parts = [f"compare/{one.baseline}/{one.scorer}/{name}" for one in found.logged for name in one.stats]
    assert sorted([row.key for row in found.metrics.rows] + sorted(set(parts))) == sorted({*new, *(old or {})})


def of_model(value: float, *, step: int = 0, timestamp: int = 0, **more: Any) -> Measurement:
    return Measurement("f1", value, step, timestamp, origin=Origin.LOGGED_MODEL, run_id="r", **more)


def test_values_repeated_at_one_step_have_a_mean_and_a_standard_error():
    folds = [of_model(value, timestamp=at) for at, value in enumerate((0.8, 0.9, 0.7))]
    (found,) = latest(of_run=[], of_model=[*folds, of_model(5.0, step=-1)]).values()
    assert found.repeats is not None
    assert (found.value, found.repeats.count) == (0.7, 3)
    assert (found.repeats.mean, found.repeats.error) == pytest.approx((0.8, 0.1 / math.sqrt(3)))
    apart = latest(of_run=[], of_model=[of_model(0.8, dataset_name="a"), of_model(0.9, dataset_name="b")])
    assert [one.repeats for one in apart.values()] == [None, None]


def test_a_nan_that_a_logged_model_keeps_as_0_is_no_repeat():
    run = Measurement("f1", math.nan, 0, 2, origin=Origin.RUN, run_id="r")
    (found,) = latest(of_run=[run], of_model=[of_model(0.8, timestamp=1), of_model(0.0, timestamp=2)]).values()
    assert found.repeats is None


@given(st.lists(st.floats(), min_size=0, max_size=6))
def test_any_values_have_a_finite_error_or_none(values: list[float]):
    found = latest(of_run=[], of_model=[of_model(value, timestamp=at) for at, value in enumerate(values)])
    for one in found.values():
        assert one.repeats is None or (math.isfinite(one.repeats.error) and one.repeats.error >= 0)
        assert thaw(freeze(facts("2", {"f1": one}))).metrics["f1"].repeats == one.repeats


def repeated(mean: float, error: float) -> dict[str, Measurement]:
    return {"auc": Measurement("auc", mean, repeats=Repeats(5, mean, error))}


def test_a_difference_within_the_spread_of_repeats_is_doubted():
    near = compare(facts("2", repeated(0.91, 0.01)), facts("1", repeated(0.9, 0.01)))
    far = compare(facts("2", repeated(0.99, 0.01)), facts("1", repeated(0.9, 0.01)))
    alone = compare(facts("2", repeated(0.91, 0.01)), facts("1", {"auc": 0.9}))
    said = [[doubt.code for doubt in found.verdict.doubts] for found in (near, far, alone) if found.verdict]
    assert said == [["within_spread"], [], ["few_repeats"]]
    assert near.verdict is not None
    assert near.verdict.doubts[0].sentence == (
        "auc differs by less than twice the standard error of repeated measurements: that may be chance."
    )
