"""Values that are JSON or YAML are compared by their keys."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.compare import compare
from evidence.contents.structured import by_key
from registry.types import ModelVersion, VersionFacts

LEAVES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=5)
VALUES = st.dictionaries(
    LEAVES, LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(LEAVES, LEAVES, max_size=3), max_size=4
)


def test_one_changed_setting_is_a_row_of_its_own():
    old = {"optimizer": {"name": "adam", "betas": [0.9, 0.999]}, "layers": 3, "seed": 7}
    new = {"optimizer": {"name": "adam", "betas": [0.9, 0.99]}, "layers": 3, "warmup": "1e-3"}
    facts = [
        VersionFacts(ModelVersion("M", number), params={"config": json.dumps(said)})
        for number, said in (("2", new), ("1", old))
    ]
    (row,) = compare(*facts).parameters.rows
    assert [(inner.key, str(inner.kind)) for inner in row.by_key] == [
        ("optimizer.betas[1]", "changed"),
        ("warmup", "added"),
        ("seed", "removed"),
    ]
    assert row.as_dict()["by_key"][0] == {
        "key": "optimizer.betas[1]",
        "kind": "changed",
        "champion": "0.999",
        "challenger": "0.99",
    }


def test_yaml_is_read_as_well():
    assert by_key("depth: 3\nlr: 1e-3\n", "depth: 4\nlr: 0.001\n") == {"depth": ("3", "4"), "lr": ("1e-3", "0.001")}


@given(VALUES, VALUES)
def test_no_leaf_of_either_side_is_missing_and_swapping_the_sides_turns_them(old, new):
    found = by_key(json.dumps(old), json.dumps(new))
    back = by_key(json.dumps(new), json.dumps(old))
    assert back == {path: (after, before) for path, (before, after) in found.items()}
    if found:
        assert {key for key, value in old.items() if isinstance(value, str)} <= {path for path, _ in found.items()}


@pytest.mark.parametrize(
    "text",
    [
        "3",
        "a sentence: with a colon",
        "{",
        "[" * 5_000,
        "{}",
        "a: &x\n  b: *x\n",
        json.dumps(list(range(101))),
        "{" + "x" * 30_000,
    ],
)
def test_what_is_no_object_or_too_large_is_compared_as_a_text(text):
    assert by_key(text, '{"a": 1}') == {}
    assert by_key('{"a": 1}', text) == {}


def test_very_many_values_cost_a_bounded_time_and_a_small_one_among_them_is_read():
    large = json.dumps([[] for _ in range(1_400)])
    new = {**{f"p{number}": large for number in range(2_000)}, "small": '{"a": 1}'}
    old = {**{name: f"{value} " for name, value in new.items()}, "small": '{"a": 2}'}
    sides = [VersionFacts(ModelVersion("M", number), params=said) for number, said in (("2", new), ("1", old))]
    began = time.process_time()
    rows = {row.key: row for row in compare(*sides).parameters.rows}
    assert time.process_time() - began < 10  # seconds of a loaded machine
    assert len(rows) == 2_001
    assert [inner.key for inner in rows["small"].by_key] == ["a"]


def test_descriptions_of_both_versions_stand_beside_each_other():
    new, old = (
        VersionFacts(ModelVersion("M", number, description=said)) for number, said in (("2", "Deeper."), ("1", ""))
    )
    (row,) = compare(new, old).descriptions.rows
    assert (row.kind, row.challenger and row.challenger.text) == ("added", "Deeper.")
    assert compare(old, old).descriptions.rows == ()
