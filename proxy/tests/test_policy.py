"""What browsers may do with what MLflow serves: its own interface runs, and nothing else does."""

import pytest
from django.test import RequestFactory

from foundation.browsers import policies
from proxy.page import policy

ARTIFACT = "/get-artifact"
FILE = "/api/2.0/mlflow-artifacts/artifacts/1/x/artifacts/report"


def applied(path: str, content_type: str = "", *, is_document: bool = False, host: str = "mlflow.example:5000") -> dict:
    request = RequestFactory().get(path, headers={"host": host})
    headers = [("content-type", content_type)] if content_type else []
    found = policy.apply(request, path, headers, is_document=is_document)
    assert len({name.lower() for name, _ in found}) == len(found)
    return {name.lower(): value for name, value in found}


def directives(value: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (directive.split() for directive in value.split("; "))}


def document(path: str = "/", host: str = "mlflow.example:5000") -> dict[str, list[str]]:
    headers = applied(path, "text/html; charset=utf-8", is_document=True, host=host)
    return directives(headers["content-security-policy"])


@pytest.fixture(autouse=True)
def _hosts(settings) -> None:
    settings.ALLOWED_HOSTS = ["mlflow.example", "[::1]", "inside.example"]
    settings.CHECKPOINT_PUBLIC_URL = "https://mlflow.example:5000"


def test_mlflows_document_runs_files_of_two_folders_and_nothing_inline() -> None:
    found = document()
    folders = ["mlflow.example:5000/static-files/", "mlflow.example:5000/checkpoint/static/checkpoint/"]
    assert found["default-src"] == ["'none'"]
    assert found["script-src"] == [*folders, "'unsafe-eval'"]
    assert found["worker-src"] == folders[:1]
    assert found["frame-src"] == [folders[1], "blob:"]
    assert "object-src" not in found, "the default forbids plug-ins"


def test_no_source_of_code_or_frames_is_the_whole_origin() -> None:
    for name in ("script-src", "style-src", "worker-src", "frame-src", "manifest-src", "font-src"):
        assert not {"'self'", "*", "https:", "http:", "data:", "mlflow.example:5000"} & set(document()[name]) - {
            "data:" if name == "font-src" else ""
        }


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/", "/static-files/"),
        ("/index.html", "/static-files/"),
        ("/ml/", "/ml/static-files/"),
        ("/a/b/index.html", "/a/b/static-files/"),
        ("/static-files/lib/notebook-trace-renderer/index.html", "/static-files/"),
        ("/ml/static-files/lib/x.html", "/ml/static-files/"),
    ],
)
def test_files_of_the_interface_lie_beside_its_document(path: str, folder: str) -> None:
    assert policy.folder_of_files(path) == folder


def test_both_the_callers_name_for_us_and_the_public_one_are_named() -> None:
    found = document(host="inside.example")
    assert found["worker-src"] == ["inside.example/static-files/", "mlflow.example:5000/static-files/"]


def test_a_host_that_policies_cannot_name_leaves_the_origin() -> None:
    found = document(host="[::1]:5000")
    assert found["worker-src"] == ["'self'"]
    assert "'unsafe-inline'" not in found["script-src"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/javascript",
        "text/javascript; charset=utf-8",
        "application/javascript",
        "APPLICATION/X-JavaScript",
        "text/javascript1.5",
        "text/jscript",
        "text/livescript",
        "text/x-ecmascript",
        "application/ecmascript ;q=1",
        "text/css",
        "text/xsl",
        "application/xslt+xml",
    ],
)
@pytest.mark.parametrize("path", [FILE, ARTIFACT, "/", "/anything"])
def test_what_is_logged_is_never_code(path: str, content_type: str) -> None:
    headers = applied(path, content_type)
    assert headers["content-type"].lower().startswith("text/plain")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == policies.CONTAINED


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "text/html; charset=utf-8",
        "image/svg+xml",
        "application/pdf",
        "text/markdown",
        "application/octet-stream",
        "text/csv",
        "application/geo+json",
        "text/cssx",
    ],
)
def test_every_other_type_stays_and_is_contained(content_type: str) -> None:
    headers = applied(FILE, content_type)
    assert headers["content-type"] == content_type
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_files_of_the_interface_keep_their_type_and_workers_have_no_policy() -> None:
    headers = applied("/static-files/static/js/main.c2f5f8d4.js", "text/javascript; charset=utf-8")
    assert headers == {"content-type": "text/javascript; charset=utf-8", "x-content-type-options": "nosniff"}


@pytest.mark.parametrize("path", ["/api/2.0/x/static-files/evil.js", "/get-artifact/static-files/evil.js"])
def test_an_artifact_that_is_called_like_a_file_of_the_interface_is_contained(path: str) -> None:
    assert applied(path, "text/javascript")["content-type"] == "text/plain"


def test_a_page_among_the_files_has_the_documents_policy() -> None:
    headers = applied("/static-files/lib/notebook-trace-renderer/index.html", "text/html")
    assert directives(headers["content-security-policy"]) == document()


def test_a_policy_of_mlflows_own_stays_beside_ours() -> None:
    own = ("Content-Security-Policy", "script-src 'none'")
    found = policy.apply(RequestFactory().get("/", headers={"host": "mlflow.example"}), FILE, [own])
    assert own in found
    assert ("Content-Security-Policy", policies.CONTAINED) in found
