import json

import pytest

from proxy.guard.messages import SHAPES, UnreadableCall, parse, serialise

ALIAS = {"name": "Fraud", "alias": "champion", "version": "3"}


def read(body, operation="set-alias", query=""):
    return parse(operation, query=query, body=body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_every_encoding_that_mlflow_detects_is_read(encoding):
    assert read(json.dumps(ALIAS).encode(encoding)) == ALIAS


def test_a_json_string_of_json_is_unwrapped_once():
    assert read(json.dumps(ALIAS)) == ALIAS
    with pytest.raises(UnreadableCall, match="JSON object"):
        read(json.dumps(json.dumps(ALIAS)))


def test_both_spellings_of_a_field_are_read_and_one_is_written():
    sent = {"name": "Fraud", "version": "3", "stage": "Staging", "archiveExistingVersions": True}
    message = read(sent, "transition-stage")
    assert serialise(message) == b'{"name":"Fraud","version":"3","stage":"Staging","archive_existing_versions":true}'


@pytest.mark.parametrize(
    ("operation", "sent"),
    [
        ("rename-model", {"name": "a", "new_name": "b", "newName": "b"}),
        (
            "transition-stage",
            {
                "name": "a",
                "version": "1",
                "stage": "None",
                "archive_existing_versions": None,
                "archiveExistingVersions": True,
            },
        ),
    ],
)
def test_a_field_in_two_spellings_is_refused(operation, sent):
    with pytest.raises(UnreadableCall, match="provide only one"):
        read(sent, operation)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a","alias":"x","version":"1","name":"b"}',
        b'{"name":"a","alias":"x","version":"1","x":{"y":1,"y":2}}',
        b'"{\\"name\\":\\"a\\",\\"alias\\":\\"x\\",\\"version\\":\\"1\\",\\"name\\":\\"b\\"}"',
        b'{"name":"a","alias":"x","version":"1","\\u006eame":"b"}',
    ],
)
def test_a_key_that_occurs_twice_is_refused(body):
    with pytest.raises(UnreadableCall, match="twice"):
        read(body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"3", b'"x"', b"name=a&alias=b", b"\x1f\x8b\x08\x00", b"\xff\xfe\x00", b"[" * 100_000],
)
def test_an_unreadable_body_is_refused(body):
    with pytest.raises(UnreadableCall, match="JSON object"):
        read(body)


@pytest.mark.parametrize(
    ("operation", "changes"),
    [
        ("set-alias", {"version": 3}),
        ("set-alias", {"name": ["Fraud"]}),
        ("set-alias", {"alias": True}),
        ("set-alias", {"version": "three"}),
        ("set-alias", {"version": "-3"}),
        ("set-alias", {"version": "\u0663"}),
        ("set-alias", {"version": "3" * 10}),
        ("set-alias", {"name": "Fraud "}),
        ("set-alias", {"alias": "champion\n"}),
        ("set-alias", {"alias": "cham\x00pion"}),
        ("transition-stage", {"stage": "Staging", "archive_existing_versions": "true"}),
        ("transition-stage", {"stage": "Staging", "archive_existing_versions": 1}),
        ("create-version", {"source": "s", "tags": {"key": "a"}}),
        ("create-version", {"source": "s", "tags": ["a"]}),
        ("create-version", {"source": "s", "tags": [{"key": 1}]}),
    ],
)
def test_wrong_types_and_misleading_names_are_refused(operation, changes):
    with pytest.raises(UnreadableCall, match="must"):
        read(ALIAS | changes, operation)


@pytest.mark.parametrize("value", [None, ""])
def test_a_required_field_must_have_a_value(value):
    with pytest.raises(UnreadableCall, match="required parameter 'alias'"):
        read(ALIAS | {"alias": value})


def test_unknown_fields_are_dropped_and_absent_ones_stay_absent():
    assert read({"name": "a", "description": None, "workspace": "other"}, "update-model") == {"name": "a"}
    assert read({"name": "a", "description": ""}, "update-model") == {"name": "a", "description": ""}


def test_a_version_is_written_as_mlflow_counts_it():
    assert read(ALIAS | {"version": "003"})["version"] == "3"


def test_tags_keep_their_keys_and_values_only():
    sent = {"name": "a", "source": "s", "tags": [{"key": "k", "value": "v", "x": 1}, {"key": "l", "value": None}]}
    assert read(sent, "create-version")["tags"] == [{"key": "k", "value": "v"}, {"key": "l"}]


@pytest.mark.parametrize("query", ["name=Other", "version=4", "name=", "alias=champion&alias=prod"])
def test_a_query_that_contradicts_the_body_is_refused(query):
    with pytest.raises(UnreadableCall, match="query"):
        read(ALIAS, query=query)


def test_a_query_in_the_other_spelling_that_contradicts_the_body_is_refused():
    with pytest.raises(UnreadableCall, match="query"):
        read({"name": "a", "new_name": "b"}, "rename-model", query="newName=c")


def test_a_query_that_says_the_same_or_nothing_known_is_accepted():
    assert read(ALIAS, query="name=Fraud&_=1700000000") == ALIAS


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(UnreadableCall, match="Unicode"):
        serialise(read(b'{"name":"a\\ud800","alias":"x","version":"1"}'))


def test_every_required_field_is_required():
    for operation, shape in SHAPES.items():
        for missing in shape.required:
            sent = {field: "1" for field in shape.required if field != missing}
            with pytest.raises(UnreadableCall, match=f"'{missing}'"):
                read(sent, operation)
