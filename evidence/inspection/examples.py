"""Whether a signature takes an input example, told from their JSON alone. Pure.

As MLflow 3.17 reads an example back and enforces the signature (`mlflow.models.utils`,
`mlflow.utils.proto_json_utils`), without NumPy and pandas. Where that depends on what those make of
a value, nothing is claimed: None. What is claimed here, MLflow does; `evidence/tests/test_inspection_examples.py` asks
it.
"""

import base64
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from evidence.inspection.findings import quoted

_WHOLE = {"integer": 31, "long": 63}
_REAL = frozenset({"float", "double"})
_DAY = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?:[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)?")
_NUMBER = re.compile(r"\s*[+-]?(?:\d|\.\d|inf|nan|infinity)", re.IGNORECASE)
_REAL_TENSORS = frozenset({"float16", "float32", "float64"})
_WHOLE_TENSORS = frozenset({f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)})
_DEEPEST = 32

Verdict = tuple[bool | None, str]
"""Whether it is taken, None where that is not told, and why, to follow "because"."""
_YES: Verdict = (True, "")


def accepts(signature: Mapping[str, Any], example: Any, kind: str, *, has_params: bool) -> Verdict:
    """Tells whether a signature takes a model's own input example.

    Args:
        signature: `MLmodel.signature`, each part parsed.
        example: The parsed `input_example.json`.
        kind: MLflow's `type` of it: `dataframe`, `ndarray`, `json_object`, or another one.
        has_params: Whether parameters stand beside the data.
    """
    data, params = example, None
    if has_params:
        if not isinstance(example, dict) or not {"inputs", "params"} <= example.keys():
            return False, "it is said to have parameters, and has none"
        data, params = example["inputs"], example["params"]
    found = [_inputs(signature.get("inputs"), data, kind)]
    if params is not None:
        found.append(_params(signature.get("params"), params))
    return _all(found)


def _inputs(specs: Any, data: Any, kind: str) -> Verdict:
    if not isinstance(specs, list) or not specs or not all(isinstance(spec, dict) for spec in specs):
        return None, "the signature says nothing of inputs"
    are_tensors = all(spec.get("type") == "tensor" and isinstance(spec.get("tensor-spec"), dict) for spec in specs)
    names = [spec.get("name") for spec in specs]
    if any(name is not None and not isinstance(name, str) for name in names):
        return None, "the signature has names that are no texts"
    are_named = all(names)
    if any(names) and not are_named:
        return None, "some of the inputs have no name"
    match kind:
        case "dataframe":
            columns = _columns(data)
            if columns is None:
                return False, "it is no table"
            return _table(specs, columns, are_named=are_named, are_tensors=are_tensors)
        case "ndarray" if are_tensors:
            return _tensors(specs, data, are_named=are_named)
        case "json_object" if not are_tensors:
            return _objects(specs, data, are_named=are_named)
    return None, f"examples of the type {quoted(kind)} are not read for such inputs"


def _columns(data: Any) -> dict[Any, list[Any]] | None:
    """Returns {name or position: values} of a table as pandas writes it in the orientation `split`."""
    if not isinstance(data, dict) or not {"data"} <= data.keys() <= {"columns", "data", "index"}:
        return None
    rows, names = data["data"], data.get("columns")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows) or not rows:
        return None
    width = max(map(len, rows))
    names = list(range(width)) if names is None else names
    if not isinstance(names, list) or len(names) != width or any(len(row) != width for row in rows):
        return None
    if any(not isinstance(name, (str, int)) for name in names) or len(set(names)) != len(names):
        return None
    return {name: [row[at] for row in rows] for at, name in enumerate(names)}


def _table(
    specs: list[dict[str, Any]], columns: Mapping[Any, list[Any]], *, are_named: bool, are_tensors: bool
) -> Verdict:
    if are_named:
        missing = [spec["name"] for spec in specs if _is_required(spec) and spec["name"] not in columns]
        if missing:
            return False, f"it lacks {_listed(missing)}"
        pairs = [(spec["name"], spec, columns[spec["name"]]) for spec in specs if spec["name"] in columns]
    elif are_tensors:
        return None, "it is a table, and the signature asks for a tensor"
    else:
        if len(columns) < len(specs):
            return False, f"it has {len(columns)} columns, and the signature asks for {len(specs)}"
        pairs = [(name, spec, values) for (name, values), spec in zip(columns.items(), specs, strict=False)]
    if are_tensors:
        return None, "it is a table, and the signature asks for tensors"
    return _all(_named(name, _column(spec, values)) for name, spec, values in pairs)


def _column(spec: Mapping[str, Any], values: list[Any]) -> Verdict:
    kind = spec.get("type")
    if kind in ("array", "object", "map"):
        return _all(_nested(spec, value, is_required=_is_required(spec)) for value in values)
    return _all(_cast(str(kind), value) for value in values)


