"""Checkpoint's pages are out of the reach of scripts that share their origin: one table for every address."""

import re

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from testing.people import AdministratorFactory

DOCUMENT = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
SCRIPTS_CALL = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
HTMX = SCRIPTS_CALL | {"HX-Request": "true"}
FRAME = DOCUMENT | {"Sec-Fetch-Dest": "iframe"}
NEIGHBOUR = DOCUMENT | {"Sec-Fetch-Site": "same-site"}
ELSEWHERE = DOCUMENT | {"Sec-Fetch-Site": "cross-site"}
SCRIPT = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
PAGES = (
    "/checkpoint/",
    "/checkpoint/inbox/",
    "/checkpoint/models/",
    "/checkpoint/promote-requests/new/",
    "/checkpoint/accounts/tokens/",
    "/checkpoint/accounts/password/change/",
    "/checkpoint/admin/",
    "/checkpoint/admin/accounts/user/add/",
)
OF_THE_API = "/checkpoint/api/schema/swagger/"
"""Has no token in it, and may be read by scripts as all of the API; only frames do not get it."""
CHANGES = (
    "/checkpoint/promote-requests/1/review/",
    "/checkpoint/promote-requests/1/promote/",
    "/checkpoint/promote-requests/1/close/",
    "/checkpoint/promote-requests/1/comment/",
    "/checkpoint/promote-requests/new/",
    "/checkpoint/accounts/tokens/new/",
    "/checkpoint/accounts/login/",
    "/checkpoint/accounts/logout/",
    "/checkpoint/accounts/password/change/",
    "/checkpoint/admin/accounts/user/add/",
    "/checkpoint/admin/protection/protectionrule/add/",
    "/checkpoint/api/promote-requests/1/reviews/",
    "/checkpoint/api/promote-requests/1/promote/",
)

pytestmark = [pytest.mark.django_db, pytest.mark.whole]


@pytest.fixture
def signed_in(registry) -> Client:
    client = Client()
    client.force_login(AdministratorFactory())
    return client


def is_kept_away(response) -> bool:
    return response.status_code == 403 and "csrfmiddlewaretoken" not in response.content.decode()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("extra", [{}, {"Authorization": "x"}, {"Authorization": "Bearer cpt_x"}], ids=str)
@pytest.mark.parametrize("headers", [SCRIPTS_CALL, HTMX, FRAME, SCRIPT], ids=["script's call", "htmx", "frame", "tag"])
def test_no_script_or_frame_gets_a_page_whatever_header_it_adds(signed_in, path, headers, extra) -> None:
    assert is_kept_away(signed_in.get(path, headers=headers | extra))


def test_no_frame_gets_the_page_of_the_api(signed_in) -> None:
    assert is_kept_away(signed_in.get(OF_THE_API, headers=FRAME))


@pytest.mark.parametrize("path", [*PAGES, OF_THE_API])
@pytest.mark.parametrize("headers", [DOCUMENT, ELSEWHERE, {}], ids=["from here", "from a mail", "old browser"])
def test_a_person_who_goes_to_a_page_gets_it_in_a_tab_that_nobody_else_can_reach(signed_in, path, headers) -> None:
    response = signed_in.get(path, headers=headers)
    assert response.status_code == 200
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("extra", [{}, {"Authorization": "x"}], ids=str)
@pytest.mark.parametrize("headers", [FRAME, NEIGHBOUR, ELSEWHERE, SCRIPT], ids=["frame", "same site", "site", "tag"])
def test_what_decides_is_sent_by_our_own_pages_only(signed_in, path, headers, extra) -> None:
    if extra and path.startswith("/checkpoint/api/"):
        assert signed_in.post(path, headers=headers | extra).status_code == 401  # the header tells who calls
        return
    response = signed_in.post(path, headers=headers | extra)
    assert is_kept_away(response)
    assert "not sent by a page of Checkpoint's" in response.content.decode()


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("headers", [DOCUMENT, HTMX, {}], ids=["form", "htmx", "old browser"])
def test_what_our_pages_send_is_judged_by_the_view(signed_in, path, headers) -> None:
    response = signed_in.post(path, headers=headers)
    assert "not sent by a page of Checkpoint's" not in response.content.decode()
    assert response.status_code != 403


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/checkpoint/mlflow-ui/status/", SCRIPTS_CALL, 200),
        ("/checkpoint/api/promote-requests/", SCRIPTS_CALL, 200),
        ("/checkpoint/api/promote-requests/", SCRIPTS_CALL | {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/checkpoint/api/promote-requests/", SCRIPT, 403),
        ("/checkpoint/admin/jsi18n/", SCRIPT, 200),
        ("/checkpoint/api/schema/swagger/?script", SCRIPT, 200),
        ("/checkpoint/static/checkpoint/js/checkpoint.js", SCRIPT, 200),
    ],
)
def test_what_scripts_may_ask(signed_in, path, headers, status) -> None:
    response = signed_in.get(path, headers=headers)
    response.close()
    assert response.status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/checkpoint/static/checkpoint/js/checkpoint.js",
        "/checkpoint/api/promote-requests/",
        "/checkpoint/admin/jsi18n/",
    ],
)
def test_nothing_of_ours_is_a_service_worker(signed_in, path) -> None:
    assert signed_in.get(path, headers=SCRIPT | {"Service-Worker": "script"}).status_code == 403


