"""What the access log says of a call that ended otherwise than by an answer of MLflow's."""

import logging

import pytest
from django.db import InterfaceError, OperationalError

from foundation.exceptions import DatabaseBusy
from proxy import admission

ADDRESS = "/api/2.0/mlflow/registered-models/get?name=x"


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (OperationalError("server closed the connection"), 503),
        (InterfaceError("connection already closed"), 503),
        (DatabaseBusy("The database did not give a connection in time."), 503),
        (RuntimeError("a fault"), 500),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.django_db
def test_the_access_log_says_what_the_caller_got(client, monkeypatch, caplog, failure, status, accept):
    def fail(*_, **__):
        raise failure

    monkeypatch.setattr(admission, "identified", fail)
    client.raise_request_exception = False
    with caplog.at_level(logging.INFO, "checkpoint.access"):
        answer = client.get(ADDRESS, headers={"host": "localhost", "accept": accept})
    assert answer.status_code == status
    [line] = [record.getMessage() for record in caplog.records if record.name == "checkpoint.access"]
    assert f"status={status} bytes={len(answer.content)} " in line
