import pytest
from django.http import HttpResponse

from proxy.middleware import ProxyMiddleware


@pytest.fixture
def fork(monkeypatch):
    """Gives the middleware, between a proxy and pages that say who they are."""
    middleware = ProxyMiddleware(lambda request: HttpResponse("a page"))
    monkeypatch.setattr(middleware, "_proxy", lambda request, path: HttpResponse(f"MLflow {path}"))
    return middleware


@pytest.mark.parametrize("path", ["/checkpoint/", "/checkpoint/inbox/", "/checkpoint/none", "/checkpoint/../api/2.0"])
def test_what_is_below_checkpoint_never_reaches_mlflow(fork, rf, path):
    assert fork(rf.get(path)).content == b"a page"


@pytest.mark.parametrize("path", ["/", "/api/2.0/mlflow/runs/get", "/checkpoints/x", "/Checkpoint/", "/x/checkpoint/"])
def test_everything_else_goes_to_mlflow(fork, rf, path):
    assert fork(rf.get(path)).content == f"MLflow {path}".encode()


def test_an_address_typed_without_its_last_slash_leads_to_the_pages(fork, rf):
    response = fork(rf.get("/checkpoint"))
    assert (response.status_code, response["Location"]) == (302, "/checkpoint/")


def test_the_question_of_a_web_server_in_front_is_no_page(fork, rf):
    response = fork(rf.post("/checkpoint/auth-request"))
    assert response.status_code == 405
