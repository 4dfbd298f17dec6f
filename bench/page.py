"""The first load of a model version page in Chromium, over a line of 10 Mbit/s and 40 ms."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from bench.registry import MODEL, PAGE_PATH
from bench.subjects import Subject

BITS_PER_SECOND = 10_000_000
LATENCY_MS = 40
_CONTENT_TIMEOUT_MS = 60_000
_REST_MS = 1_500


@dataclass(frozen=True)
class PageLoad:
    """One measurement.

    Attributes:
        seconds: From the navigation until the version's page shows.
        megabytes: Over the line, headers included, until a moment after the content shows.
    """

    seconds: float
    megabytes: float


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yields Debian's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def first_load(browser: Browser, subject: Subject, *, throttled: bool = True) -> PageLoad:
    """Opens the page with an empty browser cache."""
    context = browser.new_context()
    try:
        if cookie := subject.headers.get("Cookie"):
            name, _, value = cookie.partition("=")
            host = str(urlsplit(subject.url).hostname)
            context.add_cookies([{"name": name, "value": value, "domain": host, "path": "/"}])
        page = context.new_page()
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        if throttled:
            rate = BITS_PER_SECOND / 8
            line.send(
                "Network.emulateNetworkConditions",
                {"offline": False, "latency": LATENCY_MS, "downloadThroughput": rate, "uploadThroughput": rate},
            )
        received = [0.0]

        def count(event: dict[str, Any]) -> None:
            received[0] += event["encodedDataLength"]

        line.on("Network.loadingFinished", count)
        started = time.perf_counter()
        page.goto(subject.url + PAGE_PATH, wait_until="commit")
        # The version's own page: its title, and a fact that only the API's response has.
        page.get_by_role("heading", name="Version 1").or_(page.get_by_text(f"{MODEL} version 1")).first.wait_for(
            timeout=_CONTENT_TIMEOUT_MS
        )
        seconds = time.perf_counter() - started
        # Not "networkidle": MLflow's page repeats some calls for ever.
        page.wait_for_timeout(_REST_MS)
        return PageLoad(seconds, received[0] / 1e6)
    finally:
        context.close()