def _cast(kind: str, value: Any) -> Verdict:
    """Tells whether a cell can be cast to a type, as `cast_df_types_according_to_schema` does."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(value, (list, dict)):
        return (False, _is_no("a list or an object", kind)) if kind in _WHOLE or kind in _REAL else (None, "")
    if kind in _WHOLE:
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return False, f"there is no {kind} for a missing value"
        return _whole(kind, value)
    if kind in _REAL:
        if isinstance(value, str):
            return (None, "") if _NUMBER.match(value) else (False, _is_no(value, kind))
        is_missing = value is None or (isinstance(value, float) and not math.isfinite(value))
        return _YES if is_missing or (is_number and abs(value) < 1e30) else (None, "")
    if kind == "string":
        return _YES if isinstance(value, str) else (None, "")
    if kind == "boolean":
        return _YES if isinstance(value, bool) else (None, "")
    if kind == "datetime":
        return _YES if isinstance(value, str) and _DAY.fullmatch(value) else (None, "")
    if kind == "binary":
        return _decoded(value)
    return None, ""


def _whole(kind: str, value: Any) -> Verdict:
    if isinstance(value, str):
        return (None, "") if _NUMBER.match(value) else (False, _is_no(value, kind))
    if isinstance(value, int) and not isinstance(value, bool):
        return _YES if abs(value) < 2 ** _WHOLE[kind] else (None, "")
    return None, ""


def _decoded(value: Any) -> Verdict:
    if not isinstance(value, str):
        return (False, _is_no("a missing value" if value is None else value, "binary"))
    try:
        base64.decodebytes(value.encode())
    except ValueError:
        return False, "a binary value is not in base64"
    return _YES


def _objects(specs: list[dict[str, Any]], data: Any, *, are_named: bool) -> Verdict:
    """Tells of an object, or a list of objects, whose keys are the inputs."""
    rows = data if isinstance(data, list) and data and all(isinstance(row, dict) for row in data) else [data]
    if not are_named or not all(isinstance(row, dict) for row in rows):
        return None, "it is no object with a key for each input"
    missing = [spec["name"] for spec in specs if _is_required(spec) and not any(spec["name"] in row for row in rows)]
    if missing:
        return False, f"it lacks {_listed(missing)}"
    found: list[Verdict] = []
    for spec in specs:
        for row in rows:
            if spec["name"] in row:
                found.append(_named(spec["name"], _loose(spec, row[spec["name"]])))
            elif len(rows) > 1:
                found.append((None, "not every row has every input"))
    return _all(found)


def _loose(spec: Mapping[str, Any], value: Any) -> Verdict:
    """Tells of a value that MLflow takes as it is, or as a column of such values."""
    kind = spec.get("type")
    if kind == "map":
        return None, ""  # pandas may take it for a column
    if kind in ("array", "object"):
        return _nested(spec, value, is_required=_is_required(spec))
    if isinstance(value, (list, dict)) or value is None:
        return None, ""
    verdict = _scalar(str(kind), value)
    # A text that is no number is refused by whichever way an example takes; all else only by one of them.
    return verdict if verdict[0] is not False or isinstance(value, str) else (None, "")


def _scalar(kind: str, value: Any) -> Verdict:
    """Tells whether a value is of a type, as MLflow enforces what it does not cast."""
    if kind in _WHOLE:
        if isinstance(value, int) and not isinstance(value, bool):
            return _YES if kind == "long" and abs(value) < 2**63 else (None, "")
        # What is a number between quotes MLflow takes by one of its ways, where the column may be left out.
        is_word = isinstance(value, str) and not _NUMBER.match(value)
        return (False, _is_no(value, kind)) if is_word else (None, "")
    if kind in _REAL:
        if isinstance(value, str):
            return (None, "") if _NUMBER.match(value) else (False, _is_no(value, kind))
        return _YES if isinstance(value, float) and kind == "double" else (None, "")
    if kind == "string":
        return _YES if isinstance(value, str) else (None, "")
    if kind == "boolean":
        return _YES if isinstance(value, bool) else (None, "")
    return None, ""


def _nested(spec: Any, value: Any, *, is_required: bool, depth: int = 0) -> Verdict:
    """Tells of arrays, objects and maps, as `_enforce_type` does."""
    if not isinstance(spec, dict) or depth > _DEEPEST:
        return None, ""
    kind = spec.get("type")
    inner = {"array": spec.get("items"), "map": spec.get("values")}.get(str(kind))
    if kind == "object":
        if not is_required and value in (None, {}):
            return _YES
        properties = spec.get("properties")
        if not isinstance(value, dict):
            return False, f"{quoted(value)} is no object"
        return _properties(properties, value, depth) if isinstance(properties, dict) else (None, "")
    if inner is None:
        return _YES if isinstance(value, str) and kind == "string" else _scalar_nested(str(kind), value)
    is_any = isinstance(inner, dict) and inner.get("type") == "any"
    if value in (None, [], {}) and (is_any or not is_required):
        return None, ""
    if not isinstance(value, list if kind == "array" else dict):
        return False, f"{quoted(value)} is no {'list' if kind == 'array' else 'object'}"
    each = value if isinstance(value, list) else value.values()
    return _all(_nested(inner, one, is_required=is_required, depth=depth + 1) for one in each)


def _scalar_nested(kind: str, value: Any) -> Verdict:
    if isinstance(value, (list, dict)) or value is None:
        return None, ""
    verdict = _scalar(kind, value)
    return verdict if verdict[0] is True else (None, "")


def _properties(properties: Mapping[str, Any], value: Mapping[str, Any], depth: int) -> Verdict:
    needed = [name for name, spec in properties.items() if isinstance(spec, dict) and _is_required(spec)]
    if missing := [name for name in needed if name not in value]:
        return False, f"it lacks {_listed(missing)}"
    if unknown := [name for name in value if name not in properties]:
        return False, f"the signature does not know {_listed(unknown)}"
    return _all(
        _named(name, _nested(properties[name], one, is_required=name in needed, depth=depth + 1))
        for name, one in value.items()
    )


def _tensors(specs: list[dict[str, Any]], data: Any, *, are_named: bool) -> Verdict:
    if not are_named:
        return _tensor(specs[0]["tensor-spec"], data) if len(specs) == 1 and isinstance(data, list) else (None, "")
    if not isinstance(data, dict):
        return None, "it is one tensor, and the inputs have names"
    missing = [spec["name"] for spec in specs if _is_required(spec) and spec["name"] not in data]
    if missing:
        return False, f"it lacks {_listed(missing)}"
    return _all(
        _named(spec["name"], _tensor(spec["tensor-spec"], data[spec["name"]])) for spec in specs if spec["name"] in data
    )


def _tensor(spec: Mapping[str, Any], data: Any) -> Verdict:
    shape, dtype = spec.get("shape"), str(spec.get("dtype"))
    if not isinstance(shape, list) or not all(isinstance(size, int) for size in shape):
        return None, "the signature names no shape"
    if dtype not in _REAL_TENSORS | _WHOLE_TENSORS:
        return None, f"tensors of the type {quoted(dtype)} are not read"
    actual: list[int] = []
    level = [data]
    while level and all(isinstance(one, list) for one in level):
        sizes = {len(one) for one in level}
        if len(sizes) != 1 or len(actual) > _DEEPEST:
            return None, "its rows differ in length"
        actual.append(sizes.pop())
        level = [inner for one in level for inner in one]
    if not level or any(isinstance(one, (list, dict)) for one in level):
        return None, "it is empty, or its rows differ in length"
    if len(actual) != len(shape) or any(want not in (-1, have) for want, have in zip(shape, actual, strict=True)):
        return False, f"its shape is {_shape(actual)}, and the signature asks for {_shape(shape)}"
    return _all(_number(dtype, one) for one in level)


def _number(dtype: str, value: Any) -> Verdict:
    if isinstance(value, str):
        return (None, "") if _NUMBER.match(value) else (False, _is_no(value, dtype))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None, ""
    if dtype in _REAL_TENSORS:
        return _YES if abs(value) < 60_000 or dtype == "float64" else (None, "")
    return _YES if isinstance(value, int) and 0 <= value < 128 else (None, "")


def _params(specs: Any, params: Any) -> Verdict:
    if not isinstance(params, dict):
        return False, "its parameters are no object"
    if not isinstance(specs, list):
        return None, "the signature knows no parameters"
    found = []
    for spec in specs:
        if not isinstance(spec, dict) or not isinstance(spec.get("name"), str) or spec["name"] not in params:
            continue
        value, kind, shape = params[spec["name"]], str(spec.get("type") or spec.get("dtype")), spec.get("shape")
        found.append(_named(spec["name"], _parameter(kind, shape, value)))
    return _all(found)


def _parameter(kind: str, shape: Any, value: Any) -> Verdict:
    if value is None:
        return None, ""
    if shape is not None:
        return (False, f"{quoted(value)} is no list") if not isinstance(value, (list, dict)) else (None, "")
    if kind not in _WHOLE and kind not in _REAL and kind not in ("string", "boolean"):
        return None, ""
    if isinstance(value, (list, dict)):
        return False, _is_no(value, kind)
    if isinstance(value, str) != (kind == "string"):
        return False, _is_no(value, kind)
    if kind in _WHOLE and isinstance(value, float):
        return False, _is_no(value, kind)
    is_sure = kind in ("string", "double") or (kind == "long" and abs(value) < 2**63)
    return _YES if is_sure and not isinstance(value, bool) else (None, "")


def _is_required(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("required", True))


def _named(name: object, verdict: Verdict) -> Verdict:
    return verdict if verdict[0] is not False else (False, f"in {quoted(name)}, {verdict[1]}")


def _all(found: Iterable[Verdict]) -> Verdict:
    """Returns what several come to: the first refusal, else the first that is not told."""
    unsure: Verdict | None = None
    for verdict in found:
        if verdict[0] is False:
            return verdict
        if verdict[0] is None and unsure is None:
            unsure = verdict
    return unsure or _YES


def _is_no(value: object, kind: str) -> str:
    return f"{quoted(value)} is no {kind}"


def _listed(names: list[Any]) -> str:
    return ", ".join(quoted(name) for name in names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _shape(sizes: list[int]) -> str:
    return " by ".join("any" if size == -1 else str(size) for size in sizes) or "that of one number"
