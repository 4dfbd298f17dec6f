"""Signature and environment, from files that somebody else wrote."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.contents import mlmodel
from evidence.contents.compare import compare_contents
from evidence.contents.environment import compare_environments
from evidence.contents.mlmodel import Unreadable
from evidence.contents.signature import Fit, compare_signatures
from evidence.rows import Kind
from registry.types import Contents

AGE, NAME = {"type": "long", "name": "age", "required": True}, {"type": "string", "name": "name", "required": True}


def signature(
    inputs: list[dict[str, Any]] | None = None,
    outputs: list[dict[str, Any]] | None = None,
    params: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {"inputs": inputs, "outputs": outputs, "params": params}


def fit(new: dict[str, Any] | None, old: dict[str, Any] | None) -> tuple[Fit, list[tuple[str, str]]]:
    found = compare_signatures(new, old, has_champion=True)
    return found.fit, [(row.name, row.breaks) for row in found.breaking]


def tensor(shape: list[int], dtype: str = "float32") -> list[dict[str, Any]]:
    return [{"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}]


def nested(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "object", "name": "who", "required": True, "properties": properties}]


def listed(properties: dict[str, Any] | None = None, *, is_required: bool = True) -> list[dict[str, Any]]:
    items = {"type": "string"} if properties is None else {"type": "object", "properties": properties}
    return [{"type": "array", "name": "tags", "required": is_required, "items": items}]


@pytest.mark.parametrize(
    ("new", "old", "breaking"),
    [
        (signature([AGE]), signature([AGE]), []),
        (signature([AGE, NAME]), signature([AGE]), [("name", "callers do not send it")]),
        (signature([AGE, NAME | {"required": False}]), signature([AGE]), []),
        (signature([AGE]), signature([AGE, NAME]), []),
        (signature([AGE | {"name": "years"}]), signature([AGE]), [("years", "callers do not send it")]),
        (signature([AGE | {"type": "integer"}]), signature([AGE]), [("age", "callers send long")]),
        (signature([AGE]), signature([AGE | {"type": "integer"}]), []),
        (signature([AGE]), signature([AGE | {"required": False}]), [("age", "callers may leave it out")]),
        (signature(outputs=[AGE]), signature(outputs=[AGE, NAME]), [("name", "it is gone")]),
        (signature(outputs=[AGE | {"type": "string"}]), signature(outputs=[AGE]), [("age", "it was long")]),
        (signature(outputs=[AGE, NAME]), signature(outputs=[AGE]), []),
        (signature(tensor([-1, 28])), signature(tensor([8, 28])), []),
        (
            signature(tensor([8, 28])),
            signature(tensor([-1, 28])),
            [("the value", "callers send tensor float32 any\u00d728")],
        ),
        (
            signature(tensor([-1, 28], "uint8")),
            signature(tensor([-1, 28])),
            [("the value", "callers send tensor float32 any\u00d728")],
        ),
        (
            signature(nested({"street": {"type": "string", "required": True}})),
            signature(nested({})),
            [("who.street", "callers do not send it")],
        ),
        (
            signature([{"type": "array", "name": "tags", "required": True, "items": {"type": "long"}}]),
            signature([{"type": "array", "name": "tags", "required": True, "items": {"type": "string"}}]),
            [("tags[]", "callers send string")],
        ),
        (
            signature([AGE, NAME | {"name": "home.street"}]),
            signature([AGE]),
            [("home.street", "callers do not send it")],
        ),
        (signature([AGE, *listed(is_required=False)]), signature([AGE]), []),
        (signature([AGE, *listed(is_required=True)]), signature([AGE]), [("tags", "callers do not send it")]),
        (
            signature(listed({"who": {"type": "string", "required": True}})),
            signature(listed({})),
            [("tags[].who", "callers do not send it")],
        ),
        (
            signature(params=[]),
            signature(params=[{"name": "top_k", "type": "long", "default": 5}]),
            [("top_k", "callers set it, and it would be ignored")],
        ),
        (
            signature(params=[{"name": "top_k", "type": "long", "default": 9}]),
            signature(params=[{"name": "top_k", "type": "long", "default": 5}]),
            [],
        ),
    ],
)
def test_what_callers_would_notice_is_breaking(
    new: dict[str, Any], old: dict[str, Any], breaking: list[tuple[str, str]]
) -> None:
    assert fit(new, old) == (Fit.BREAKING if breaking else Fit.COMPATIBLE, breaking)


def test_without_a_signature_nothing_is_claimed() -> None:
    assert fit(None, signature([AGE]))[0] is Fit.UNKNOWN
    assert "challenger has no signature" in compare_signatures(None, None, has_champion=True).note
    assert "champion has no signature" in compare_signatures(signature([AGE]), None, has_champion=True).note


FIELDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from("abc"),
            "type": st.sampled_from(["integer", "long", "double", "string"]),
            "required": st.booleans(),
        }
    ),
    max_size=4,
)


@given(FIELDS, FIELDS)
def test_all_of_both_signatures_is_shown_and_equal_ones_show_nothing(
    new: list[dict[str, Any]], old: list[dict[str, Any]]
) -> None:
    found = compare_signatures(signature(new), signature(old), has_champion=True)
    assert {row.name for row in found.rows} == {field["name"] for field in (*new, *old)}
    same = compare_signatures(signature(new), signature(new), has_champion=True)
    assert not same.differences
    assert same.fit is Fit.COMPATIBLE


def test_packages_come_and_go_up_and_down() -> None:
    new = "scikit-learn==1.9.1\nNumPy==2.1.0\ntorch>=2\npandas[parquet]==2.0\n--extra-index-url https://x\n"
    old = "scikit_learn==1.10.0  # pinned\nnumpy==1.26.4\nxgboost\n\n# a comment\npandas[parquet]==2.0"
    found = compare_environments((None, new), (None, old), has_champion=True)
    shown = {row.name: (row.kind, row.champion, row.challenger, row.movement) for row in found.rows}
    assert shown == {
        "scikit-learn": (Kind.CHANGED, "1.10.0", "1.9.1", "down"),
        "numpy": (Kind.CHANGED, "1.26.4", "2.1.0", "up"),
        "torch": (Kind.ADDED, None, ">=2", ""),
        "xgboost": (Kind.REMOVED, "any", None, ""),
        "--extra-index-url https://x": (Kind.ADDED, None, "as it stands", ""),
        "pandas[parquet]": (Kind.EQUAL, "2.0", "2.0", ""),
    }
    assert found.packages_changed == 5


MLMODEL = """
flavors:
  python_function: {loader_module: mlflow.sklearn, python_version: 3.11.7, cloudpickle_version: 3.1.3}
  xgboost: {xgb_version: 3.2.0, data: model.json}
  sklearn: {sklearn_version: 1.9.1, code: null}
