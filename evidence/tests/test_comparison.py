import json
import math
import time
from dataclasses import replace

import pytest

from evidence.compare import Comparison, compare
from evidence.metrics.compare import MetricRow, compare_metrics
from evidence.numbers import change, shown
from evidence.rows import Kind
from evidence.verdict import Counts
from registry.fake import measured
from registry.measurements import Measurement, Origin
from registry.types import ModelVersion, VersionFacts


def facts(version="2", *, params=None, metrics=None, tags=None, prompt_text=None):
    return VersionFacts(
        ModelVersion("Fraud", version), params or {}, measured(metrics or {}), tags or {}, prompt_text=prompt_text
    )


def metric(new, old) -> MetricRow:
    comparison = compare(facts(metrics={"auc": new}), facts("1", metrics={"auc": old}))
    (row,) = comparison.metrics.rows
    assert isinstance(row, MetricRow)
    return row


def test_of_thousands_of_rows_only_those_that_are_shown_are_made_readable(monkeypatch):
    made = []
    monkeypatch.setattr("evidence.metrics.compare.shown", lambda value: made.append(value) or shown(value))
    monkeypatch.setattr("evidence.metrics.compare.change", lambda *values: made.append(values) or change(*values))
    new, old = ({f"m{number}": number + side for number in range(2_000)} for side in (1, 0))
    comparison = compare(facts(metrics=new), facts("1", metrics=old))
    assert comparison.verdict is not None
    assert comparison.verdict.undirected == 2_000
    assert made == []
    value = comparison.metrics.rows[0].champion
    assert value is not None
    assert value.text == "0"
    assert made == [0, 1]


def test_each_row_says_whether_it_changed_came_went_or_stayed():
    comparison = compare(
        facts(params={"depth": "5", "trees": "100", "lr": "0.1"}),
        facts("1", params={"depth": "4", "trees": "100", "seed": "7"}),
    )
    assert {row.key: row.kind for row in comparison.parameters.rows} == {
        "depth": Kind.CHANGED,
        "lr": Kind.ADDED,
        "seed": Kind.REMOVED,
        "trees": Kind.EQUAL,
    }
    assert comparison.parameters.counts == {"changed": 1, "added": 1, "removed": 1, "equal": 1, "new": 0}
    assert comparison.differs


def test_differences_come_first_and_each_kind_by_name_in_any_case():
    comparison = compare(
        facts(tags={"b": "1", "a": "1", "Z": "2", "y": "2", "new": "1"}),
        facts("1", tags={"b": "1", "a": "1", "Z": "1", "y": "1", "gone": "1"}),
    )
    assert [row.key for row in comparison.tags.rows] == ["y", "Z", "new", "gone", "a", "b"]
    assert [row.key for row in comparison.tags.differences] == ["y", "Z", "new", "gone"]
    assert [row.key for row in comparison.tags.others] == ["a", "b"]


def test_a_missing_side_is_none_and_an_empty_text_is_not_missing():
    (row,) = compare(facts(params={"note": ""}), facts("1")).parameters.rows
    assert row.champion is None
    assert row.challenger is not None
    assert row.challenger.text == ""
    (row,) = compare(facts(params={"note": ""}), facts("1", params={"note": ""})).parameters.rows
    assert row.kind == Kind.EQUAL


def test_without_a_champion_nothing_counts_as_a_difference():
    comparison = compare(facts(params={"depth": "5"}, metrics={"auc": 0.9}, tags={"a": "b"}), None)
    assert {row.kind for group in comparison.groups for row in group.rows} == {Kind.NEW}
    assert not comparison.has_champion
    assert not comparison.differs
    (row,) = comparison.metrics.rows
    assert isinstance(row, MetricRow)
    assert (row.champion, row.delta, row.percent, row.direction) == (None, None, None, "")


def test_a_champion_without_facts_makes_every_row_added():
    comparison = compare(facts(metrics={"auc": 0.9}), facts("1"))
    assert comparison.has_champion
    assert [row.kind for row in comparison.metrics.rows] == [Kind.ADDED]


def test_delta_is_challenger_minus_champion_without_binary_noise():
    row = metric(0.3, 0.2)
    assert row.delta is not None
    assert row.percent is not None
    assert (row.delta.exact, row.delta.text, row.percent.text, row.direction) == ("0.1", "+0.1", "+50 %", "up")
    row = metric(0.1 + 0.2, 0.3)
    assert row.kind == Kind.CHANGED, "the noise is in what was logged, so it is shown"
    assert row.delta is not None
    assert row.delta.exact == "4E-17"


