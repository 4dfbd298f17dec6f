"""What browsers say of their calls (W3C Fetch Metadata), as a browser sends it."""

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from foundation.browsers import metadata


def call(site: str = "", mode: str = "", dest: str = "") -> HttpRequest:
    sent = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
    return RequestFactory().get("/", headers={name: value for name, value in sent.items() if value})


@pytest.mark.parametrize("dest", ["script", "worker", "sharedworker", "serviceworker", "audioworklet", "xslt", "style"])
def test_code_is_told_from_what_is_shown(dest: str) -> None:
    assert metadata.is_code(call(dest=dest))


@pytest.mark.parametrize("dest", ["", "empty", "document", "iframe", "image", "video", "audio", "track", "embed"])
def test_what_is_shown_is_no_code(dest: str) -> None:
    assert not metadata.is_code(call(dest=dest))


@pytest.mark.parametrize(
    ("mode", "dest", "is_one"),
    [
        ("navigate", "document", True),
        ("", "", True),
        ("navigate", "iframe", False),
        ("navigate", "embed", False),
        ("cors", "empty", False),
        ("no-cors", "image", False),
        ("no-cors", "", False),
    ],
)
def test_only_a_tab_of_its_own_is_a_navigation(mode: str, dest: str, is_one: bool) -> None:
    assert metadata.is_navigation(call("same-origin", mode, dest)) is is_one


@pytest.mark.parametrize(
    ("site", "mode", "dest", "is_ours"),
    [
        ("same-origin", "navigate", "document", True),
        ("same-origin", "cors", "empty", True),
        ("same-origin", "same-origin", "empty", True),
        ("", "", "", True),
        ("", "cors", "", True),  # a program that calls itself a browser's fetch, as Node does
        ("none", "navigate", "document", False),
        ("same-site", "navigate", "document", False),
        ("cross-site", "navigate", "document", False),
        ("same-origin", "navigate", "iframe", False),
        ("same-origin", "no-cors", "empty", False),
        ("same-origin", "websocket", "empty", False),
    ],
)
def test_our_pages_send_forms_and_calls_of_their_own_origin(site: str, mode: str, dest: str, is_ours: bool) -> None:
    assert metadata.is_sent_by_our_page(call(site, mode, dest)) is is_ours
