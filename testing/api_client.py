"""Calls the API as somebody."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from accounts.models import User

ROOT = "/checkpoint/api/"
NEW = {
    "model_name": "Fraud",
    "version": "2",
    "target": {"kind": "stage", "name": "Production"},
    "title": "Put the retrained model live",
}
"""A body that opens a request for what the fixture `fraud` holds."""


class Api:
    """The API, called with the session of a person, or by nobody."""

    def __init__(self, user: User | None = None) -> None:
        # A fault of ours is to be seen as its 500, as a caller would see it.
        self.client = Client(raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)

    def get(self, path: str, **query: Any) -> HttpResponse:
        return self.client.get(ROOT + path, query)

    def post(self, path: str, body: Any = None, **options: Any) -> HttpResponse:
        return self.send("POST", path, json.dumps({} if body is None else body), **options)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self.send("PATCH", path, json.dumps(body))

    def delete(self, path: str) -> HttpResponse:
        return self.send("DELETE", path, "")

    def send(self, method: str, path: str, body: str | bytes, content_type: str = "application/json", **extra: Any):
        return self.client.generic(method, ROOT + path, body, content_type, **extra)


def assert_refused(response: HttpResponse, status: int, code: str, *words: str, field: str = "") -> dict[str, Any]:
    """Asserts the one shape of errors, what it says and which field it blames; returns the body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    body = response.json()
    assert body["error_code"] == code
    for word in words:
        assert word in body["message"]
    if field:
        assert field in body["field_errors"]
    more = {"field_errors", "number", "url", "sqlstate", "error_class"}
    assert {"error_code", "message"} <= set(body) <= {"error_code", "message"} | more
    return body
