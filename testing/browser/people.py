"""What people do in the browser before a test's own story begins, and where it has led them."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

from testing.servers.commands import output_of

PASSWORD = "correct horse battery staple"
"""Of everybody in the Checkpoint that the browser sees."""

SignIn = Callable[..., Page]
"""`sign_in(name, *init_scripts, **context_options)`: a tab of that person's own browser."""
Manage = Callable[..., str]
"""`manage(*words)`: runs a management command on the running Checkpoint's database and returns what it printed."""
CallAs = Callable[[str], Callable[[str, dict[str, Any]], dict[str, Any]]]
"""`call_as(name)` gives `call(path, values)`: that person posts to the API of promote requests."""


_ADD_PEOPLE = f"""
from accounts.models import User
for name in ("ada", "grace"):
    User.objects.create_user(name, f"{{name}}@example.org", {PASSWORD!r})
"""


def add_people(environment: Mapping[str, str]) -> None:
    """Adds ada and grace to the Checkpoint that has this environment."""
    output_of("shell", "--command", _ADD_PEOPLE, environment=environment)


def fill_sign_in(page: Page, name: str) -> None:
    """Fills in the sign-in page that is open and sends it."""
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


def form_values(page: Page) -> dict[str, str]:
    """What the form is filled in with, once the browser has come to it."""
    page.wait_for_url(re.compile(r"/checkpoint/promote-requests/new/\?"))
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
