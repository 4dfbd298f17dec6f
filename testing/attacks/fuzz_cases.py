"""Calls for the fuzzer: the attack corpus mutated, and every write of MLflow's with fields that mean something."""

import json
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from proxy.guard.messages import camel_case
from proxy.guard.routes import REGISTRY_CALLS
from testing.attacks import load

MODEL, OTHER, DESTINATION, PROMPT = "Fraud", "other", "prod.fraud", "greeting"
RUN, LOGGED, EXPERIMENT = "$RUN", "$LOGGED", "$EXPERIMENT"  # put in once MLflow has said what they are called

_HEX = "0123456789abcdefABCDEF"
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True)
class Case:
    """One call as a server hands it over.

    Attributes:
        target: Path and query, of printable ASCII.
        with_raw_uri: Whether the server says how the path was spelt (gunicorn does, PEP 3333 does not ask for it).
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    with_raw_uri: bool

    def of(self, names: dict[str, str]) -> "Case":
        """Returns the call with ids in place of the words that stand for them."""
        target, body = self.target, self.body
        for word, name in names.items():
            target = target.replace(word, name)
            for encoding in ("utf-8", "utf-16-le", "utf-32-le"):
                body = body.replace(word.encode(encoding), name.encode(encoding))
        return replace(self, target=target, body=body)


OTHER_WRITES = [
    *(("POST", f"runs/{name}") for name in ("create", "update", "delete", "restore", "log-metric", "log-batch")),
    *(("POST", f"runs/{name}") for name in ("set-tag", "delete-tag", "log-parameter", "log-model", "outputs")),
    *(("POST", f"experiments/{name}") for name in ("create", "update", "delete", "restore", "set-experiment-tag")),
    ("POST", "logged-models"),
    ("PATCH", "logged-models/$LOGGED"),
    ("DELETE", "logged-models/$LOGGED"),
    ("POST", "logged-models/$LOGGED/params"),
    ("PATCH", "logged-models/$LOGGED/tags"),
    ("DELETE", "logged-models/$LOGGED/tags/team"),
    ("POST", "artifacts/presigned-upload-url"),
    ("POST", "upload-artifact?run_uuid=$RUN&path=weights.bin"),
    ("POST", "traces/delete-traces"),
    ("POST", "registered-models/get-latest-versions"),
    ("DELETE", "workspaces/default?mode=CASCADE"),
    ("GET", "registered-models/alias"),
    ("GET", "model-versions/get"),
]
_ARTIFACT_ROUTES = ["artifacts", "mpu/create", "mpu/complete", "mpu/abort", "presigned", "copy"]
_PLACES = [
    "$EXPERIMENT/$RUN/artifacts/weights.bin",
    "$EXPERIMENT/$RUN/artifacts",
    "$EXPERIMENT/$RUN",
    "$EXPERIMENT",
    "$EXPERIMENT/models/$LOGGED/artifacts/MLmodel",
    "$EXPERIMENT/models/$LOGGED",
    "$EXPERIMENT/models",
    "$EXPERIMENT/$OTHER/artifacts/x",
    "$EXPERIMENT/$OTHER/artifacts/x",
    "workspaces/default/$EXPERIMENT/$RUN/artifacts/weights.bin",
    ".",
]


def _mostly(usual: list[Any], odd: list[Any]) -> st.SearchStrategy[Any]:
    """Draws what MLflow understands three times in four."""
    return st.sampled_from(usual * (3 * len(odd)) + odd * len(usual))


_names = _mostly(
    [MODEL, MODEL, MODEL, OTHER, PROMPT, DESTINATION],
    [
        *("fraud", "FRAUD", "Fra\u00fad", "Fraud ", "Fraud\n", "\uff26raud", "Fraud/1", "Fra%75d", ""),
        *("Prod.Fraud", "Greeting", "new", "prod.fra\u00fad"),
    ],
)
_versions = _mostly(["1", "2"], ["3", "01", " 1", "1.0", "\u0661", "-1", "+1", "1_0", 1, 2, 1.0, True, ""])
_stages = _mostly(
    ["Production", "Staging", "Archived", "None"],
    ["production", "STAGING", "Production ", "Prod", "Deleted_Internal", "", "\uff30roduction"],
)
_aliases = _mostly(
    ["champion", "trial"],
    ["Champion", "CHAMPION", "champi\u00f6n", "champion\n", " champion", "prod", "v1", "latest", "\uff43hampion"],
)
_keys = _mostly(
    ["checkpoint.approved_by", "team", "mlflow.prompt.text", "mlflow.prompt.is_prompt"],
    [
        *("Checkpoint.x", " checkpoint.x", "checkp\u00f3int.x", "MLflow.Prompt.Text", "_mlflow_prompt_model_config"),
        *("mlflow.runName", "mlflow.prompt.text ", "\u200bcheckpoint.x", ""),
    ],
)
_sources = _mostly(
    ["models:/Fraud/1", "models:/Fraud/2", "models:/$LOGGED", "mlflow-artifacts:/$EXPERIMENT/$RUN/artifacts"],
    ["models:/Fraud@champion", "models:///Fraud/1", "runs:/$RUN/model", "s3://b/x", "prompt-template"],
)
_texts = st.sampled_from(["x", "", "true", "false", "$RUN", "\U0001f600", "a\u0000b", "checkpoint.x"])
_tags = st.lists(st.fixed_dictionaries({"key": _keys, "value": _texts}), max_size=2)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": _names,
    "new_name": _names,
    "version": _versions,
    "stage": _stages,
    "archive_existing_versions": st.sampled_from([True, False, "true", 1, None]),
    "alias": _aliases,
    "key": _keys,
    "value": _texts,
    "source": _sources,
    "description": _texts,
    "tags": _tags,
    "run_id": _mostly([RUN, "$OTHER"], [" $RUN", "$RUN ", "$RUN/", "0"]),
    "run_uuid": st.sampled_from([RUN, "$OTHER"]),
    "model_id": st.sampled_from([LOGGED, "m-other"]),
    "experiment_id": st.sampled_from([EXPERIMENT, "0", "other"]),
    "path": st.sampled_from(["weights.bin", "MLmodel", "../weights.bin", "x"]),
    "status": st.sampled_from(["FINISHED", "LOGGED_MODEL_UPLOAD_FAILED", "x"]),
    "lifecycle_stage": st.just("deleted"),
    "artifact_location": st.sampled_from(["mlflow-artifacts:/$EXPERIMENT/$RUN/artifacts", "x"]),
    "num_parts": st.just(1),
    "upload_id": st.just("u"),
    "max_timestamp_millis": st.just(9_999_999_999_999),
}
_WANTED = {
    "transition-stage": ("name", "version", "stage"),
    "create-version": ("name", "source"),
    "update-version": ("name", "version", "description"),
    "delete-version": ("name", "version"),
    "set-version-tag": ("name", "version", "key", "value"),
    "delete-version-tag": ("name", "version", "key"),
    "create-model": ("name",),
    "rename-model": ("name", "new_name"),
    "update-model": ("name", "description"),
    "delete-model": ("name",),
    "set-model-tag": ("name", "key", "value"),
    "delete-model-tag": ("name", "key"),
    "set-alias": ("name", "alias", "version"),
    "delete-alias": ("name", "alias"),
}


@st.composite
def _messages(draw: st.DrawFn, wanted: tuple[str, ...]) -> bytes:
    extra = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=2)) if draw(_seldom) else []
    pairs = [(field, draw(FIELDS[field])) for field in (*wanted, *extra)]
    pairs = [(camel_case(field) if draw(_seldom) else field, value) for field, value in pairs]
    if pairs and draw(_seldom):
        field, _ = draw(st.sampled_from(pairs))
        pairs.insert(draw(st.integers(0, len(pairs))), (field, draw(FIELDS.get(field, _texts))))
    text = "{" + ",".join(f"{json.dumps(field)}:{json.dumps(value)}" for field, value in pairs) + "}"
    if draw(_seldom):
        text = json.dumps(text)
    return text.encode(draw(st.sampled_from(["utf-8"] * 8 + ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])))


_seldom = st.integers(0, 7).map(lambda number: number == 7)
_prefixes = st.sampled_from(
    ["/api/2.0/mlflow/"] * 6
    + ["/ajax-api/2.0/mlflow/"] * 4
    + ["/api/3.0/mlflow/", "/ajax-api/3.0/mlflow/"]
    + ["/ajax-api/2.0/preview/mlflow/", "/ml/api/2.0/mlflow/", "/API/2.0/mlflow/"]
)


@st.composite
def _registry_calls(draw: st.DrawFn) -> tuple[str, str, bytes]:
    (method, path), operation = draw(st.sampled_from(sorted(REGISTRY_CALLS.items())))
    return method, draw(_prefixes) + path, draw(_messages(_WANTED[operation]))


@st.composite
def _other_calls(draw: st.DrawFn) -> tuple[str, str, bytes]:
    method, path = draw(st.sampled_from(OTHER_WRITES))
    wanted = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4, unique=True))
    needed = ("experiment_id",) if path.startswith("experiments") else ("run_id",) if path.startswith("runs") else ()
    return method, draw(_prefixes) + path, draw(_messages((*needed, *wanted)))


@st.composite
def _artifact_calls(draw: st.DrawFn) -> tuple[str, str, bytes]:
    method = draw(st.sampled_from(["PUT", "PUT", "DELETE", "DELETE", "POST", "PATCH"]))
    family = draw(st.sampled_from(["/api/2.0/", "/ajax-api/2.0/", "/ml/ajax-api/2.0/"]))
    place = draw(st.sampled_from(_PLACES))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2, 3]))):
        place = draw(_place_mutations(place))
    return (
        method,
        f"{family}mlflow-artifacts/{draw(st.sampled_from(_ARTIFACT_ROUTES))}/{place}",
        b'{"path":"weights.bin"}',
    )


@st.composite
def _place_mutations(draw: st.DrawFn, place: str) -> str:
    odd = draw(
        st.sampled_from(
            ["/./", "//", "/x/../", "\t", "\n", " ", "?", "#", ";", "file:", "file:////", ".", "\\", "\x00", "%", ":"]
        )
    )
    times = draw(st.integers(0, 7))
    encoded = quote(odd, safe="")
    if odd in {".", "/./", "/x/../"}:
        encoded = encoded.replace(".", "%2E").replace("/", "%2F")
    for _ in range(times):
        encoded = encoded.replace("%", "%25")
    at = draw(st.sampled_from([0, len(place), *(index for index, letter in enumerate(place) if letter == "/")]))
    return place[:at] + (encoded if times or draw(_seldom) else odd) + place[at:]


@st.composite
def _corpus_calls(draw: st.DrawFn) -> tuple[str, str, bytes]:
    attack = draw(st.sampled_from(_CORPUS))
    body = draw(st.sampled_from(_CORPUS)).body if draw(_seldom) else attack.body
    return attack.method, attack.path, body


_CORPUS = [attack for attack in load(MODEL, run=RUN, logged=LOGGED, experiment=EXPERIMENT) if len(attack.body) < 10_000]
_content_types = st.sampled_from(
    ["application/json"] * 8
    + ["", "text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded"]
)
_odd_headers = st.sampled_from(
    [
        {"X-HTTP-Method-Override": "DELETE"},
        {"X-Original-URL": "/api/2.0/mlflow/registered-models/alias"},
        {"Content-Encoding": "gzip"},
        {"X-MLFLOW-WORKSPACE": "default"},
        {"X-MLFLOW-WORKSPACE": "blue"},
        {"X-Forwarded-Prefix": "/ml"},
        {"Remote-User": "admin"},
        {"Connection": "Content-Type"},
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draws a call. Whatever is odd about it is seldom, so that most get past what refuses the oddest."""
    kinds = [
        _registry_calls(),
        _registry_calls(),
        _other_calls(),
        _artifact_calls(),
        _artifact_calls(),
        _corpus_calls(),
    ]
    method, target, body = draw(st.one_of(kinds))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 0, 1, 1, 2]))):
        target = draw(_path_mutations(target))
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1, 2]))):
        body = draw(_body_mutations(body))
    if draw(_seldom):
        method = draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]))
    content_type = draw(_content_types)
    headers = {"Content-Type": content_type} if content_type else {}
    if draw(_seldom):
        headers |= draw(_odd_headers)
    return Case(method, _UNPRINTABLE.sub(lambda found: quote(found[0]), target), headers, body, draw(st.booleans()))