def test_percent_is_of_the_absolute_value_so_that_its_sign_is_the_deltas():
    row = metric(-1.0, -2.0)
    assert row.delta is not None
    assert row.percent is not None
    assert (row.delta.text, row.percent.text, row.direction) == ("+1", "+50 %", "up")


@pytest.mark.parametrize("champion", [0.0, -0.0])
def test_a_change_from_zero_has_a_delta_but_no_percentage(champion):
    row = metric(0.5, champion)
    assert row.delta is not None
    assert row.delta.text == "+0.5"
    assert row.percent is None


@pytest.mark.parametrize(
    ("new", "old", "kind", "direction"),
    [
        (math.nan, math.nan, Kind.EQUAL, ""),
        (math.nan, 1.0, Kind.CHANGED, ""),
        (1.0, math.nan, Kind.CHANGED, ""),
        (math.inf, 1.0, Kind.CHANGED, "up"),
        (-math.inf, math.inf, Kind.CHANGED, "down"),
        (math.inf, math.inf, Kind.EQUAL, ""),
    ],
)
def test_numbers_that_are_not_finite_have_neither_delta_nor_percentage(new, old, kind, direction):
    row = metric(new, old)
    assert (row.kind, row.direction, row.delta, row.percent) == (kind, direction, None, None)


@pytest.mark.parametrize(
    ("new", "old", "better"),
    [(math.nan, 0.9, False), (0.9, math.nan, True), (math.nan, math.nan, None), (math.inf, 0.9, True)],
)
def test_a_number_is_better_than_none_where_one_of_them_is_better_at_all(new, old, better):
    for key, said in (("auc", better), ("rows", None)):
        row = compare_metrics(measured({key: new}), measured({key: old})).rows[0]
        assert (row.better, row.kind is Kind.EQUAL) == (said, better is None)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.912345678, "0.912346"),
        (0.1, "0.1"),
        (1234567.0, "1234567"),
        (1234567.891, "1234568"),
        (100.0, "100"),
        (-2.5, "-2.5"),
        (0.0, "0"),
        (0.00001234, "0.00001234"),
        (1.5e-7, "1.5e-7"),
        (1e20, "1e+20"),
        (123456789.0e12, "1.23457e+20"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
    ],
)
def test_numbers_are_shown_short_and_kept_whole(number, text):
    row = metric(number, 77.0)
    assert row.challenger is not None
    assert row.challenger.text == text
    assert repr(float(row.challenger.exact)) == repr(number)


def test_two_numbers_that_differ_never_read_alike():
    row = metric(0.91234567, 0.91234568)
    assert row.champion is not None
    assert row.challenger is not None
    assert (row.champion.text, row.challenger.text) == ("0.91234568", "0.91234567")


def test_the_largest_doubles_can_be_compared():
    row = metric(-1.7976931348623157e308, 1.7976931348623157e308)
    assert row.delta is not None
    assert row.delta.exact == "-3.5953862697246314E+308"
    json.dumps(row.as_dict(), allow_nan=False)


def test_parameters_that_look_like_numbers_are_texts():
    (row,) = compare(facts(params={"lr": "1e-3"}), facts("1", params={"lr": "0.001"})).parameters.rows
    assert row.kind == Kind.CHANGED
    assert row.challenger is not None
    assert row.challenger.text == "1e-3"


def prompts(new: str | None, old: str | None) -> Comparison:
    return compare(facts(prompt_text=new), facts("1", prompt_text=old))


def test_tags_of_runs_are_compared_and_mlflows_own_stand_apart_and_are_no_difference():
    new = facts(tags={"team": "risk"})
    new = replace(
        new,
        version=replace(new.version, tags={"team": "risk", "mlflow.user": "ada", "mlflow.prompt.text": "Hello"}),
        run_tags={"sweep": "7", "mlflow.user": "root", "mlflow.source.name": "train.py"},
    )
    old = replace(facts("1", tags={"team": "risk"}), run_tags={"sweep": "6"})
    found = compare(new, old)
    assert {row.key: row.kind for row in found.run_tags.rows} == {"sweep": Kind.CHANGED}
    assert {row.key: row.as_dict()["challenger"] for row in found.system_tags.rows} == {
        "mlflow.source.name": "train.py",
        "mlflow.user": "ada",
        "mlflow.user (of the run)": "root",
    }
    assert found.differs
    assert not compare(new, replace(old, run_tags={"sweep": "7"})).differs
    assert found.as_dict()["system_tags"]["counts"]["added"] == 3


