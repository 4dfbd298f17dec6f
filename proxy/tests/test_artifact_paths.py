from posixpath import normpath
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.utils.uri import validate_path_is_safe

from proxy.seal.artifact_paths import may_be_stored_at, named_in, stored_at, stored_below

KEY = "1/abc/artifacts/model/weights.bin"


@pytest.mark.parametrize(
    "path",
    [
        KEY,
        "1/ABC/artifacts/model/weights.bin",
        "1/abc/artifacts/model/weights%2Ebin",
        "1%2Fabc%252Fartifacts%25252Fmodel/weights.bin",
        "1/" + "%" + "25" * 9 + "61bc/artifacts/model/weights.bin",
        "1//abc/./artifacts/model/weights.bin/",
        "%201/abc/artifacts/model/weights.bin",
        "1/a%09bc/artifacts/model%0a/weights.bin",
        "1/abc/artifacts/model/weights.bin%3F",
        "1/abc/artifacts/model/weights.bin;",
        "1/abc/artifacts/x/../model/weights.bin",
    ],
)
def test_every_spelling_of_a_place_is_one_key(path):
    assert stored_at(path) == KEY


@pytest.mark.parametrize(
    "path", ["file:1/abc", "FILE:////x", "f%69le%3a%2F%2Fhost/1", " file:x", "f%250Aile%3A", "fi\tle:"]
)
def test_a_file_url_has_no_key_for_nobody_knows_what_mlflow_makes_of_it(path):
    assert stored_at(path) is None


@pytest.mark.parametrize("path", ["", ".", "/", "./", "%2525252e"])
def test_the_root_is_the_empty_key(path):
    assert stored_at(path) == ""


@pytest.mark.parametrize("path", [".hidden/x", "a%2", "a;b/c", "//[x", "caf\u00e9/\u6a21\u578b"])
def test_other_names_stay_what_they_are(path):
    assert stored_at(path) == path.lstrip("/")


def test_composed_and_decomposed_letters_are_one():
    assert stored_at("cafe%CC%81") == stored_at("CAF%C3%89") == "caf\u00e9"


@pytest.mark.parametrize("path", ["1/abc", "workspaces/blue/1/abc", "/workspaces/blue/1/abc/"])
def test_a_path_in_a_named_workspace_is_one_with_and_without_its_prefix(path):
    assert stored_at(path, "blue") == "workspaces/blue/1/abc"
    assert stored_at("", "blue") == "workspaces/blue"


@pytest.mark.parametrize(
    ("location", "key"),
    [
        ("mlflow-artifacts:/1/abc/artifacts", "1/abc/artifacts"),
        ("mlflow-artifacts://host:5000/1/abc/artifacts/model", "1/abc/artifacts/model"),
        ("http://host/ml/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts", "1/abc/artifacts"),
        ("http://host/ajax-api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts", "1/abc/artifacts"),
        ("HTTPS://host/api/2.0/mlflow%2Dartifacts/%61rtifacts/1/abc/artifacts", "1/abc/artifacts"),
        ("s3://bucket/1/abc/artifacts", None),
        ("/var/mlruns/1/abc/artifacts", None),
        ("https://host/1/abc", None),
        ("models:/m-1", None),
        ("http://[x", None),
        ("", None),
    ],
)
def test_only_what_mlflow_serves_itself_has_a_key(location, key):
    assert stored_below(location) == key


@pytest.mark.parametrize(
    ("location", "keys"),
    [
        ("s3://bucket/root/1/abc/artifacts", {"root/1/abc/artifacts", "1/abc/artifacts", "abc/artifacts", "artifacts"}),
        ("file:///var/mine/model", {"var/mine/model", "mine/model", "model"}),
        ("/var/mine", {"var/mine", "mine"}),
        ("gs://bucket/models/7", {"models/7"}),
        ("s3://bucket", set()),
        ("mlflow-artifacts:/1/abc/artifacts", set()),
        ("models:/m-1", set()),
        ("runs:/abc/model", set()),
        ("prompt-template", set()),
        ("http://[x", set()),
    ],
)
def test_a_location_in_storage_may_be_what_mlflow_serves_under_any_root(location, keys):
    assert set(may_be_stored_at(location)) == keys
    assert set(may_be_stored_at(location, "blue")) == {f"workspaces/blue/{key}" for key in keys}


@pytest.mark.parametrize(
    "path",
    [
        "/api/2.0/mlflow-artifacts/artifacts/1/abc/x",
        "/ajax-api/2.0/mlflow-artifacts/artifacts/1/abc/x",
        "/api/2.0/mlflow-artifacts/mpu/create/1/abc/x",
        "/api/2.0/mlflow-artifacts/mpu/complete/1/abc/x",
        "/api/2.0/mlflow-artifacts/mpu/abort/1/abc/x",
        "/api/2.0/mlflow-artifacts/presigned/1/abc/x",
        "/ml/ajax-api/2.0/mlflow-artifacts/artifacts/1/abc/x",
        "/api/2.0/mlflow%2Dartifacts/artifacts/1/abc/x",
        "/API/2.0/MLflow-Artifacts/Artifacts/1/abc/x",
        "/api/2.0/mlflow-artifacts/%61rtifacts/1/abc/x",
        "/api/2.0/mlflow-artifacts/mpu%2Fcreate/1/abc/x",
        "/api/2.0/mlflow-artifacts/copy/1/abc/x",
        "/api/2.0/mlflow-artifacts/copy/to/1/abc/x",
        "/x/mlflow-artifacts/artifacts/ajax-api/2.0/mlflow-artifacts/artifacts/1/abc/x",
    ],
)
def test_what_a_call_names_is_among_what_is_judged(path):
    assert "1/abc/x" in named_in(path)


def test_a_plain_upload_names_one_place_however_its_artifact_is_called():
    path = "/api/2.0/mlflow-artifacts/artifacts/1/new/mlflow-artifacts/artifacts/2/abc"
    assert named_in(path) == ["1/new/mlflow-artifacts/artifacts/2/abc"]


_ODD = [
    "/",
    "/./",
    "//",
    "/../",
    "%",
    "%2e",
    "%2F",
    "%25",
    "%09",
    "\t",
    " ",
    "?",
    "#",
    ";",
    ":",
    "file:",
    "FILE:/",
    "\x01",
    "é",
    ".",
]


@given(st.lists(st.sampled_from([*_ODD, *_ODD, "1", "abc", "artifacts"]), max_size=12).map("".join), st.integers(0, 3))
def test_what_mlflow_makes_of_a_path_has_the_key_that_the_path_has(path, times):
    for _ in range(times):
        path = quote(path, safe="/")
    try:
        stored = validate_path_is_safe(path)
    except (MlflowException, ValueError):  # MLflow answers 400 or 500 and stores nothing
        return
    if (key := stored_at(path)) is not None:  # what has none is refused
        assert key == stored_at(stored) == level(stored)


def level(stored):
    """The key of what the file system gets, with control characters as MLflow writes them."""
    plain = normpath(unquote(stored)).lower()
    return "" if plain == "." else plain.strip("/")