@st.composite
def _path_mutations(draw: st.DrawFn, target: str) -> str:
    path, mark, query = target.partition("?")
    at = draw(st.integers(1, len(path)))
    match draw(st.sampled_from(["encode", "insert", "case", "append", "query", "drop", "prefix"])):
        case "encode":
            letter = path[at - 1]
            encoded = "".join(f"%{byte:02{draw(st.sampled_from('xX'))}}" for byte in letter.encode())
            for _ in range(draw(st.integers(0, 4))):
                encoded = encoded.replace("%", "%25")
            path = path[: at - 1] + encoded + path[at:]
        case "insert":
            odd = [
                "/",
                "/./",
                "/../",
                "/x/..",
                "%2f",
                "%2e",
                ";x",
                "\\",
                "%5c",
                "%00",
                "%20",
                "%09",
                "%",
                "+",
                "%c0%ae",
            ]
            path = path[:at] + draw(st.sampled_from(odd)) + path[at:]
        case "case":
            path = path[: at - 1] + path[at - 1].swapcase() + path[at:]
        case "append":
            path += draw(st.sampled_from(["/", "//", "/.", "%20", "%3F", "%23", ";", "?", "/x", "%0a", ".json"]))
        case "query":
            field = draw(st.sampled_from(["name", "alias", "version", "run_id", "run_uuid", "path", "_method"]))
            value = draw(FIELDS.get(field, _texts))
            query = f"{query}&{field}={quote(str(value), errors='replace')}".lstrip("&")
        case "drop":
            path = path[: at - 1] + path[at:]
        case _:
            path = draw(st.sampled_from(["/ml", "/x/..", "//", "/api/2.0/mlflow-artifacts/artifacts/..", "/."])) + path
    return f"{path}?{query}" if query or mark else path


@st.composite
def _body_mutations(draw: st.DrawFn, body: bytes) -> bytes:
    at = draw(st.integers(0, len(body)))
    match draw(st.sampled_from(["byte", "insert", "drop", "double", "wrap", "cut"])):
        case "byte":
            return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]
        case "insert":
            odd = [
                b"\x00",
                b'"',
                b"\\",
                b",",
                b"}",
                b"{",
                b" ",
                b"\xef\xbb\xbf",
                b'"alias":"champion",',
                b"\\u0000",
                b"NaN",
            ]
            return body[:at] + draw(st.sampled_from(odd)) + body[at:]
        case "drop":
            return body[:at] + body[at + 1 :]
        case "double":
            return body + draw(st.sampled_from([b"", b"\n", b",", b"\x00"])) + body
        case "wrap":
            return b"[" + body + b"]"
        case _:
            return body[:at]
