"""A real Checkpoint in front of a real MLflow, and a real Chromium that people sign in with."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import mlflow
import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from demo.processes import ServerProcess, free_port
from testing.browser.mlflow_pages import NO_ASSISTANT
from testing.browser.registry_content import Seeded

PASSWORD = "correct horse battery staple"
PEOPLE = ("ada", "grace")
CHROMIUM_OPTIONS = (
    "--no-sandbox",  # a container's root may not have one
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
OUR_SCRIPTS = "/checkpoint/static/checkpoint/"
_ADD_PEOPLE = """
from accounts.models import User
for name in {people!r}:
    User.objects.create_user(name, f"{{name}}@example.org", {password!r})
"""

SignIn = Callable[..., Page]
Manage = Callable[..., str]


@dataclass(frozen=True)
class Installation:
    """A Checkpoint of the tests' own: its address, its folder, and the environment that makes it that one."""

    url: str
    state: Path
    environment: dict[str, str]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]

    def manage(self, *words: str) -> str:
        """Runs a management command in it and returns what it printed."""
        done = subprocess.run(
            self.command(*words), env=self.environment, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout


@pytest.fixture(scope="session")
def installation(mlflow_server: str, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    state = tmp_path_factory.mktemp("checkpoint")
    url = f"http://127.0.0.1:{free_port()}"
    ours = ("CHECKPOINT_", "DATABASE_URL", "DJANGO_", "SECRET_KEY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
        "CHECKPOINT_STATE_DIR": str(state),
        "CHECKPOINT_REGISTRY_URL": mlflow_server,
        "CHECKPOINT_PUBLIC_URL": url,
        "CHECKPOINT_ADMIN_USERNAME": "admin",
        "CHECKPOINT_ADMIN_PASSWORD": PASSWORD,
    }
    return Installation(url, state, environment)


@pytest.fixture(scope="session")
def live_checkpoint(installation: Installation) -> Iterator[str]:
    """Gives the address of a running Checkpoint in front of `mlflow_server`, with ada, grace and admin in it."""
    port = str(urlsplit(installation.url).port)
    serve = installation.command(
        "serve", "--host", "127.0.0.1", "--port", port, "--workers", "1", "--stop-timeout", "1"
    )
    log = installation.state / "checkpoint.log"
    with ServerProcess("Checkpoint", serve, environment=installation.environment, log=log) as server:
        server.wait_until_answering(f"{installation.url}/checkpoint/healthz", timeout=60)
        installation.manage("shell", "--command", _ADD_PEOPLE.format(people=PEOPLE, password=PASSWORD))
        yield installation.url


@pytest.fixture(scope="session")
def manage(installation: Installation, live_checkpoint: str) -> Manage:
    """Gives `manage(*words)`: runs a management command on the running Checkpoint's database."""
    return installation.manage


@pytest.fixture(scope="package")
def seeded(mlflow_server: str) -> Iterator[Seeded]:
    before = mlflow.get_tracking_uri()
    yield Seeded(mlflow_server)
    mlflow.set_tracking_uri(before)


@pytest.fixture(scope="package")
def protected_destination(seeded: Seeded, manage: Manage) -> str:
    """Adds a rule for the model that copies go to, as an administrator does."""
    manage(
        "shell",
        "--command",
        "from protection.models import ProtectionRule;"
        f"ProtectionRule.objects.create(target_pattern='model:{seeded.destination}')",
    )
    return seeded.destination


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """Gives a running Chromium.

    Not for the whole session: while Playwright's loop runs in this thread, Django refuses the database to every test.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_OPTIONS))
        yield launched
        launched.close()


@pytest.fixture
def new_context(browser: Browser, live_checkpoint: str) -> Iterator[Callable[..., BrowserContext]]:
    """Gives a maker of browser profiles, and fails the test if a script of ours raised in one of them."""
    made: list[BrowserContext] = []
    raised: list[str] = []

    def make(**options: object) -> BrowserContext:
        context = browser.new_context(
            **{"base_url": live_checkpoint, "viewport": {"width": 1400, "height": 900}} | options
        )
        context.add_init_script(NO_ASSISTANT)
        context.on("weberror", lambda error: raised.append(f"{error.error} {error.error.stack}"))
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
    assert not [error for error in raised if OUR_SCRIPTS in error]


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """Gives a browser profile with nobody signed in."""
    return new_context()


@pytest.fixture
def browser_page(context: BrowserContext) -> Page:
    """Gives a tab in which nobody is signed in."""
    return context.new_page()


@pytest.fixture(scope="package")
def sessions() -> dict[str, object]:
    """Gives what signed-in people's browsers hold, by name: the password's hash takes its time, once is enough."""
    return {}


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], sessions: dict[str, object]) -> SignIn:
    """Gives `sign_in(name, *init_scripts, **context_options)`: a tab of that person's own browser, signed in."""

    def as_person(name: str, *scripts: str, **options: object) -> Page:
        if name in sessions:
            options["storage_state"] = sessions[name]
        context = new_context(**options)
        for script in scripts:
            context.add_init_script(script)
        page = context.new_page()
        if name not in sessions:
            page.goto("/checkpoint/accounts/login/?next=/checkpoint/")
            fill_sign_in(page, name)
            page.wait_for_url("**/checkpoint/")
            # Without what the scripts above put into the origin's storage.
            sessions[name] = {"cookies": context.cookies(), "origins": []}
        return page

    return as_person


def fill_sign_in(page: Page, name: str) -> None:
    """Fills in the sign-in page that is open and sends it."""
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


def form_values(page: Page) -> dict[str, str]:
    """What the form is filled in with, once the browser has come to it."""
    page.wait_for_url(re.compile(r"/checkpoint/promote-requests/new/\?"), timeout=15_000)
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
