"""Every page and API path is closed to strangers unless it is named here."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

OPEN = {
    "/checkpoint/accounts/login/",
    "/checkpoint/accounts/logout/",  # sends a stranger to the sign-in page by itself
    "/checkpoint/accounts/invitation/",
    "/checkpoint/setup/",
    "/checkpoint/admin/login/",
    "/checkpoint/accounts/inactive/",
    "/checkpoint/accounts/signup/",  # says that accounts come by invitation
    "/checkpoint/notifications/unsubscribe/",  # the link in a mail, signed for its reader
    "/checkpoint/mlflow-ui/status/",  # tells a stranger that they are one, and no number
}
OPEN_BELOW = ("/checkpoint/accounts/password/reset/",)


def paths(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for entry in resolver.url_patterns:
        pattern = str(entry.pattern)
        # A converter or group becomes something that fits most: a number.
        pattern = re.sub(r"<[^>]+>", "1", re.sub(r"\(\?P<\w+>[^)]*\)", "1", pattern)).lstrip("^").replace("\\Z", "")
        path = prefix + pattern.rstrip("$")
        if isinstance(entry, URLResolver):
            yield from paths(entry, path)
        elif isinstance(entry, URLPattern):
            yield path


def portal_paths() -> list[str]:
    return sorted({path for path in paths(get_resolver()) if path.startswith("/checkpoint/")})


def test_there_are_paths_to_look_at() -> None:
    assert {"/checkpoint/", "/checkpoint/promote-requests/1/", "/checkpoint/api/promote-requests/"} <= set(
        portal_paths()
    )
    assert set(portal_paths()) >= OPEN - {"/checkpoint/admin/login/"}


@pytest.mark.django_db
def test_strangers_see_nothing_but_the_ways_in() -> None:
    client = Client()
    answered = []
    for path in portal_paths():
        if path in OPEN or path.startswith(OPEN_BELOW):
            continue
        for method in ("get", "post"):
            response = getattr(client, method)(path)
            location = response.headers.get("Location", "")
            closed = response.status_code in {401, 403, 404, 405} or (
                response.status_code == 302
                and location.startswith(("/checkpoint/accounts/login/", "/checkpoint/admin/"))
            )
            if not closed:
                answered.append((method, path, response.status_code, location))
    assert answered == []