def test_a_changed_prompt_is_a_unified_diff():
    comparison = prompts("Hello\nbe brief\nbye", "Hello\nbe kind\nbye")
    assert comparison.prompt is not None
    assert [(line.kind, line.text) for line in comparison.prompt.lines] == [
        ("hunk", "Line 1"),
        ("context", "Hello"),
        ("removed", "be kind"),
        ("added", "be brief"),
        ("context", "bye"),
    ]
    assert comparison.differs


def test_lines_of_a_prompt_that_look_like_a_diffs_header_are_kept():
    comparison = prompts("++ b\n-- a", "same")
    assert comparison.prompt is not None
    assert [(line.kind, line.text) for line in comparison.prompt.lines[1:]] == [
        ("removed", "same"),
        ("added", "++ b"),
        ("added", "-- a"),
    ]


def test_a_final_line_break_that_was_added_shows():
    comparison = prompts("Hello\n", "Hello")
    assert comparison.prompt is not None
    assert ("added", "") in [(line.kind, line.text) for line in comparison.prompt.lines]


@pytest.mark.parametrize(
    ("new", "old", "kind"),
    [("a", "a", Kind.EQUAL), ("a", None, Kind.ADDED), (None, "a", Kind.REMOVED), ("", None, Kind.ADDED)],
)
def test_a_prompt_on_one_side_or_unchanged_has_no_diff(new, old, kind):
    prompt = prompts(new, old).prompt
    assert prompt is not None
    assert (prompt.kind, prompt.lines) == (kind, ())


def test_models_have_no_prompt():
    assert prompts(None, None).prompt is None
    new = compare(facts(prompt_text="a"), None).prompt
    assert new is not None
    assert new.kind == Kind.NEW


def test_a_long_prompt_cannot_keep_the_server_busy():
    before = "\n".join(str(line) for line in range(20_000))
    after = "\n".join(str(line) for line in reversed(range(20_000)))
    started = time.thread_time()
    prompt = prompts(after, before).prompt
    assert time.thread_time() - started < 1
    assert prompt is not None
    assert len(prompt.lines) == 1 + 40_000


def test_a_metric_row_tells_how_each_side_was_measured_and_what_the_other_place_says():
    first = Measurement("loss", math.nan, 0, 10, origin=Origin.LOGGED_MODEL, run_id="r")
    new = Measurement("loss", 0.3, 29, 20, origin=Origin.RUN, run_id="r", other=first)
    old = Measurement("loss", 0.4, 5, 30, "test", "d1", Origin.BOTH, "q")
    (row,) = compare(facts(metrics={"loss": new}), facts("1", metrics={"loss": old})).metrics.rows
    assert isinstance(row, MetricRow)
    assert (row.challenger_measured, row.champion_measured) == (new, old)
    assert json.loads(json.dumps(row.as_dict(), allow_nan=False))["measured"] == {
        "champion": {
            "step": 5,
            "timestamp": 30,
            "dataset": {"name": "test", "digest": "d1"},
            "origin": "both",
            "run_id": "q",
            "repeats": None,
            "other": None,
        },
        "challenger": {
            "step": 29,
            "timestamp": 20,
            "dataset": None,
            "origin": "run",
            "run_id": "r",
            "repeats": None,
            "other": {
                "value": "NaN",
                "step": 0,
                "timestamp": 10,
                "dataset": None,
                "origin": "logged_model",
                "run_id": "r",
                "repeats": None,
            },
        },
    }


