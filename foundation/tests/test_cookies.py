"""Cookies count under the name that the browser checked, and once."""

import pytest
from django.test import RequestFactory

from foundation.browsers import cookies


def left(header: str) -> dict[str, str]:
    request = RequestFactory().get("/", headers={"cookie": header.encode().decode("latin-1")})
    cookies.keep_plain(request)
    return request.COOKIES


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("ours=1; theirs=2", {"ours": "1", "theirs": "2"}),
        ("ours=1;theirs=2;", {"ours": "1", "theirs": "2"}),
        ('messages="a\\054b"', {"messages": "a,b"}),
        ("ours=a=b", {"ours": "a=b"}),
        # Django would read each of these as `ours`.
        *((f"ours=1; {space}ours=2", {"ours": "1"}) for space in "\u2000\u3000\xa0\x85\x1c\x0b"),
        ("ours\u2003=2", {}),
        ("ours=1; =ours=2", {"ours": "1"}),
        ("ours=1; ours=2", {}),
        ("ours=1; ours=1", {"ours": "1"}),
        ("ours", {}),
        ("", {}),
    ],
)
def test_of_the_cookies_those_are_left_whose_name_the_browser_checked(header: str, expected: dict[str, str]) -> None:
    assert left(header) == expected


def test_a_call_without_cookies_has_none() -> None:
    request = RequestFactory().get("/")
    del request.META["HTTP_COOKIE"]
    cookies.keep_plain(request)
    assert "HTTP_COOKIE" not in request.META
