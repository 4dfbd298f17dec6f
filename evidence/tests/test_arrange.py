"""Metrics searched, sorted and put together: nothing is lost, nothing is there twice, and the strip counts the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.compare import compare
from evidence.metrics.arrange import Arranged, By, Sort, View, arrange, prefix_of
from evidence.metrics.compare import MetricRow
from evidence.pages import number_of, shown
from registry.fake import measured
from registry.measurements import Measurement
from registry.types import ModelVersion, VersionFacts

NAMES = st.sampled_from(["val/auc", "val/loss", "test/auc", "val_auc", "train.loss", "auc", "a/b/c", "VAL-x", "ä/x"])
VALUES = st.sampled_from([0.0, 0.1, 0.5, 100.0, float("nan"), float("inf")])
SETS = st.sampled_from(["", "holdout", "Train"])


@st.composite
def sides(draw: Any) -> dict[str, Measurement]:
    found = draw(st.dictionaries(NAMES, st.tuples(VALUES, SETS)))
    return {key: Measurement(key, value, dataset_name=dataset) for key, (value, dataset) in found.items()}


def rows_of(new: dict[str, Any], old: dict[str, Any] | None) -> list[MetricRow]:
    def facts(number: str, metrics: dict[str, Any]) -> VersionFacts:
        return VersionFacts(ModelVersion("Fraud", number, run_id="r"), metrics=measured(metrics))

    found = compare(facts("2", new), None if old is None else facts("1", old))
    return [row for row in found.metrics.rows if isinstance(row, MetricRow)]


def keys(found: Arranged) -> list[str]:
    return [row.key for section in found.sections for row in section.rows]


VIEWS = st.builds(View, st.sampled_from(["", "AUC", "val x", "loss"]), st.sampled_from(Sort), st.sampled_from(By))


@given(sides(), st.none() | sides(), VIEWS)
def test_every_metric_that_matches_is_there_once(new: Any, old: Any, view: View) -> None:
    rows = rows_of(new, old)
    found = arrange(rows, view, page=1)
    words = view.text.casefold().split()
    matching = [row.key for row in rows if all(word in row.key.casefold() for word in words)]
    assert sorted(keys(found)) == sorted(matching)
    assert (found.shown.total, found.total, found.shown.last) == (len(matching), len(rows), len(matching))
    assert sum(section.better for section in found.sections) <= sum(row.better is True for row in rows)
    if not view.text:
        assert sum(section.worse for section in found.sections) == sum(row.better is False for row in rows)


@given(sides(), sides(), VIEWS, st.integers(1, 6))
def test_a_cut_shows_at_most_so_many_and_the_first_of_each_section(new: Any, old: Any, view: View, most: int) -> None:
    rows = rows_of(new, old)
    whole, cut = arrange(rows, view, page=1), arrange(rows, view, first=most)
    assert len(cut.shown.rows) == min(most, whole.shown.total)
    for full, part in zip(whole.sections, cut.sections, strict=False):
        assert (part.name, part.total, part.better, part.worse) == (full.name, full.total, full.better, full.worse)
        assert part.rows == full.rows[: len(part.rows)]
        assert part.rows


@given(sides(), sides(), VIEWS, st.integers(1, 6))
def test_the_pages_one_after_the_other_are_the_whole(new: Any, old: Any, view: View, most: int) -> None:
    rows = rows_of(new, old)
    whole = keys(arrange(rows, view, page=1))
    found, page = [], 1
    while page:
        part = arrange(rows, view, page=page, most=most)
        assert keys(part) == [row.key for row in part.shown.rows]
        assert part.shown.page == page
        found += keys(part)
        page = part.shown.next
    assert found == whole


@pytest.mark.parametrize(
    ("said", "number"), [("1", 1), ("7", 7), ("", 1), ("0", 1), ("-1", 1), ("x", 1), ("9" * 30, 1), ("\u0664", 1)]
)
def test_an_address_asks_for_a_page_or_for_the_first(said: str, number: int) -> None:
    assert number_of(said) == number


def test_a_page_behind_the_last_one_is_the_last_one_and_a_table_without_rows_has_one() -> None:
    assert [shown(range(2_500), page).first for page in (0, 1, 2, 3, 4, 999)] == [1, 1, 1_001, 2_001, 2_001, 2_001]
    last = shown(range(2_500), 999)
    assert (last.page, last.before, last.next, last.last) == (3, 2, 0, 2_500)
    assert [shown([], page).is_cut for page in (0, 1, 5)] == [False] * 3


@given(VIEWS)
def test_an_address_says_the_same_again(view: View) -> None:
    from urllib.parse import parse_qsl  # noqa: PLC0415

    assert View.of(dict(parse_qsl(view.query))) == view
    assert view.is_asked == bool(view.query)


def test_what_no_choice_is_called_is_the_usual_order() -> None:
    assert View.of({"metric_sort": "<b>", "metric_by": "x", "metric": "  "}) == View()
    assert len(View.of({"metric": "x" * 10_000}).text) == 250


def test_the_largest_change_comes_first_by_per_cent_and_what_has_none_behind_it() -> None:
    old = {"a": 1.0, "b": 100.0, "zero": 0.0, "same": 1.0, "nan": float("nan"), "gone": 1.0}
    new = {"a": 2.0, "b": 110.0, "zero": 0.1, "same": 1.0, "nan": 1.0, "new": 1.0}
    assert keys(arrange(rows_of(new, old), View(sort=Sort.CHANGE))) == [
        *("zero", "a", "b", "nan", "gone", "new", "same")
    ]


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        ("val/auc", "val"),
        ("a/b/c", "a/b"),
        ("val_auc", "val"),
        ("VAL-x", "VAL"),
        ("train.loss", "train"),
        ("mean_squared_error", ""),
        ("val", ""),
        ("auc", ""),
        ("", ""),
        ("/x", ""),
    ],
)
def test_a_prefix_is_what_comes_before_a_slash_or_names_a_part_of_the_data(key: str, prefix: str) -> None:
    assert prefix_of(key) == prefix


def test_sections_are_by_name_and_what_belongs_to_none_is_last() -> None:
    new = {
        "f1": Measurement("f1", 0.9),
        "auc": Measurement("auc", 0.9, dataset_name="holdout"),
        "b": Measurement("b", 0.9, dataset_name="Blind"),
    }
    found = arrange(rows_of(new, new), View(by=By.DATASET))
    assert [(section.name, section.total) for section in found.sections] == [("Blind", 1), ("holdout", 1), ("", 1)]


def test_ten_thousand_metrics_in_a_thousand_groups_show_a_hundred_and_say_so() -> None:
    new = {f"group{at % 1000}/m{at}": float(at) for at in range(10_000)}
    found = arrange(rows_of(new, dict.fromkeys(new, 1.0)), View(by=By.PREFIX))
    assert (len(found.shown.rows), found.shown.total, len(found.sections)) == (100, 10_000, 100)
