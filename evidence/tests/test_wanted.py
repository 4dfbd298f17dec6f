"""What is set here goes before a tag, and that before the name; what was judged keeps its directions."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.compare import compare
from evidence.directions.names import Direction, direction_of
from evidence.directions.overrides import directions_of, write
from evidence.directions.wanted import SAID, Directions, Source, Wanted, from_tags, tag_of
from evidence.freeze import fingerprint
from evidence.metrics.compare import MetricRow
from evidence.observe import Evidence
from evidence.verdict import Verdict
from protection.gates import Subject, parse_gate
from registry.fake import measured
from registry.types import ModelVersion, RegisteredModel, VersionFacts

NAMES = ("auc", "rmse", "widgets", "val/loss", "a b.c")
WORDS = st.sampled_from(sorted(SAID))
METRICS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([0.1, 0.5, float("nan")]))
SET = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        Wanted,
        WORDS.map(SAID.get),
        st.sampled_from([Source.TAG, Source.PAGE]),
        st.sampled_from(["", "grace"]),
        st.sampled_from([None, datetime(2026, 11, 1, tzinfo=UTC)]),
    ),
)


def facts(number: str, metrics: dict[str, float]) -> VersionFacts:
    return VersionFacts(ModelVersion("Fraud", number, run_id=f"run{number}"), metrics=measured(metrics))


def verdict(new: dict[str, float], old: dict[str, float], known: dict[str, Wanted]) -> Verdict:
    found = compare(facts("2", new), facts("1", old), Directions(known)).verdict
    assert found is not None
    return found


@given(st.sampled_from(NAMES), WORDS)
def test_a_tag_says_which_values_of_any_metric_are_better(name: str, word: str) -> None:
    assert from_tags({tag_of(name): f" {word.upper()} "}) == {name: Wanted(SAID[word], Source.TAG)}


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("checkpoint.metric.auc.direction", "up"),
        ("checkpoint.metric.auc.direction", ""),
        ("checkpoint.metric..direction", "lower"),
        ("checkpoint.metric.direction", "lower"),
        ("Checkpoint.metric.auc.direction", "lower"),
        ("checkpoint.metric.auc", "lower"),
    ],
)
def test_other_tags_and_other_words_say_nothing(tag: str, value: str) -> None:
    assert from_tags({tag: value}) == {}


@pytest.mark.django_db
def test_what_is_set_here_goes_before_a_tag_and_that_before_the_name(ada: Any) -> None:
    model = RegisteredModel("Fraud", tags={tag_of("auc"): "lower", tag_of("rmse"): "higher"})
    write("Fraud", "auc", "none", user_id=ada.pk, workspace="")
    write("Other", "loss", "higher", user_id=ada.pk, workspace="")
    write("Fraud", "loss", "higher", user_id=ada.pk, workspace="elsewhere")
    found = directions_of(model, workspace="")
    assert (found.of("auc").word, found.of("auc").source, found.of("auc").by) == ("none", Source.PAGE, "ada")
    assert (found.of("rmse").word, found.of("rmse").source) == ("higher", Source.TAG)
    assert found.of("loss") == Wanted(Direction.LOWER)
    write("Fraud", "auc", "", user_id=ada.pk, workspace="")
    assert directions_of(model, workspace="").of("auc").source is Source.TAG


@given(METRICS, METRICS, SET)
def test_the_verdict_counts_by_the_directions_and_turns_with_the_sides(
    new: dict[str, float], old: dict[str, float], known: dict[str, Wanted]
) -> None:
    one, other = verdict(new, old, known), verdict(old, new, known)
    assert (one.better, one.worse) == (other.worse, other.better)
    for row in compare(facts("2", new), facts("1", old), Directions(known)).metrics.rows:
        assert isinstance(row, MetricRow)
        assert row.wanted == Directions(known).of(row.key)
        assert row.better is None or row.wanted.direction
    turned = {key for key in new.keys() & old.keys() & known.keys() if known[key].is_against(key)}
    assert ("direction_against_name" in [doubt.code for doubt in one.doubts]) == bool(turned)


@given(SET, st.sets(st.sampled_from(NAMES)))
def test_what_was_judged_keeps_its_directions_whatever_the_names_say_later(
    known: dict[str, Wanted], keys: set[str]
) -> None:
    kept = Directions.thawed(json.loads(json.dumps(Directions(known).frozen(keys))))
    assert {key: kept.known[key] for key in keys} == {key: Directions(known).of(key) for key in keys}
    assert kept.known.keys() == keys


def test_whoever_turns_a_direction_turns_the_fingerprint() -> None:
    plain = Evidence(facts("2", {"auc": 0.9, "x": 1}), facts("1", {"auc": 0.8}))
    turned = replace(plain, directions=Directions({"auc": Wanted(Direction.LOWER, Source.TAG)}))
    same = replace(plain, directions=Directions({"auc": Wanted(Direction.HIGHER, Source.PAGE, "grace")}))
    elsewhere = replace(plain, directions=Directions({"recall": Wanted(Direction.LOWER, Source.TAG)}))
    assert fingerprint(turned) != fingerprint(plain)
    assert fingerprint(same) == fingerprint(plain) == fingerprint(elsewhere)


def test_a_gate_goes_by_the_same_direction() -> None:
    gate = parse_gate("metric rmse no worse than champion")
    new, old = facts("2", {"rmse": 0.5}), facts("1", {"rmse": 0.4})
    turned = Directions({"rmse": Wanted(Direction.HIGHER, Source.PAGE, "grace")})
    nobody = Directions({"rmse": Wanted(Direction.UNKNOWN, Source.TAG)})
    judged = [gate.judge(Subject(new, old, "", datetime.now(UTC), *by)).passed for by in ((), (turned,), (nobody,))]
    assert judged == [False, True, None]


def test_a_direction_against_the_name_is_said_first_with_whose_word_it_is() -> None:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    known = {
        "auc": Wanted(Direction.LOWER, Source.PAGE, "mallory", at),
        "rmse": Wanted(Direction.UNKNOWN, Source.TAG),
        "widgets": Wanted(Direction.HIGHER, Source.TAG),
    }
    found = verdict({"auc": 0.1, "rmse": 2, "widgets": 1}, {"auc": 0.9, "rmse": 1, "widgets": 0}, known)
    assert found.doubts[0].sentence == (
        "Counted against their names: of auc lower values count as better (mallory set that on 02 November 2026) and "
        "of rmse no values count as better (a tag of the model says so)."
    )
    assert found.parts[0].words == "direction against its name"
    assert (found.better, found.undirected) == (2, 1)


def test_names_alone_are_never_against_themselves() -> None:
    assert not any(Wanted(direction_of(name)).is_against(name) for name in NAMES)
