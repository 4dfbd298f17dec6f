"""The control at the top of MLflow's pages: what it says, where it is, how it looks."""

import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from testing.browser import axe
from testing.browser.checkpoint_pages import settle, stop_clock
from testing.browser.mlflow_pages import (
    CONTROLS,
    DARK,
    OLD_REGISTRY_UI,
    Control,
    MlflowPage,
    ModelPage,
    ModelVersionPage,
    PromptPage,
)
from testing.browser.people import SignIn, form_values
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
STATUS = "**/checkpoint/mlflow-ui/status/"
COVERED = """(selector) => {
  const covered = new Set();
  let seen = 0;
  for (const control of document.querySelectorAll(selector)) {
    const box = control.getBoundingClientRect();
    if (!box.width || !box.height) continue;
    seen += 1;
    for (const x of [0.02, 0.25, 0.5, 0.75, 0.98]) for (const y of [0.02, 0.5, 0.98]) {
      const here = document.elementsFromPoint(box.left + box.width * x, box.top + box.height * y);
      if (here.some((element) => element.closest(".checkpoint-pill"))) covered.add(control.outerHTML.slice(0, 200));
    }
  }
  return { seen, covered: [...covered] };
}"""


# -- The control ------------------------------------------------------------------------------------------------------
def test_request_promotion_follows_the_version_on_screen(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    control = Control(page)
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "1")
    assert linked(control) == {"model": seeded.model, "version": "1"}
    page.get_by_role("main").get_by_role("link", name=seeded.model).click()
    expect(control.request_promotion).to_be_hidden()
    page.go_back()
    expect(control.request_promotion).to_be_visible()
    control.request_promotion.click()
    assert form_values(page) == {"model": seeded.model, "version": "1"}


def test_a_version_on_screen_can_be_compared_with_whoever_holds_a_target(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded
) -> None:
    page = sign_in("ada")
    control = Control(page)
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "1")
    address = urlsplit(control.compare.get_attribute("href") or "")
    assert (address.path, parse_qs(address.query)) == (
        "/checkpoint/compare/",
        {"model": [seeded.model], "version": ["1"]},
    )
    control.compare.click()
    expect(page.get_by_role("heading", name="Compare versions")).to_be_visible()
    expect(page.get_by_label("Model, prompt, skill or MCP server")).to_have_value(seeded.model)


def test_request_promotion_follows_the_chosen_prompt_version(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded
) -> None:
    page = sign_in("ada")
    control = Control(page)
    prompt = PromptPage(page, live_checkpoint)
    prompt.show(seeded.prompt, "2")
    assert linked(control) == {"model": seeded.prompt, "version": "2"}
    prompt.choose("1")
    expect(control.request_promotion).to_have_attribute("href", re.compile("version=1$"))


@pytest.mark.drill
def test_address_that_cannot_be_decoded_offers_nothing_and_breaks_nothing(
    sign_in: SignIn, live_checkpoint: str
) -> None:
    page = sign_in("ada")
    page.goto(f"{live_checkpoint}/#/models/100%/versions/1")
    control = Control(page)
    expect(control.requests).to_be_visible()
    expect(control.request_promotion).to_be_hidden()


def test_workspace_on_screen_goes_into_the_form(sign_in: SignIn, live_checkpoint: str) -> None:
    page = sign_in("ada")
    page.goto(f"{live_checkpoint}/#/models/a%2Fb%20c/versions/7?workspace=team%20x")
    control = Control(page)
    expect(control.request_promotion).to_be_visible()
    assert linked(control) == {"model": "a/b c", "version": "7", "workspace": "team x"}


def linked(control: Control) -> dict[str, str]:
    """The values that the link takes to the form."""
    href = control.request_promotion.get_attribute("href") or ""
    return {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}


def test_number_of_open_requests_is_shown_and_said(sign_in: SignIn, live_checkpoint: str) -> None:
    page = sign_in("ada")
    page.route(STATUS, lambda route: route.fulfill(json={"signed_in": True, "for_you": "12"}))
    MlflowPage(page, live_checkpoint).open("/experiments")
    requests = Control(page).requests
    expect(requests).to_have_accessible_name("Promote Requests 12 for you")
    expect(requests).to_contain_text("12")
    requests.click()
    page.wait_for_url("**/checkpoint/inbox/")


