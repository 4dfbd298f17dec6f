"""The question that a web server in front asks; `test_nginx.py` has a real one ask it."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from testing.people import issue_token

URL = "/checkpoint/auth-request"
API = "/api/2.0/mlflow"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _trusted(settings: Any, registry: Any) -> None:
    settings.CHECKPOINT_TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]


@pytest.fixture
def token() -> str:
    ada = get_user_model().objects.create_user("ada", "ada@example.org", "correct horse battery")
    return issue_token(ada, name="web server")[1]


def ask(client: Any, method: str, uri: str, token: str = "", **headers: str) -> Any:
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return client.get(URL, headers={"X-Original-Method": method, "X-Original-URI": uri, **headers})


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("GET", f"{API}/runs/get?run_id=1"),
        ("GET", f"{API}/registered-models/get?name=Fraud"),
        ("POST", f"{API}/runs/search"),
        ("POST", f"{API}/runs/log-batch"),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/model.pkl"),
    ],
)
def test_what_passes_unread_may_go_to_mlflow(client, token, method, uri):
    answer = ask(client, method, uri, token)
    assert answer.status_code == 204
    assert answer.headers["X-Checkpoint-Caller"].startswith("token:")


def test_an_mlflow_that_was_not_tested_gets_only_what_is_read(client, token, registry):
    registry.version = "3.19.0"
    assert ask(client, "POST", f"{API}/runs/log-batch", token).status_code == 403
    assert ask(client, "POST", f"{API}/runs/search", token).status_code == 204


@pytest.mark.parametrize(
    ("method", "uri"),
    [
        ("POST", f"{API}/registered-models/alias"),
        ("DELETE", f"{API}/registered-models/alias"),
        ("POST", f"{API}/model-versions/create"),
        ("POST", f"{API}/registered-models/unheard-of"),
        ("POST", f"{API}/runs/delete"),
        ("POST", f"{API}/runs/unheard-of"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/model.pkl"),
        ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/0/x"),
        ("POST", "/ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message"),
        ("GET", f"{API}/runs/../registered-models/alias"),
        ("GET", f"{API}//runs/get"),
        ("GET", f"{API}/runs%2f%2e%2e%2fget"),
        ("GET", f"{API}/runs\\get"),
        ("GET", f"{API}/runs;x/get"),
        ("GET", f"{API}/runs/get?a b"),
        ("GET", f"{API}/runs/get#x"),
        ("GET", "runs/get"),
        ("GET", ""),
        ("", f"{API}/runs/get"),
        ("post", f"{API}/runs/search"),
        ("TRACE", f"{API}/runs/get"),
    ],
)
def test_everything_else_stays_with_checkpoint(client, token, method, uri):
    answer = ask(client, method, uri, token)
    assert (answer.status_code, answer.content) == (403, b"")
    assert "X-Checkpoint-Caller" not in answer.headers


def test_nobody_may_nothing(client, settings):
    assert ask(client, "GET", f"{API}/runs/get").status_code == 401
    assert ask(client, "GET", f"{API}/runs/get", "cpt_wrong").status_code == 401
    assert ask(client, "GET", "/health").status_code == 204
    assert ask(client, "POST", "/health").status_code == 401
    settings.CHECKPOINT_ANONYMOUS = "read"
    assert ask(client, "GET", f"{API}/runs/get").status_code == 204
    assert ask(client, "POST", f"{API}/runs/log-batch").status_code == 401
    settings.CHECKPOINT_ANONYMOUS = "write"
    assert ask(client, "POST", f"{API}/runs/log-batch").status_code == 204
    assert ask(client, "POST", f"{API}/registered-models/alias").status_code == 403


def test_a_session_does_nothing_for_another_site(client, token):
    client.force_login(get_user_model().objects.get(username="ada"))
    assert ask(client, "GET", f"{API}/runs/get").status_code == 204
    assert ask(client, "POST", f"{API}/runs/log-batch").status_code == 403
    assert ask(client, "POST", f"{API}/runs/log-batch", Origin="https://evil.example").status_code == 403
    assert ask(client, "POST", f"{API}/runs/log-batch", Origin="http://testserver").status_code == 204


def test_only_a_trusted_proxy_is_answered(client, token, settings):
    settings.CHECKPOINT_TRUSTED_PROXIES = []
    assert ask(client, "GET", f"{API}/runs/get", token).status_code == 404
    settings.CHECKPOINT_TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    pretended = {"X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1"}
    assert ask(client, "GET", f"{API}/runs/get", token, **pretended).status_code == 404


def test_the_question_itself_is_a_get(client, token):
    headers = {"X-Original-Method": "GET", "X-Original-URI": f"{API}/runs/get", "Authorization": f"Bearer {token}"}
    assert client.post(URL, headers=headers).status_code == 405


def test_no_query_with_warm_credentials(client, token, django_assert_num_queries):
    ask(client, "GET", f"{API}/runs/get", token)
    with django_assert_num_queries(0):
        assert ask(client, "GET", f"{API}/runs/get", token).status_code == 204
        assert ask(client, "POST", f"{API}/registered-models/alias", token).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Dest": "script"}, {"Sec-Fetch-Dest": "sharedworker"}, {"Service-Worker": "script"}]
)
def test_what_a_browser_would_run_is_for_checkpoint_to_refuse(client, token, headers):
    uri = "/api/2.0/mlflow-artifacts/artifacts/0/x/artifacts/evil.mjs"
    assert ask(client, "GET", uri, token, **headers).status_code == 403
    assert ask(client, "GET", uri, token, **{"Sec-Fetch-Dest": "image"}).status_code == 204
