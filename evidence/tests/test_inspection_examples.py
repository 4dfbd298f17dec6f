"""Input examples and signatures: what is claimed of them without NumPy and pandas is what MLflow itself does."""

import json
import logging
import math
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature, infer_signature
from mlflow.models.utils import _enforce_params_schema, _enforce_schema, _Example
from mlflow.types.schema import ParamSchema, Schema
from mlflow.utils.proto_json_utils import dataframe_from_parsed_json, parse_inputs_data

from evidence.inspection.examples import accepts

TYPES = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")


def mlflow_accepts(signature, example, kind, *, has_params=False):
    """Returns whether MLflow takes an example: as a caller that loads it gives it, or as one that sends it does."""
    data, params = (example["inputs"], example["params"]) if has_params else (example, None)
    schema = Schema.from_json(json.dumps(signature["inputs"]))
    readers = {
        "dataframe": [lambda: dataframe_from_parsed_json(data, "split", schema)],
        "ndarray": [lambda: parse_inputs_data(data, schema)],
        "json_object": [lambda: data, lambda: parse_inputs_data(data, schema)],
    }[kind]
    outcomes = set()
    for read in readers:
        try:
            _enforce_schema(read(), schema)
            if has_params:
                _enforce_params_schema(params, ParamSchema.from_json(json.dumps(signature["params"])))
            outcomes.add(True)
        except (MlflowException, ValueError, TypeError, OverflowError, IndexError, KeyError, AttributeError):
            outcomes.add(False)
    return outcomes


def agrees(signature, example, kind, **options):
    """Holds what is claimed against MLflow, and returns it; accepted is what at least one way accepts."""
    claimed, why = accepts(signature, example, kind, **{"has_params": False} | options)
    if claimed is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            does = mlflow_accepts(signature, json.loads(json.dumps(example)), kind, **options)
        assert (True in does) is claimed, (signature, example, why, does)
    return claimed


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    logging.getLogger("mlflow").setLevel(logging.ERROR)