def test_programs_with_credentials_say_what_they_like(signed_in) -> None:
    headers = ELSEWHERE | {"Authorization": "Bearer cpt_wrong"}
    assert signed_in.post("/checkpoint/api/promote-requests/1/promote/", headers=headers).status_code == 401


def test_swaggers_styles_are_the_only_thing_inline(signed_in) -> None:
    policy = signed_in.get("/checkpoint/api/schema/swagger/").headers["Content-Security-Policy"]
    assert policy.count("unsafe") == 1
    assert re.search(r"style-src [^;]*/checkpoint/static/ 'unsafe-inline';", policy)


def test_the_frame_for_artifacts_is_sandboxed_and_may_be_framed_by_us() -> None:
    response = Client().get("/checkpoint/static/checkpoint/artifact_frame.html")
    response.close()
    headers = response.headers
    assert headers["Content-Security-Policy"] == "sandbox allow-scripts; frame-ancestors 'self'"
    assert "X-Frame-Options" not in headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("get", path) for path in PAGES),
        *(
            ("get", f"/checkpoint/{path}")
            for path in ("nowhere/", "mlflow-ui/nowhere/", "admin/autocomplete/", "api/x/")
        ),
        *(("post", path) for path in CHANGES),
        ("post", "/checkpoint/nowhere/"),
        ("put", "/checkpoint/"),
    ],
)
def test_no_answer_to_a_script_has_a_token_in_it_also_no_refusal(registry, method, path) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(AdministratorFactory())
    response = getattr(client, method)(path, headers=SCRIPTS_CALL | {"accept": "text/html"})
    assert response.status_code >= 400
    assert "csrfmiddlewaretoken" not in response.content.decode()


TOKEN = "a" * 32


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize("name", ["checkpoint_csrf", "\u2000checkpoint_csrf"])
def test_a_script_that_sets_a_cookie_does_not_choose_the_token_of_a_form(registry, path, name) -> None:
    """A cookie of that odd name is another one to browsers, which keep scripts from those that are `HttpOnly`."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(AdministratorFactory())
    session = client.cookies["checkpoint_session"].value
    cookies = f"checkpoint_session={session}; {name}={TOKEN}".encode().decode("latin-1")
    headers = SCRIPTS_CALL | {"cookie": cookies, "x-csrftoken": TOKEN}
    kind = "application/json" if "/api/" in path else "application/x-www-form-urlencoded"
    response = client.post(path, "{}", content_type=kind, headers=headers)
    assert response.status_code == 403


def test_the_token_of_a_form_is_good_for_its_session_alone(registry) -> None:
    tokens = []
    for _ in range(2):
        client = Client(enforce_csrf_checks=True)
        client.force_login(AdministratorFactory())
        page = client.get("/checkpoint/accounts/tokens/", headers=DOCUMENT).content.decode()
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert found is not None
        tokens.append(found[1])
    statuses = [
        client.post("/checkpoint/accounts/logout/", {"csrfmiddlewaretoken": token}, headers=DOCUMENT).status_code
        for token in tokens
    ]
    assert statuses == [403, 302]


def _patterns(resolver: URLResolver, prefix: str = "/"):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)


def _address(pattern: str) -> str:
    """Returns an address that a pattern matches, of something that need not exist."""
    return re.sub(r"<(\w+:)?\w+>", "1", re.sub(r"<uuid:\w+>", "0" * 8 + "-0000-4000-8000-" + "0" * 12, pattern))


def test_no_address_answers_a_script_with_a_token_whatever_it_sends(registry) -> None:
    """Whoever is signed in has a token in every page: also in one that is answered to a form without any."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(AdministratorFactory())
    found = {
        _address(path) for path in _patterns(get_resolver()) if path.startswith("/checkpoint/") and "(" not in path
    }
    assert len(found) > 150
    told = []
    for path in sorted(found):
        for method in ("post", "put"):
            response = getattr(client, method)(path, headers=SCRIPTS_CALL)
            assert response.status_code < 500, path
            if "csrfmiddlewaretoken" in response.content.decode():
                told.append(f"{method} {path}")
    assert told == []


def test_a_mail_program_ends_mail_without_a_browser() -> None:
    for headers in ({}, DOCUMENT):
        response = Client(enforce_csrf_checks=True).post("/checkpoint/notifications/unsubscribe/", headers=headers)
        assert response.status_code == 400


def test_the_page_of_the_api_is_only_to_be_read(signed_in) -> None:
    for method in ("options", "post", "delete"):
        assert 400 <= getattr(signed_in, method)(OF_THE_API, headers=SCRIPTS_CALL).status_code < 500


def test_no_page_lies_below_an_address_that_answers_scripts() -> None:
    found = {path for path in _patterns(get_resolver()) if path.startswith("/checkpoint/mlflow-ui/")}
    assert found == {"/checkpoint/mlflow-ui/status/"}


@pytest.mark.parametrize(
    "path", ["/checkpoint/api/schema/swagger/?script=", "/checkpoint/api/schema/", "/checkpoint/admin/jsi18n/"]
)
def test_what_a_script_may_read_of_the_api_holds_no_token(signed_in, path) -> None:
    signed_in.get("/checkpoint/promote-requests/new/", headers=DOCUMENT)
    token = signed_in.cookies["checkpoint_csrf"].value
    for headers in (SCRIPTS_CALL, SCRIPT):
        said = signed_in.get(path, headers=headers).content.decode()
        assert token not in said
        assert not re.search(r"""["'][A-Za-z0-9]{32,}["']""", said)
