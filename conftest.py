"""What the tests of all rooms share: a fake registry, real MLflow, real PostgreSQL, and a search of all logs."""

import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connection

from demo.mlflow_server import MlflowServer
from testing import embedded_postgresql
from testing.secret_check import leaks, secrets

if TYPE_CHECKING:
    from pytest_django import Settings

    from registry.fake import FakeRegistry


pytest_plugins = ["pytester"]

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
BROWSER_REQUIRED = bool(os.environ.get("CHECKPOINT_TEST_REQUIRE_BROWSER"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses a file in which some tests commit to the database and others do not.

    A test that commits ends by emptying every table, the rows of migrations included. So all of them run last, which
    processes that share the work by file can only do if such tests have files of their own.
    """
    kinds: dict[Path, set[bool]] = {}
    for item in items:
        if marker := item.get_closest_marker("django_db"):
            kinds.setdefault(item.path, set()).add(bool(marker.kwargs.get("transaction")))
    if mixed := [path.name for path, found in kinds.items() if len(found) > 1]:
        raise pytest.UsageError(f"move the tests with transaction=True to files of their own: {', '.join(mixed)}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips the tests that this machine or this run cannot run; skipped here, each kind is one line of the summary."""
    if "postgresql" in item.keywords and connection.vendor != "postgresql":
        pytest.skip("runs with CHECKPOINT_TEST_DATABASE=postgresql (`make test` does both)")
    if "browser" in item.keywords and CHROMIUM is None:
        pytest.skip("needs Chromium: install it, on Debian and Ubuntu with `apt install chromium`")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fails a browser test that is skipped although the run requires a browser, and a test that logs a secret."""
    report = yield
    if BROWSER_REQUIRED and report.skipped and "browser" in item.keywords:
        report.outcome = "failed"
    sections = {f"Captured {source} {report.when}" for source in ("log", "stderr")}
    logged = "\n".join(text for name, text in report.sections if name in sections)
    if report.passed and (leaked := leaks(logged, secrets({"SECRET_KEY": settings.SECRET_KEY}))):
        report.outcome = "failed"
        report.longrepr = f"A secret was logged: {leaked[:3]}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_secret_in_the_log_of_any_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Searches, at the end of the run, the logs of all servers that its tests started."""
    yield
    files = [path for path in tmp_path_factory.getbasetemp().rglob("*") if path.is_file()]
    unwanted = secrets({})
    for path in files:
        if path.name == "secret_key":
            unwanted |= secrets({"SECRET_KEY": path.read_text().strip()})
    for path in files:
        # demo.log is what the demo prints for the person who tries it: passwords and a token made for that.
        if (path.suffix == ".log" and path.name != "demo.log") or path.name == "log":
            leaked = leaks(path.read_text(errors="replace"), unwanted)
            if leaked:
                pytest.fail(f"{path} holds secrets: {leaked[:3]}")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Returns the path of the browser; for tests marked `browser`, which are skipped where there is none."""
    if CHROMIUM is None:
        pytest.fail("mark the test with `browser`")
    return CHROMIUM


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yields the address of a real MLflow that the whole run shares: name what a test creates there after the test."""
    with MlflowServer(tmp_path_factory.mktemp("mlflow")) as server:
        server.wait()
        yield server.url


@pytest.fixture
def postgresql() -> str:
    """Returns the address of an empty PostgreSQL database, for a server that a test starts.

    The test's own connection uses PostgreSQL only in the run on PostgreSQL: see the marker `postgresql`.
    """
    return embedded_postgresql.create_database(f"t{uuid.uuid4().hex}")


@pytest.fixture
def registry(settings: "Settings") -> "Iterator[FakeRegistry]":
    """Replaces MLflow by an empty fake registry and yields it."""
    from registry import fake  # noqa: PLC0415 - only the tests that ask for it load it

    settings.CHECKPOINT_REGISTRY_CLIENT = "registry.fake.connect"
    yield fake.connect("")
    fake.reset()


@pytest.fixture(autouse=True)
def _no_remembered_credentials() -> None:
    """Clears the credential cache, because the database gives the ids of earlier tests' people to others."""
    from accounts.identity.credential_cache import cache  # noqa: PLC0415 - Django is set up only now
    from accounts.identity.passwords import verdicts  # noqa: PLC0415

    cache.clear()
    verdicts.clear()