def test_anonymous_reader_is_led_to_the_sign_in_and_back(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    page.route(STATUS, lambda route: route.fulfill(json={"signed_in": False, "for_you": None}))
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    link = Control(page).requests
    expect(link).to_have_attribute("href", re.compile(r"^/checkpoint/accounts/login/\?next="))
    next_page = parse_qs(urlsplit(link.get_attribute("href") or "").query)["next"]
    assert [f"{live_checkpoint}{path}" for path in next_page] == [version.address(seeded.model, "2")]


@pytest.mark.drill
def test_number_is_asked_for_every_half_minute_and_never_in_a_hidden_tab(sign_in: SignIn, live_checkpoint: str) -> None:
    page = sign_in("ada")
    calls = StatusCalls(page, {"json": {"signed_in": True, "for_you": "1"}})
    calls.open_page_and_stop_its_clock(live_checkpoint)
    assert calls.after(20) == 1
    assert calls.after(15) == 2
    set_hidden(page, hidden=True)
    assert calls.after(600) == 2
    set_hidden(page, hidden=False)
    assert calls.after(1) == 3


@pytest.mark.drill
def test_failing_status_is_asked_for_ever_more_rarely(sign_in: SignIn, live_checkpoint: str) -> None:
    page = sign_in("ada")
    calls = StatusCalls(page, {"status": 502, "body": "<html>not Checkpoint</html>"})
    calls.open_page_and_stop_its_clock(live_checkpoint)
    # Twice as long after each failure, at most five minutes: 60, 120, 240, 300, 300.
    for seconds, expected in ((20, 1), (45, 2), (80, 2), (45, 3), (200, 3), (45, 4), (250, 4), (55, 5), (305, 6)):
        assert calls.after(seconds) == expected
    expect(Control(page).requests).to_have_accessible_name("Promote Requests")


class StatusCalls:
    """Answers the control's question, counts how often it is asked, and moves the page's clock."""

    def __init__(self, page: Page, answer: dict[str, Any]) -> None:
        self.page = page
        self.answer = answer
        self.count = 0
        page.route(STATUS, self._answer)

    def _answer(self, route: Route) -> None:
        self.count += 1
        route.fulfill(**self.answer)

    def open_page_and_stop_its_clock(self, base_url: str) -> None:
        """Opens a page of MLflow; from then on its time passes in `after` alone, however slow the machine is."""
        self.page.clock.install(time=0)
        # The page's time passes faster than any answer comes: none of them shall be too late.
        self.page.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
        with self.page.expect_response(STATUS):
            MlflowPage(self.page, base_url).open("/experiments")
        stop_clock(self.page)

    def after(self, seconds: int) -> int:
        """Returns how often the question was asked in all, this many seconds later."""
        self.page.clock.run_for(seconds * 1000)
        settle(self.page)
        return self.count


def set_hidden(page: Page, *, hidden: bool) -> None:
    """Does what the browser does to a tab that goes behind another."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


# -- The control's place and looks ------------------------------------------------------------------------------------
SCREENS = (
    "/",
    "/experiments",
    "/experiments/{experiment}/runs",
    "/experiments/{experiment}/traces",
    "/experiments/{experiment}/runs/{run}",
    '/compare-runs?runs=["{run}","{other_run}"]&experiments=["{experiment}"]',
    "/models",
    "/models/{model}",
    "/models/{model}/versions/2",
    '/compare-model-versions?name="{model}"&runs={{"1":"{run}","2":"{other_run}"}}',
    "/prompts",
    "/prompts/{prompt}",
    "/settings",
)
REGISTRY_SCREENS = tuple(screen for screen in SCREENS if "model" in screen)
WIDTHS = (1400, 900, 390)


@pytest.mark.parametrize(
    "touch", [pytest.param(False, id="mouse"), pytest.param(True, id="touch", marks=pytest.mark.drill)]
)
@pytest.mark.parametrize(
    ("scripts", "screens"),
    [
        pytest.param((), SCREENS[::4], id="new"),
        pytest.param((), SCREENS, id="new, every screen", marks=pytest.mark.drill),
        pytest.param((OLD_REGISTRY_UI,), REGISTRY_SCREENS[1:3], id="old"),
        pytest.param((OLD_REGISTRY_UI,), REGISTRY_SCREENS, id="old, every screen", marks=pytest.mark.drill),
    ],
)
def test_control_covers_none_of_mlflows(
    sign_in: SignIn,
    live_checkpoint: str,
    seeded: Seeded,
    scripts: tuple[str, ...],
    screens: tuple[str, ...],
    touch: bool,
) -> None:
    page = sign_in("ada", *scripts, has_touch=touch, is_mobile=touch)
    page.route(STATUS, lambda route: route.fulfill(json={"signed_in": True, "for_you": "100+"}))
    mlflow_page = MlflowPage(page, live_checkpoint)
    for screen in screens:
        page.set_viewport_size({"width": WIDTHS[0], "height": 800})
        mlflow_page.open(
            screen.format(
                experiment=seeded.experiment,
                run=seeded.runs[0],
                other_run=seeded.runs[1],
                model=quote(seeded.model, safe=""),
                prompt=seeded.prompt,
            )
        )
        expect(Control(page).requests).to_contain_text("100+")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found = page.evaluate(COVERED, CONTROLS)
            assert found["seen"] >= 5, screen
            assert found["covered"] == [], (screen, width)


@pytest.mark.drill
@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_control_covers_nothing_where_two_versions_are_compared(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded, touch: bool
) -> None:
    page = sign_in("ada", has_touch=touch, is_mobile=touch)
    page.route(STATUS, lambda route: route.fulfill(json={"signed_in": True, "for_you": "100+"}))
    ModelPage(page, live_checkpoint).compare(seeded.model)
    expect(page.get_by_text("auc", exact=True).first).to_be_visible()
    expect(Control(page).requests).to_contain_text("100+")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        # Whatever MLflow writes there too, not only what can be pressed.
        found = page.evaluate(COVERED, "#root :is(h1, h2, h3, th, td, span, label), " + CONTROLS)
        assert found["seen"] >= 20
        assert found["covered"] == [], width


@pytest.mark.parametrize(("touch", "height"), [(False, 24), (True, 40)], ids=["mouse", "touch"])
def test_control_is_at_the_top_centre_and_large_enough(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded, touch: bool, height: int
) -> None:
    page = sign_in("ada", has_touch=touch, is_mobile=touch)
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "2")
    control = Control(page)
    box = control.bar.bounding_box()
    assert box is not None
    assert box["y"] == 0
    assert box["x"] + box["width"] / 2 == pytest.approx(700, abs=1)
    for link in (control.requests, control.request_promotion):
        assert (link.bounding_box() or {})["height"] >= height - 1  # the border is the bar's
    assert page.evaluate("document.documentElement.scrollHeight") == 900


def test_control_is_within_a_phones_screen(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada", viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "2")
    link = Control(page).request_promotion.bounding_box()
    assert link is not None
    assert link["x"] + link["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_control_is_the_first_thing_that_the_keyboard_meets(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded
) -> None:
    page = sign_in("ada")
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "2")
    control = Control(page)
    page.keyboard.press("Tab")
    expect(control.requests).to_be_focused()
    page.keyboard.press("Tab")
    expect(control.compare).to_be_focused()
    page.keyboard.press("Tab")
    expect(control.request_promotion).to_be_focused()
    assert control.request_promotion.evaluate("(link) => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert form_values(page)["version"] == "2"


@pytest.mark.drill
@pytest.mark.parametrize("scripts", [(), (DARK,)], ids=["light", "dark"])
def test_control_has_the_colours_of_mlflows_theme_and_can_be_read(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded, scripts: tuple[str, ...]
) -> None:
    page = sign_in("ada", *scripts)
    page.route(STATUS, lambda route: route.fulfill(json={"signed_in": True, "for_you": "2"}))
    ModelVersionPage(page, live_checkpoint).show(seeded.model, "2")
    bar = Control(page).bar
    expect(bar).to_contain_text("2")
    text, mlflows = (
        page.evaluate("(selector) => getComputedStyle(document.querySelector(selector)).color", selector)
        for selector in (".checkpoint-pill", "body")
    )
    assert text == mlflows
    assert axe.violations(page, within=".checkpoint-pill") == []


@pytest.mark.drill
def test_control_is_not_printed(sign_in: SignIn, live_checkpoint: str) -> None:
    page = sign_in("ada")
    MlflowPage(page, live_checkpoint).open("/experiments")
    page.emulate_media(media="print")
    expect(page.locator(".checkpoint-pill")).to_be_hidden()
