"""Every field of every body that the API takes refuses what is not of its type, by a sentence at that field."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import get_resolver
from rest_framework import serializers

from foundation.api.inputs import QuerySerializer, StrictSerializer
from testing.api_client import NEW, Api, assert_refused
from testing.people import AdministratorFactory

TEXT, FLAG, NUMBER = "This is a text.", "This is true or false.", "This is a whole number."
LIST, OBJECT, DATE = "This is a list.", "This is an object.", 'This is a date, for example "2026-12-20".'
VALUES: list[Any] = ["5", "true", 5, 5.0, True, [], {}]
"""One of each type of JSON, and those that are easily taken for another one."""
KINDS: list[tuple[type[serializers.Field], type, str]] = [
    (serializers.BooleanField, bool, FLAG),
    (serializers.IntegerField, int, NUMBER),
    (serializers.DateField, str, DATE),
    (serializers.CharField, str, TEXT),
    (serializers.ChoiceField, str, TEXT),
    (serializers.ListField, list, LIST),
    (serializers.DictField, dict, OBJECT),
    (serializers.BaseSerializer, dict, OBJECT),
]


def kind_of(field: serializers.Field) -> tuple[type, str]:
    return next((wanted, says) for kind, wanted, says in KINDS if isinstance(field, kind))


def subclasses(cls: type[StrictSerializer]) -> Iterator[type[StrictSerializer]]:
    for found in cls.__subclasses__():
        yield found
        yield from subclasses(found)


def cases() -> Iterator[Any]:
    assert get_resolver().url_patterns  # so that all views are there
    for body in sorted(set(subclasses(StrictSerializer)), key=lambda found: found.__qualname__):
        for name, field in body().fields.items():
            if field.read_only:
                continue
            wanted, says = kind_of(field)
            for value in VALUES:
                if type(value) not in (wanted, getattr(field, "also_takes", wanted)):
                    yield pytest.param(body, name, value, name, says, id=f"{body.__name__}.{name}={value!r}")
            child = getattr(field, "child", None)
            if isinstance(child, serializers.CharField | serializers.IntegerField):
                _, says = kind_of(child)
                wrong: Any = 5 if says == TEXT else "5"
                sent = [wrong] if isinstance(field, serializers.ListField) else {"0": wrong}
                yield pytest.param(body, name, sent, f"{name}.0", says, id=f"{body.__name__}.{name} of {wrong!r}")


def flat(detail: Any, path: str = "") -> dict[str, str]:
    if isinstance(detail, dict):
        return {at: says for key, inner in detail.items() for at, says in flat(inner, f"{path}.{key}").items()}
    return {path.lstrip("."): " ".join(map(str, detail))}


@pytest.mark.parametrize(("body", "name", "value", "at", "says"), list(cases()))
def test_every_field_refuses_what_is_not_of_its_type(
    body: type[StrictSerializer], name: str, value: Any, at: str, says: str
) -> None:
    read = body(data={name: value})
    assert not read.is_valid()
    assert flat(read.errors)[at] == says


def test_all_that_is_wrong_with_a_body_is_said_at_once() -> None:
    class Body(StrictSerializer):
        title = serializers.CharField()
        count = serializers.IntegerField(min_value=1)
        other = serializers.CharField()

    read = Body(data={"title": 5, "count": 0})
    assert not read.is_valid()
    assert flat(read.errors)["title"] == TEXT
    assert set(flat(read.errors)) == {"title", "count", "other"}


def test_in_a_query_everything_is_text() -> None:
    class Query(QuerySerializer):
        page = serializers.IntegerField()
        only = serializers.BooleanField()

    read = Query(data=QueryDict("page=5&only=true").dict())
    assert read.is_valid()
    assert read.validated_data == {"page": 5, "only": True}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "sent", "field", "says"),
    [
        ("promote-requests/", NEW | {"title": 5}, "title", TEXT),
        ("promote-requests/", NEW | {"description": True}, "description", TEXT),
        ("promote-requests/", NEW | {"version": 2.0}, "version", TEXT),
        ("promote-requests/", NEW | {"draft": "true"}, "draft", FLAG),
        ("promote-requests/", NEW | {"target": "stage:Production"}, "target", OBJECT),
        ("promote-requests/", NEW | {"target": {"kind": "stage", "name": 5}}, "target.name", TEXT),
        ("webhooks/", {"url": "https://example.org/", "events": "*"}, "events", LIST),
        ("inbox/read/", {"up_to": "5"}, "up_to", NUMBER),
        ("inbox/read/", {"numbers": [1, 2.0]}, "numbers.1", NUMBER),
    ],
)
def test_the_answer_names_the_field(fraud: Any, path: str, sent: Any, field: str, says: str) -> None:
    refused = Api(AdministratorFactory()).post(path, sent)
    body = assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", field=field)
    assert body["field_errors"] == {field: [says]}