mlflow_version: 3.17.2
signature:
  inputs: '[{"type": "long", "name": "age", "required": true}]'
  outputs: null
"""


def test_the_description_that_mlflow_writes_is_read() -> None:
    found = mlmodel.parse(MLMODEL)
    assert (found.python, found.mlflow) == ("3.11.7", "3.17.2")
    assert found.flavors == {"python_function": "", "xgboost": "3.2.0", "sklearn": "1.9.1"}
    assert found.signature == {"inputs": [AGE], "outputs": None, "params": None}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [*x]", "refers to parts of itself"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]", "refers to parts of itself"),
        ("[" * 100_000, "nested too deeply|is not YAML"),
        ("[" * 50, "nested too deeply"),
        ("a: [", "is not YAML"),
        ("a: \x00", "is not YAML"),
        ("- just\n- a list", "does not describe a model"),
        ("!!python/object/apply:os.system ['true']", "does not describe a model"),
        ("signature: {inputs: '[{'}", "its inputs are not JSON"),
        ('signature: {inputs: "' + "[" * 50_000 + '"}', "its inputs are not JSON"),
    ],
)
def test_a_hostile_or_broken_description_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        mlmodel.parse(text)
    found = compare_contents(Contents({"MLmodel": text}), Contents({"MLmodel": MLMODEL}))
    assert found.signature.fit is Fit.UNKNOWN
    assert any(re.search(said, problem) and problem.startswith("Of the challenger") for problem in found.problems)


@pytest.mark.parametrize("types", [("tensor x", "tensor y"), ("tensor", "tensor "), ("tensor a b c", "tensor a b")])
def test_a_type_that_begins_like_a_tensor_breaks_nothing(types: tuple[str, str]) -> None:
    new, old = (signature([{"name": "x", "type": kind, "required": True}]) for kind in types)
    assert fit(new, old)[0] is Fit.BREAKING


def test_numbers_that_would_take_long_to_compute_stay_texts() -> None:
    text = f"mlflow_version: {'9' * 90_000}\nflavors: {{sklearn: {{sklearn_version: 1{':59' * 30_000}}}}}"
    found = mlmodel.parse(text)
    assert (found.mlflow, found.flavors["sklearn"][:7]) == ("9" * 100, "1:59:59")


def test_odd_signatures_are_shown_and_break_nothing() -> None:
    odd: list[Any] = [
        *("text", None, 7, [], {}),
        {"type": "tensor"},
        {"type": "object", "properties": [1]},
        {"type": "array", "items": "x"},
        {"type": "tensor", "tensor-spec": {"shape": "x"}},
    ]
    text = json.dumps({"signature": {"inputs": json.dumps(odd), "params": json.dumps(odd)}})
    found = compare_contents(Contents({"MLmodel": text}), Contents({"MLmodel": text}))
    assert found.signature.fit is Fit.COMPATIBLE
    assert not found.problems


def test_of_a_side_that_could_not_be_read_nothing_is_called_missing() -> None:
    read = Contents({"MLmodel": MLMODEL, "requirements.txt": "numpy"})
    unread = Contents({}, ("MLmodel could not be read: MLflow did not answer.",))
    for who, found in (("challenger", compare_contents(unread, read)), ("champion", compare_contents(read, unread))):
        assert found.signature.note == f"The signature of the {who} could not be read, so nothing is compared."
        assert (found.signature.fit, found.signature.is_compared) == (Fit.UNKNOWN, False)
        assert [row.name for row in found.signature.others] == ["age"]
        assert {"flavour sklearn", "numpy"} <= {row.name for row in found.environment.others}
        assert (found.signature.differences, found.environment.differences) == ((), ())
        assert not found.environment.is_compared
    without_packages = compare_contents(read, Contents({"MLmodel": MLMODEL}, ("requirements.txt is no text.",)))
    assert [row.name for row in without_packages.environment.others if row.kind is Kind.NEW] == ["numpy"]
    assert without_packages.signature.fit is Fit.COMPATIBLE
    broken = compare_contents(Contents({"MLmodel": "a: ["}), read)
    assert (broken.signature.differences, broken.signature.is_compared) == ((), False)


def test_packages_are_counted_only_where_both_sides_name_theirs() -> None:
    named, unnamed = Contents({"requirements.txt": "numpy"}), Contents({})
    assert compare_contents(named, unnamed).packages_changed is None
    assert compare_contents(named, named).packages_changed == 0