EXAMPLES = {
    "a table": pd.DataFrame({"a": [1.5, 2.0], "b": ["x", "y"], "c": [1, 2], "d": [True, False]}),
    "a table with missing numbers": pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}),
    "a table with times": pd.DataFrame({"at": pd.to_datetime(["2026-01-02 03:04:05"]), "a": [1.0]}),
    "a table of nested values": pd.DataFrame([{"a": [1.5, 2.5], "b": {"x": "y", "z": [1.0]}}]),
    "a matrix": np.array([[1.5, 2.0], [3.0, 4.0]]),
    "a matrix of whole numbers": np.array([[1, 2], [3, 4]]),
    "a picture": np.zeros((2, 4, 4, 3), dtype=np.float32),
    "named tensors": {"x": np.array([[1.5]]), "y": np.array([[2, 3]])},
    "an object": {"question": "why", "top": 3},
    "objects": [{"question": "why"}, {"question": "how"}],
    "a chat": {"messages": [{"role": "user", "content": "hello"}]},
    "parameters": (pd.DataFrame({"a": [1.5]}), {"temperature": 0.5, "style": "short", "top": 3}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_that_mlflow_keeps_are_taken_by_the_signatures_that_it_infers(name):
    given_example = EXAMPLES[name]
    data, params = given_example if isinstance(given_example, tuple) else (given_example, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = _Example(given_example)
        signature = infer_signature(data, params=params)
    parsed = {part: json.loads(text) if isinstance(text, str) else None for part, text in signature.to_dict().items()}
    claimed = agrees(
        parsed, json.loads(kept.json_input_example), kept.info["type"], **({"has_params": True} if params else {})
    )
    assert claimed is True, name


json_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.integers(-300, 300),
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from(["", "a", "1", "1.5", "nan", "2026-01-02", "2026-01-02T03:04:05", "aGk=", "aGk", "é", " 7"]),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 3), max_size=2),
)
simple = st.sampled_from(TYPES)
nested = st.recursive(
    st.builds(lambda kind: {"type": kind}, simple),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda values: {"type": "map", "values": values}, inner),
        st.builds(
            lambda properties: {"type": "object", "properties": properties},
            st.dictionaries(
                st.sampled_from("xyz"),
                st.builds(lambda spec, required: {**spec, "required": required}, inner, st.booleans()),
                min_size=1,
                max_size=2,
            ),
        ),
    ),
    max_leaves=4,
)
deep_values = st.recursive(
    json_values,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["x", "y", "z", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
# The same cases each time: whether a change passes must not depend on the day.
unhurried = settings(
    deadline=None,
    max_examples=300,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@given(
    specs=st.lists(st.tuples(simple, st.booleans()), min_size=1, max_size=2),
    columns=st.lists(st.sampled_from(["c0", "c1", "more"]), unique=True, max_size=3),
    rows=st.integers(1, 2),
    are_named=st.booleans(),
    data=st.data(),
)
@unhurried
def test_what_is_claimed_of_tables_mlflow_does(specs, columns, rows, are_named, data):
    inputs = [
        {"type": kind, **({"name": f"c{at}", "required": required} if are_named else {"required": True})}
        for at, (kind, required) in enumerate(specs)
    ]
    values = [[data.draw(json_values) for _ in columns] for _ in range(rows)]
    agrees({"inputs": inputs}, {"columns": columns, "data": values}, "dataframe")


@given(spec=nested, value=deep_values, required=st.booleans())
@unhurried
def test_what_is_claimed_of_nested_columns_mlflow_does(spec, value, required):
    inputs = [{**spec, "name": "c", "required": required}]
    agrees({"inputs": inputs}, {"columns": ["c"], "data": [[value]]}, "dataframe")


@given(spec=nested, value=deep_values, required=st.booleans(), many=st.booleans())
@example(spec={"type": "integer"}, value="1", required=False, many=False)
@unhurried
def test_what_is_claimed_of_objects_mlflow_does(spec, value, required, many):
    inputs = [{**spec, "name": "c", "required": required}]
    row = {"c": value}
    agrees({"inputs": inputs}, [row, row] if many else row, "json_object")
    agrees({"inputs": inputs}, {"other": value}, "json_object")


@given(
    shape=st.lists(st.sampled_from([-1, 1, 2, 3]), min_size=1, max_size=3),
    dtype=st.sampled_from(["float64", "float32", "int64", "int32", "uint8", "object", "str", "bool"]),
    data=st.recursive(json_values, lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=8),
    are_named=st.booleans(),
)
@unhurried
def test_what_is_claimed_of_tensors_mlflow_does(shape, dtype, data, are_named):
    spec = {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}
    if are_named:
        agrees({"inputs": [{**spec, "name": "x", "required": True}]}, {"x": data}, "ndarray")
    else:
        agrees({"inputs": [spec]}, data, "ndarray")


@given(kind=st.sampled_from(["boolean", "long", "integer", "double", "float", "string"]), value=deep_values)
@unhurried
def test_what_is_claimed_of_parameters_mlflow_does(kind, value):
    default = {"boolean": True, "string": "x", "double": 0.5, "float": 0.5}.get(kind, 1)
    params = [{"name": "p", "type": kind, "default": default, "shape": None}]
    inputs = [{"type": "string", "name": "q", "required": True}]
    example = {"inputs": {"columns": ["q"], "data": [["x"]]}, "params": {"p": value}}
    agrees({"inputs": inputs, "params": params}, example, "dataframe", has_params=True)


@pytest.mark.parametrize(
    "signature",
    [
        {},
        {"inputs": None},
        {"inputs": {}},
        {"inputs": [1]},
        {"inputs": [{"name": 1, "type": "long"}]},
        {"inputs": [{"name": "a", "type": ["long"]}]},
        {"inputs": [{"type": "tensor", "tensor-spec": {"shape": ["x"], "dtype": []}}]},
        {"inputs": [{"name": "a", "type": "object", "properties": [1]}]},
        {"inputs": [{"name": "a", "type": "array", "items": 1}]},
        {"inputs": [{"name": "a", "type": "long"}], "params": [1, {"name": ["x"]}]},
    ],
)
@pytest.mark.parametrize("example", [None, 1, [], {}, {"data": [[1]], "columns": ["a"]}, {"a": [[1]]}, [[math.inf]]])
@pytest.mark.parametrize("kind", ["dataframe", "ndarray", "json_object", "sparse_matrix_csr", "x"])
def test_whatever_somebody_wrote_gets_an_answer(signature, example, kind):
    assert accepts(signature, example, kind, has_params=False)[0] in (True, False, None)
    assert accepts(signature, {"inputs": example, "params": {"x": 1}}, kind, has_params=True)[0] in (True, False, None)


def test_of_an_empty_tensor_nothing_is_claimed():
    inputs = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]
    assert agrees({"inputs": inputs}, [], "ndarray") is None


def test_model_signature_is_read_as_mlflow_writes_it():
    signature = ModelSignature.from_dict({"inputs": '[{"type": "long", "name": "a", "required": true}]'})
    assert json.loads(signature.to_dict()["inputs"]) == [{"type": "long", "name": "a", "required": True}]