def test_sides_are_measured_alike_only_when_nothing_but_the_value_and_the_time_differs():
    one = Measurement("loss", 0.3, 29, 20, "test", "d1", Origin.BOTH, "r")
    for other, is_alike in (
        (replace(one, value=0.4, timestamp=7, run_id="q"), True),
        (replace(one, step=28), False),
        (replace(one, dataset_name="train"), False),
        (replace(one, dataset_digest="d2"), False),
        (replace(one, origin=Origin.RUN), False),
        (replace(one, other=one), False),
    ):
        (row,) = compare(facts(metrics={"loss": one}), facts("1", metrics={"loss": other})).metrics.rows
        assert isinstance(row, MetricRow)
        assert row.is_measured_alike is is_alike
    (row,) = compare(facts(metrics={"loss": one}), facts("1")).metrics.rows
    assert isinstance(row, MetricRow)
    assert not row.is_measured_alike


def test_data_sets_are_compared_with_the_same_data_set_of_the_other_version():
    train, test = (Measurement("f1", value, dataset_name=name) for value, name in ((0.9, "train"), (0.7, "test")))
    old = Measurement("f1", 0.6, dataset_name="test")
    comparison = compare(facts(metrics={"f1 (train)": train, "f1 (test)": test}), facts("1", metrics={"f1": old}))
    assert [(row.key, row.kind) for row in comparison.metrics.rows] == [
        ("f1 (test)", Kind.CHANGED),
        ("f1 (train)", Kind.ADDED),
    ]


def test_a_metric_of_one_data_set_is_compared_with_one_that_names_none():
    new, old = Measurement("f1", 0.9, dataset_name="test"), Measurement("f1", 0.8)
    (row,) = compare(facts(metrics={"f1": new}), facts("1", metrics={"f1": old})).metrics.rows
    assert (row.key, row.kind) == ("f1", Kind.CHANGED)


def test_the_api_gets_numbers_where_json_has_them_and_can_leave_equal_rows_out():
    comparison = compare(
        facts(metrics={"auc": 0.9, "loss": math.nan, "same": 1.0}, params={"depth": "5"}),
        facts("1", metrics={"auc": 0.8, "loss": 0.5, "same": 1.0}, params={"depth": "5"}),
    )
    full = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    measured_by_the_run = {
        "step": 0,
        "timestamp": 0,
        "dataset": None,
        "origin": "run",
        "run_id": "",
        "other": None,
        "repeats": None,
    }
    assert [row.pop("measured") for row in full["metrics"]["rows"]] == [
        {"champion": measured_by_the_run, "challenger": measured_by_the_run}
    ] * 3
    assert {(row.pop("step"), row.pop("dataset"), row.pop("origin")) for row in full["metrics"]["rows"]} == {
        (0, None, "run")
    }
    assert [row.pop("wanted") for row in full["metrics"]["rows"]] == [
        {"direction": direction, "source": "name", "by": "", "at": None} for direction in ("lower", "higher", "none")
    ]
    assert full["metrics"]["rows"] == [
        {
            "key": "loss",
            "kind": "changed",
            "champion": 0.5,
            "challenger": "NaN",
            "delta": None,
            "percent": None,
            "direction": "",
            "better": False,
        },
        {
            "key": "auc",
            "kind": "changed",
            "champion": 0.8,
            "challenger": 0.9,
            "delta": 0.1,
            "percent": 12.5,
            "direction": "up",
            "better": True,
        },
        {
            "key": "same",
            "kind": "equal",
            "champion": 1.0,
            "challenger": 1.0,
            "delta": 0.0,
            "percent": 0.0,
            "direction": "",
            "better": None,
        },
    ]
    short = comparison.as_dict(only_differences=True)
    assert [row["key"] for row in short["metrics"]["rows"]] == ["loss", "auc"]
    assert short["parameters"]["rows"] == []
    assert short["parameters"]["counts"]["equal"] == 1


def test_the_strip_counts_gates_and_checks_and_says_first_what_failed():
    compared = compare(facts(metrics={"auc": 0.9}), facts("1", metrics={"auc": 0.8}))
    found = compared.with_counts(
        Counts(gates_passed=4, gates=5, checks_passed=1, checks_pending=2, checks_failed=1)
    ).verdict
    assert found is not None
    assert [(part.tone, part.words, part.anchor) for part in found.parts][-5:] == [
        ("bad", "4 of 5 gates passed", "gates"),
        ("bad", "1 check failed", "checks"),
        ("warn", "2 checks pending", "checks"),
        ("good", "1 metric better", "metrics"),
        ("good", "1 check passed", "checks"),
    ]
    assert compare(facts(), None).with_counts(Counts(gates=1)).verdict is None
