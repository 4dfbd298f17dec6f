"""With CHECKPOINT_PORTAL_URL: what is at which address, and where whoever comes to the wrong one is sent."""

import os
import subprocess
import sys
from ipaddress import ip_network

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from foundation.addresses import absolute
from testing.people import AdministratorFactory, issue_token

MLFLOW, PORTAL = "mlflow.example", "checkpoint.example"
PAGE = {"accept": "text/html", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
CALL = {"accept": "*/*", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}
PAGES = (
    "/checkpoint/",
    "/checkpoint/promote-requests/new/?model=Fraud&version=2",
    "/checkpoint/admin/",
    "/checkpoint/accounts/login/?next=/",
    "/checkpoint/accounts/tokens/",
    "/checkpoint/setup/?token=x",
    "/checkpoint/api/schema/swagger/",
)

# MLflow is asked, at an address where nothing answers.
pytestmark = [pytest.mark.django_db, pytest.mark.sockets]


@pytest.fixture(autouse=True)
def _two_origins(settings: Settings) -> None:
    settings.CHECKPOINT_PUBLIC_URL = f"http://{MLFLOW}"
    settings.CHECKPOINT_PORTAL_URL = f"http://{PORTAL}"
    settings.CSRF_TRUSTED_ORIGINS = [f"http://{PORTAL}"]
    settings.ALLOWED_HOSTS = [MLFLOW, PORTAL, "localhost"]


def at(host: str, *, signed_in: bool = False, **options: bool) -> Client:
    client = Client(headers={"host": host}, **options)
    if signed_in:
        client.force_login(AdministratorFactory())
    return client


@pytest.mark.parametrize("path", PAGES[:-1])
@pytest.mark.parametrize("host", [MLFLOW, "localhost"])
def test_a_person_who_asks_mlflows_address_for_a_page_is_sent_to_the_pages(path: str, host: str) -> None:
    """`localhost` is neither address: whatever is not that of the pages is MLflow's."""
    response = at(host, signed_in=True).get(path, headers=PAGE)
    assert (response.status_code, response.headers["Location"]) == (302, f"http://{PORTAL}{path}")


@pytest.mark.parametrize("path", PAGES)
def test_a_script_at_mlflows_address_gets_no_page_and_no_api(path: str) -> None:
    client = at(MLFLOW, signed_in=True)
    for response in (client.get(path, headers=CALL), client.post(path, headers=CALL)):
        assert response.status_code == 404
        assert "csrfmiddlewaretoken" not in response.content.decode()
    assert f"http://{PORTAL}/checkpoint/" in response.json()["message"]


def test_a_form_that_is_sent_to_mlflows_address_decides_nothing() -> None:
    response = at(MLFLOW, signed_in=True).post("/checkpoint/promote-requests/1/review/", headers=PAGE)
    assert response.status_code == 404
    assert "not at this address" in response.content.decode()


def test_a_token_opens_the_api_at_the_pages_address_only() -> None:
    _, token = issue_token()
    headers = {"Authorization": f"Bearer {token}"}
    assert at(PORTAL).get("/checkpoint/api/promote-requests/", headers=headers).status_code == 200
    response = at(MLFLOW).get("/checkpoint/api/promote-requests/", headers=headers)
    assert (response.status_code, response.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize(
    "path", ["/checkpoint/healthz", "/checkpoint/mlflow-ui/status/", "/checkpoint/static/checkpoint/js/mlflow_ui.js"]
)
@pytest.mark.parametrize("host", [MLFLOW, PORTAL])
def test_what_mlflows_page_needs_is_at_both(path: str, host: str) -> None:
    response = at(host).get(path)
    response.close()
    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/", "/index.html", "/?x=1"])
def test_a_person_who_asks_the_pages_address_for_mlflow_is_sent_there(path: str) -> None:
    response = at(PORTAL, signed_in=True).get(path, headers=PAGE)
    assert (response.status_code, response.headers["Location"]) == (302, f"http://{MLFLOW}{path}")


def test_a_picture_of_mlflows_in_a_page_is_fetched_there() -> None:
    path = "/get-artifact?path=plot.png&run_uuid=1"
    response = at(PORTAL).get(path, headers={"accept": "image/*", "Sec-Fetch-Dest": "image"})
    assert (response.status_code, response.headers["Location"]) == (302, f"http://{MLFLOW}{path}")
    policy = at(PORTAL).get("/checkpoint/accounts/login/").headers["Content-Security-Policy"]
    assert f"img-src 'self' data: {MLFLOW};" in policy


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
@pytest.mark.parametrize(
    "path", ["/api/2.0/mlflow/runs/get", "/api/2.0/mlflow/registered-models/alias", "/get-artifact"]
)
def test_nothing_of_mlflows_is_at_the_pages_address(method: str, path: str) -> None:
    _, token = issue_token()
    client = at(PORTAL, signed_in=True)
    for headers in ({"Authorization": f"Bearer {token}"}, CALL):
        response = getattr(client, method)(path, headers=headers)
        assert response.status_code == 404
        assert f"http://{MLFLOW}" in response.json()["message"]


def test_a_web_server_in_front_takes_nothing_to_mlflow_from_the_pages_address(settings: Settings) -> None:
    settings.CHECKPOINT_TRUSTED_PROXIES = [ip_network("127.0.0.1/32")]
    _, token = issue_token()
    question = {"X-Original-Method": "GET", "X-Original-URI": "/api/2.0/mlflow/runs/get?run_id=1"}
    headers = question | {"Authorization": f"Bearer {token}"}
    assert at(MLFLOW).get("/checkpoint/auth-request", headers=headers).status_code == 204
    assert at(PORTAL).get("/checkpoint/auth-request", headers=headers).status_code == 403


def test_a_page_of_mlflows_cannot_post_to_the_pages() -> None:
    client = at(PORTAL, signed_in=True, enforce_csrf_checks=True)
    client.get("/checkpoint/promote-requests/new/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    for headers in ({"Origin": f"http://{MLFLOW}"}, PAGE | {"Sec-Fetch-Site": "same-site"}):
        response = client.post(
            "/checkpoint/accounts/logout/", {"csrfmiddlewaretoken": token}, headers=headers | {"accept": "text/html"}
        )
        assert response.status_code == 403


def test_a_page_of_ours_cannot_write_to_mlflow(settings: Settings) -> None:
    settings.CHECKPOINT_ANONYMOUS = "write"
    headers = {"Origin": f"http://{PORTAL}", "Sec-Fetch-Site": "same-site"}
    assert at(MLFLOW).post("/api/2.0/mlflow/runs/create", headers=headers).status_code == 403
    assert at(MLFLOW).post("/api/2.0/mlflow/runs/create", headers={"Origin": f"http://{PORTAL}"}).status_code == 403


def test_links_lead_to_the_address_where_each_thing_is() -> None:
    assert absolute("/checkpoint/promote-requests/1/") == f"http://{PORTAL}/checkpoint/promote-requests/1/"
    assert absolute("/#/models/Fraud") == f"http://{MLFLOW}/#/models/Fraud"


def test_each_address_names_its_own_folders_in_its_policy() -> None:
    page = at(PORTAL).get("/checkpoint/accounts/login/").headers["Content-Security-Policy"]
    assert f"script-src {PORTAL}/checkpoint/static/ " in page
    assert MLFLOW not in page.partition("img-src")[0]
    # After signing in the browser is led on to MLflow, which Chromium counts as a part of sending the form.
    assert f"form-action {PORTAL}/checkpoint/ {MLFLOW};" in page


@pytest.mark.parametrize(
    ("public", "portal", "message"),
    [
        ("https://mlflow.example.org", "http://checkpoint.example.org", "the same scheme, https"),
        ("https://mlflow.example.org", "https://mlflow.example.org:443", "another host name or port"),
        ("https://mlflow.example.org", "https://mlflow.example.org/checkpoint", "must not have a path"),
        ("https://mlflow.example.org", "checkpoint.example.org", "is not an http(s) address"),
        ("https://mlflow.example.org", "https://checkpoint.example.org", ""),
        ("http://localhost:5000", "http://localhost:5001", ""),
        ("http://localhost:5000", "http://127.0.0.1:5000", ""),
    ],
)
def test_two_addresses_that_are_not_two_origins_stop_the_start(public: str, portal: str, message: str) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
        "CHECKPOINT_PUBLIC_URL": public,
        "CHECKPOINT_PORTAL_URL": portal,
    }
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert message in done.stderr
    assert bool(done.returncode) is bool(message)


def test_with_https_no_neighbour_can_set_our_cookies() -> None:
    names = "SESSION_COOKIE_NAME CSRF_COOKIE_NAME CHECKPOINT_MLFLOW_COOKIE_NAME CHECKPOINT_ARRIVAL_COOKIE_NAME"
    script = (
        "import django; django.setup(); from django.conf import settings; "
        f"print([getattr(settings, name) for name in {names!r}.split()], settings.SESSION_COOKIE_SECURE)"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "checkpoint_project.settings",
        "CHECKPOINT_PUBLIC_URL": "https://x.example",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("'__Host-Http-checkpoint_") == 4
    assert done.stdout.strip().endswith("True")
