"""A mail as Chromium shows it: readable in light and dark, on a phone, whatever people and metrics are called."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string

from notifications.figures import Figure, Figures
from testing.browser import axe

pytestmark = pytest.mark.browser
LONG = "<b>" + "averyveryverylongname_" * 12
URL = "http://localhost:5000/checkpoint/promote-requests/7/"
SAID = {
    "sentence": f"grace asks for changes of #7: {LONG} version 2 to Production.",
    "words": "> Why?\n" + "https://example.org/" + "x" * 300,
    "promote_request": {"title": LONG, "url": URL},
    "model_name": LONG,
    "version": "2",
    "former_version": "1",
    "target": {"name": "Production"},
    "decision": "Changes requested",
    "missing": ["grace asked for changes and has to approve first.", LONG],
}
FIGURES = Figures(
    "Other data; 1 metric worse; 4 metrics better.",
    tuple(
        Figure(name, "0.912345", "0.00001234", "-12.3 %", words)
        for name in ("auc", LONG)
        for words in ("better", "worse", "")
    ),
)


def html(template: str) -> str:
    letters = [SimpleNamespace(message=SimpleNamespace(payload=SAID, request_number=7))]
    values: dict[str, Any] = {"letters": letters, "said": SAID, "figures": FIGURES, "subject": SAID["sentence"]}
    return render_to_string(
        f"notifications/email/{template}.html", values | {"settings_url": URL, "unsubscribe": URL + LONG}
    )


@pytest.mark.parametrize("template", ["request", "digest"])
@pytest.mark.parametrize("width", [320, 800])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_can_be_read_by_everybody(browser: Any, template: str, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(html(template))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe.violations(page, within=".paper") == []  # a mail has no landmarks: it is shown within a page
    page.close()
