"""Takes the pictures of README and docs from a running demo: `make pictures` beside `make demo`."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

DOCS = Path(__file__).parent
SETTLED_MS = 1500
"""The wait for what a page loads by itself; MLflow's pages never stop loading, so there is no event to wait for."""
CHROMIUM = "/usr/bin/chromium"
NO_ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
"""MLflow's assistant opens on a first visit, and makes the page beside it so narrow that its texts overlap."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
MODEL = "tumour-classifier"
EVIDENCE = {
    "evidence-light": ("light", 1200, 2500),
    "evidence-dark": ("dark", 1200, 2500),
    "evidence-phone-light": ("light", 390, 2500),
    "evidence-phone-dark": ("dark", 390, 2500),
}
"""{file: (colours, width, height in CSS pixels)} of the page of a request."""
FORMS = (("light", 1200), ("dark", 1200), ("light", 390), ("dark", 390))
"""(colours, width in CSS pixels) in which the pages of docs/rules.md are taken."""
GOVERNING = {
    "rules": ("/checkpoint/rules/", 900, 900),
    "insights": ("/checkpoint/rules/insights/", 760, 760),
    "request": (None, 1100, 1100),
}
"""{beginning of a file's name: (address, height on a desktop, on a phone)}; None: the request that waits for a soak."""
SOAKING = "Small forest to the pilot clinics"
REQUEST = "Scaled regression to Production"
NEW = f"/checkpoint/promote-requests/new/?model={MODEL}&version=3&target=alias%3Achampion"


def main() -> None:
    """Writes docs/list.png, new.png, detail.png, mlflow.png, and rules, insights and two requests in four forms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:5000", help="where the demo answers")
    parser.add_argument("--data", type=Path, default=DOCS.parent / "var" / "demo", help="the demo's folder")
    options = parser.parse_args()
    passwords = json.loads((options.data / "people.json").read_text(encoding="utf-8"))["passwords"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        grace = signed_in(browser, options.url, "grace", passwords["grace"])
        take(grace, f"{options.url}/checkpoint/", "list", height=560)
        grace.get_by_role("link", name=REQUEST).click()
        grace.wait_for_url("**/promote-requests/*/")
        request = grace.url
        take(grace, request, "detail", height=1700)
        for name, (colours, width, height) in EVIDENCE.items():
            reader = signed_in(browser, options.url, "grace", passwords["grace"], colours=colours)
            take(reader, request, name, height=height, width=width, wait_for="#live:not(:has(.asking))")
        for colours, width in FORMS:
            reader = signed_in(browser, options.url, "grace", passwords["grace"], colours=colours)
            take_governing(reader, options.url, colours, width)
        ada = signed_in(browser, options.url, "ada", passwords["ada"])
        take(ada, f"{options.url}{NEW}", "new", height=860)
        take(ada, f"{options.url}/#/models/{MODEL}/versions/3", "mlflow", height=560, wait_for="text=Promote model")
        browser.close()


def signed_in(browser: Browser, url: str, name: str, password: str, *, colours: str = "light") -> Page:
    """Returns a page of a browser of its own in which `name` is signed in."""
    # The type says which words there are; both come from the table above.
    scheme: Any = colours
    context = browser.new_context(viewport={"width": 1200, "height": 800}, color_scheme=scheme)
    context.add_init_script(NO_ASSISTANT)
    page = context.new_page()
    page.goto(f"{url}/checkpoint/accounts/login/?next=/checkpoint/")
    page.fill("[name=login]", name)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{url}/checkpoint/")
    return page


def take_governing(page: Page, url: str, colours: str, width: int) -> None:
    """Writes docs/rules-light.png and the like: what a rule asks for, what the rules did, and what a request lacks."""
    page.get_by_role("link", name=SOAKING).click()
    page.wait_for_url("**/promote-requests/*/")
    soaking = page.url
    for name, (path, height, on_phone) in GOVERNING.items():
        file = f"{name}-phone-{colours}" if width < 768 else f"{name}-{colours}"
        address = f"{url}{path}" if path else soaking
        wait_for = "main" if path else "#live:not(:has(.asking))"
        take(page, address, file, height=on_phone if width < 768 else height, width=width, wait_for=wait_for)


def take(page: Page, url: str, name: str, *, height: int, width: int = 1200, wait_for: str = "main") -> None:
    """Writes docs/NAME.png, so large in CSS pixels, once `wait_for` shows; in 256 colours, a third of the bytes."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    page.wait_for_selector(wait_for)
    page.wait_for_timeout(SETTLED_MS)
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
