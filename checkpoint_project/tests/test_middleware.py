import io
import logging
import re
import sys

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from foundation import health, logs
from foundation.exceptions import DatabaseBusy, InvalidInput
from foundation.middleware import EntryMiddleware
from registry import patience
from testing.factories import PromoteRequestFactory
from testing.people import AdministratorFactory, UserFactory


@pytest.mark.django_db
def test_checkpoints_pages_carry_a_policy_that_allows_nothing_inline(client):
    policy = client.get("/checkpoint/accounts/login/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src testserver/checkpoint/static/ ")
    assert "unsafe" not in policy


def test_mlflows_paths_are_left_to_the_proxy(client):
    response = client.get("/api/2.0/mlflow/runs/get")
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert response.status_code == 401


def test_an_unknown_host_name_is_refused_with_the_setting_that_would_allow_it(client):
    response = client.get("/checkpoint/", headers={"host": "evil.example", "accept": "text/html"})
    assert response.status_code == 400
    assert "CHECKPOINT_PUBLIC_URL" in response.content.decode()


def test_every_request_has_an_id_of_its_own(rf):
    seen = []
    middleware = EntryMiddleware(lambda request: seen.append(request.id))
    for _ in range(2):
        middleware(rf.get("/", headers={"host": "localhost"}))
    assert len({*seen}) == 2


@pytest.mark.django_db
def test_pages_and_api_wait_for_mlflow_for_so_long_in_sum_and_a_bulk_approval_for_each_request(client, registry):
    registry.add_version("Fraud", stage="Production")
    registry.add_version("Fraud")
    asked = PromoteRequestFactory(actor=UserFactory())
    left = []
    registry.before("get_facts", lambda: left.append(patience.seconds_left(1_000)))
    client.force_login(AdministratorFactory())
    number = asked.number
    client.get(f"/checkpoint/promote-requests/{number}/")
    client.get(f"/checkpoint/api/promote-requests/{number}/comparison/")
    bulk = {"action": "approve_selected", "_selected_action": [number], "confirmed": "yes"}
    client.post("/checkpoint/admin/promote_requests/promoterequest/", bulk)
    assert len(left) > 4
    assert max(left) <= patience.PAGE
    assert patience.seconds_left(1_000) == 1_000


@pytest.fixture
def log():
    """Gives what the real handler would have written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    configuration = logs.configuration(access=True)
    configured = configuration["formatters"]["line"]
    handler.setFormatter(configured["()"](configured["format"], style=configured["style"]))
    for name in configuration["handlers"]["stderr"]["filters"]:
        handler.addFilter(configuration["filters"][name]["()"]())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.django_db
def test_the_id_that_a_page_of_a_server_error_names_stands_in_the_log_with_the_traceback(log, monkeypatch, accept):
    def fail(*_):
        logging.getLogger("checkpoint.test").warning("Just before.")
        raise RuntimeError("a fault")

    monkeypatch.setattr("django.middleware.csrf.CsrfViewMiddleware.process_view", fail)
    client = Client(raise_request_exception=False)
    answer = client.get("/checkpoint/accounts/login/", headers={"accept": accept})
    assert answer.status_code == 500
    named = re.search(r"logged as request ([0-9a-f]{32})", answer.content.decode())
    assert named is not None
    lines = log.getvalue().splitlines()
    assert f"Just before. request={named[1]}" in lines[0]
    assert f"Internal Server Error: /checkpoint/accounts/login/ request={named[1]}" in lines[1]
    assert lines[-1] == "RuntimeError: a fault"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.parametrize(
    "error",
    [
        OperationalError("database is locked"),
        OperationalError('connection to server at "db" failed: FATAL:  sorry, too many clients already\n\tsecond line'),
        InterfaceError("connection already closed"),
    ],
)
@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_told_as_that_in_one_line_a_minute(log, monkeypatch, accept, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("django.middleware.csrf.CsrfViewMiddleware.process_view", fail)
    client = Client(raise_request_exception=False)
    answers = [
        client.get("/checkpoint/accounts/login/", headers={"accept": accept}, REMOTE_ADDR=address)
        for address in ("192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1")
    ]
    assert {(answer.status_code, answer["Retry-After"]) for answer in answers} == {(503, "5")}
    assert "busy or away" in answers[0].content.decode()
    lines = log.getvalue().splitlines()
    assert len(lines) == 2, lines
    assert str(error).splitlines()[0] in lines[0]


def test_probes_of_a_process_whose_database_is_away_are_one_line_a_minute(log, monkeypatch):
    def fail():
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(health.connection, "cursor", fail)
    answers = [Client().get(health.PATH) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    [line] = log.getvalue().splitlines()
    assert "checkpoint.health: The database does not answer: server closed the connection" in line


@pytest.fixture
def inbox_refuses(client, monkeypatch):
    """Returns the answer of a page whose view forgot that what it calls may refuse."""
    client.force_login(UserFactory())

    def answer(refusal, accept="text/html"):
        def fail(*_, **__):
            raise refusal

        monkeypatch.setattr(sys.modules["promote_requests.pages.inbox.view"], "render", fail)
        return client.get("/checkpoint/inbox/", headers={"accept": accept})

    return answer


@pytest.mark.django_db
def test_a_refusal_that_no_view_answers_is_a_sentence_and_stands_in_the_log_with_the_view(inbox_refuses, caplog):
    caplog.set_level(logging.INFO, "checkpoint_project.middleware")
    answer = inbox_refuses(InvalidInput("That is no colour."))
    assert answer.status_code == 400
    assert "That is no colour." in answer.content.decode()
    assert "InvalidInput was refused at promote_requests:inbox: That is no colour." in caplog.messages


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
@pytest.mark.django_db
def test_a_database_that_was_busy_for_a_service_says_when_to_try_again(inbox_refuses, accept):
    answer = inbox_refuses(DatabaseBusy("A row was locked."), accept)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
