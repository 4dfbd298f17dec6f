import json

import pytest
from django.core.management import call_command
from django.test import Client

from foundation.api.parsers import MAX_BODY_BYTES
from promote_requests.models import PromoteRequest
from testing.api_client import NEW, ROOT, Api, assert_refused
from testing.people import bearer, issue_token

pytestmark = pytest.mark.django_db

READ = [
    "promote-requests/",
    "promote-requests/1/",
    "models/",
    "protection-rules/",
    "audit-events/",
    "schema/",
    "nothing/",
]
WRITE = ["promote-requests/", *(f"promote-requests/1/{do}/" for do in ("reviews", "comments", "promote", "close"))]


@pytest.mark.parametrize("path", READ)
@pytest.mark.parametrize("anonymous", ["off", "read", "write"])
def test_nobody_reads_without_signing_in_whatever_the_proxy_lets_pass(settings, path, anonymous):
    settings.CHECKPOINT_ANONYMOUS = anonymous
    response = Api().get(path)
    assert_refused(response, 401, "UNAUTHENTICATED")
    assert response["WWW-Authenticate"]


@pytest.mark.parametrize("path", WRITE)
def test_nobody_writes_without_signing_in(settings, path):
    settings.CHECKPOINT_ANONYMOUS = "write"
    assert_refused(Api().post(path, NEW), 401, "UNAUTHENTICATED")
    assert not PromoteRequest.objects.exists()


def test_a_wrong_token_is_refused(db):
    response = Client().get(f"{ROOT}promote-requests/", **bearer("not a token"))
    assert_refused(response, 401, "UNAUTHENTICATED")


def test_somebody_deactivated_is_refused(ada):
    _, plaintext = issue_token(ada)
    ada.is_active = False
    ada.save()
    assert_refused(Client().get(f"{ROOT}promote-requests/", **bearer(plaintext)), 401, "UNAUTHENTICATED")


def test_a_session_needs_the_csrf_token_to_write(fraud, ada):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    refused = client.post(f"{ROOT}promote-requests/", NEW, content_type="application/json")
    assert_refused(refused, 403, "PERMISSION_DENIED", "CSRF")
    assert not PromoteRequest.objects.exists()


def test_a_token_needs_no_csrf_token(fraud, ada):
    _, plaintext = issue_token(ada)
    client = Client(enforce_csrf_checks=True)
    made = client.post(f"{ROOT}promote-requests/", NEW, content_type="application/json", **bearer(plaintext))
    assert made.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"title": ',
        b'{"title": "half',
        b"nonsense",
        b"[]",
        b"[1]",
        b'"text"',
        b"null",
        b"3",
        b"\xff\xfe{\x00}\x00",
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"version": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"title": "a", "title": "b"}',
        b'{"target": {"kind": "stage", "kind": "alias"}}',
    ],
)
def test_a_body_that_is_no_json_object_is_malformed(fraud, ada, body):
    assert_refused(Api(ada).send("POST", "promote-requests/", body), 400, "MALFORMED_REQUEST")


def test_a_body_beyond_the_limit_is_refused(fraud, ada):
    body = json.dumps(NEW | {"description": "x" * MAX_BODY_BYTES})
    assert_refused(Api(ada).send("POST", "promote-requests/", body), 413, "REQUEST_TOO_LARGE", str(MAX_BODY_BYTES))


def test_a_chunked_body_is_refused_rather_than_ignored(open_request, grace):
    refused = Api(grace).send(
        "POST", f"promote-requests/{open_request.number}/close/", b"", HTTP_TRANSFER_ENCODING="chunked"
    )
    assert_refused(refused, 411, "LENGTH_REQUIRED")
    open_request.refresh_from_db()
    assert open_request.status == "open"


def test_no_answer_is_kept_in_a_cache(ada):
    for path in ("promote-requests/", "promote-requests/404/", "nothing/"):
        assert Api(ada).get(path)["Cache-Control"] == "no-store"


def test_an_empty_body_names_what_is_missing(fraud, ada):
    refused = Api(ada).send("POST", "promote-requests/", b"")
    assert_refused(refused, 400, "INVALID_PARAMETER_VALUE", field="title")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_media_type_is_refused(fraud, ada, content_type):
    refused = Api(ada).send("POST", "promote-requests/", json.dumps(NEW), content_type)
    assert_refused(refused, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "hex", "nonsense"])
def test_a_body_is_utf_8_whatever_the_charset_says(fraud, ada, charset):
    body = json.dumps(NEW | {"title": "Für alle"}, ensure_ascii=False).encode()
    made = Api(ada).send("POST", "promote-requests/", body, f"application/json; charset={charset}")
    assert made.json()["title"] == "Für alle"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_method_that_a_list_does_not_have_is_refused(fraud, ada, method):
    assert_refused(Api(ada).send(method, "promote-requests/", b""), 405, "METHOD_NOT_ALLOWED", method)


@pytest.mark.parametrize("path", ["", "nothing/", "promote-requests", "promote-requests/x/", "promote-requests/-1/"])
def test_an_address_that_leads_nowhere_says_so(ada, path):
    assert_refused(Api(ada).get(path), 404, "ENDPOINT_NOT_FOUND", "schema/")


def test_an_address_with_nul_leads_nowhere(fraud, ada):
    assert_refused(Api(ada).get("models/Fr%00aud/versions/"), 404, "ENDPOINT_NOT_FOUND")


def test_a_format_that_the_api_does_not_have_is_refused_in_json(ada):
    client = Api(ada).client
    refused = client.get(f"{ROOT}promote-requests/", headers={"Accept": "image/png"})
    assert_refused(refused, 406, "NOT_ACCEPTABLE")


def test_the_schema_refuses_in_json_too(db):
    refused = Client().get(f"{ROOT}schema/", headers={"Accept": "application/vnd.oai.openapi"})
    assert_refused(refused, 401, "UNAUTHENTICATED")


def test_a_fault_of_ours_shows_no_traceback(fraud, ada):
    fraud.fail_next(ZeroDivisionError("secret detail"))
    response = Api(ada).get("models/")
    assert_refused(response, 500, "INTERNAL_ERROR")
    assert b"secret detail" not in response.content


def test_the_schema_is_valid_and_complete(tmp_path):
    file = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(file))
    text = file.read_text()
    for path in (
        "reviews/",
        "comments/",
        "promote/",
        "close/",
        "reopen/",
        "submit/",
        "comparison/",
        "{name}/versions/",
    ):
        assert f"{path}:" in text


def test_the_swagger_page_is_for_people_who_signed_in(ada):
    page = f"{ROOT}schema/swagger/"
    redirected = Client().get(page)
    assert (redirected.status_code, "next=" in redirected["Location"]) == (302, True)
    shown = Api(ada).client.get(page)
    assert shown.status_code == 200
    html = shown.content.decode()
    assert "/checkpoint/static/drf_spectacular_sidecar/" in html
    assert "https://" not in html


def test_the_schema_is_served(ada):
    assert b"openapi" in Api(ada).get("schema/").content
