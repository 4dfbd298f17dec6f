"""What would run a script in a browser does nothing in a real one, wherever people write."""

import pytest
from playwright.sync_api import expect

from testing.browser.people import CallAs, SignIn
from testing.browser.registry_content import Seeded
from testing.xss_payloads import PAYLOADS

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

_LIVE = """() => [...document.querySelectorAll("#main *")].flatMap((element) => {
  const acts = [...element.attributes].filter(({ name, value }) =>
    name.startsWith("on") || name === "style" ||
    (["href", "src", "action", "formaction", "xlink:href"].includes(name) &&
      !["http:", "https:", "mailto:"].includes(new URL(value, location).protocol)));
  const isOurs = element.tagName === "SCRIPT" && element.src.startsWith(`${location.origin}/checkpoint/static/`);
  const runs = ["SCRIPT", "IFRAME", "OBJECT", "EMBED", "STYLE", "BASE", "MATH"].includes(element.tagName) && !isOurs;
  const told = acts.map(({ name, value }) => `${element.tagName} ${name}=${value}`);
  return runs ? [...told, element.outerHTML] : told;
})"""
"""What in the page could do something, other than our own scripts."""
_OF_PROSE = ".prose :is(script, iframe, object, embed, style, base, form, svg, math, input, button, link, meta)"


@pytest.mark.parametrize("every", [pytest.param(12, id="some"), pytest.param(1, id="all", marks=pytest.mark.drill)])
def test_payloads_lie_still_in_a_real_browser(sign_in: SignIn, call_as: CallAs, seeded: Seeded, every: int) -> None:
    target = {"kind": "alias", "name": "hostile"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": PAYLOADS[0]}
    sent = [payload.replace("\x00", "") for payload in PAYLOADS[::every]]
    number = call_as("ada")("", values | {"description": "\n\n".join(sent)})["number"]
    call_as("grace")(f"{number}/reviews/", {"verdict": "comment", "body": "\n\n".join(sent)})
    for payload in sent[::12]:
        call_as("grace")(f"{number}/threads/", {"body": payload, "is_blocking": True})
    page = sign_in("grace", "window.alert = () => { document.documentElement.dataset.hit = 'yes'; };")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(f"/checkpoint/promote-requests/{number}/")
    expect(page.locator("#live-form")).to_have_count(0)
    assert page.locator(".thread").count() == len(sent[::12])
    # Whatever waits for a pointer or the focus gets one.
    page.evaluate("""() => document.querySelectorAll(".prose *").forEach((element) => {
      for (const kind of ["mouseover", "pointerenter", "focus", "toggle", "click"])
        if (kind !== "click" || element.tagName !== "A") element.dispatchEvent(new Event(kind));
    })""")
    assert page.evaluate(_LIVE) == []
    assert page.locator("html[data-hit]").count() == 0
    assert dialogs == []
    assert page.locator(_OF_PROSE).count() == 0
    call_as("ada")(f"{number}/close/", {})
