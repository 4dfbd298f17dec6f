"""The health check."""

import logging

import pytest
from django.core.handlers.base import BaseHandler
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from foundation import health
from foundation.middleware import EntryMiddleware


def through_entry(request: object) -> HttpResponse:
    return EntryMiddleware(lambda request: HttpResponse("passed on"))(request)


@pytest.mark.django_db
def test_a_load_balancer_may_ask_by_address_without_signing_in(rf: RequestFactory) -> None:
    response = through_entry(rf.get("/checkpoint/healthz", HTTP_HOST="10.1.2.3:5000"))
    assert response.status_code == 200
    assert response.content == b'{"status": "ok", "database": "answers"}'
    assert response["Cache-Control"] == "no-store"


def test_a_dead_database_takes_the_process_out_of_service_and_tells_strangers_nothing(
    rf: RequestFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise OperationalError("connection to db.internal as checkpoint failed\nmore")

    monkeypatch.setattr(health.connection, "cursor", refuse)
    with caplog.at_level(logging.ERROR):
        response = through_entry(rf.get("/checkpoint/healthz"))
    assert response.status_code == 503
    assert b"db.internal" not in response.content
    assert "connection to db.internal as checkpoint failed" in caplog.text


def test_the_health_check_cannot_be_written_to(rf: RequestFactory) -> None:
    assert through_entry(rf.post("/checkpoint/healthz")).status_code == 405


def test_the_other_paths_of_an_unknown_host_are_refused_with_the_variable_to_set(rf: RequestFactory) -> None:
    response = through_entry(rf.get("/checkpoint/healthz/", HTTP_HOST="10.1.2.3:5000"))
    assert response.status_code == 400
    assert b"CHECKPOINT_PUBLIC_URL" in response.content


def test_the_health_check_is_reached_first_in_the_real_chain() -> None:
    handler = BaseHandler()
    handler.load_middleware()
    request = RequestFactory().get("/checkpoint/healthz", HTTP_HOST="10.1.2.3", REQUEST_METHOD="PUT")
    assert handler.get_response(request).status_code == 405
