"""Every page of Checkpoint can be read and used by everybody: axe finds nothing, in light and dark, wide and narrow."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from testing.browser import axe
from testing.browser.people import CallAs, SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
Addresses = dict[str, str]
PHONE = {"viewport": {"width": 390, "height": 900}, "has_touch": True, "is_mobile": True}

WITHOUT_SIGN_IN = (
    "/checkpoint/accounts/login/",
    "/checkpoint/accounts/signup/",
    "/checkpoint/accounts/password/reset/",
    "/checkpoint/accounts/password/reset/done/",
    "/checkpoint/accounts/password/reset/key/1-none/",
    "/checkpoint/accounts/invitation/",
    "/checkpoint/setup/",
)
ADAS = (
    "/checkpoint/",
    "/checkpoint/?q=is:promoted",
    "/checkpoint/?q=nothing-has-this-word",
    "/checkpoint/?q=is:mistyped",
    "/checkpoint/promote-requests/new/",
    "/checkpoint/promote-requests/new/?model={model}&version=2&target=stage:Production",
    "/checkpoint/promote-requests/new/?model=no-such-model&version=1",
    "{open}",
    "{draft}",
    "{draft}edit/",
    "{open}threads/new/?anchor_kind=metric&anchor_key=auc",
    "{promoted}",
    "{closed}",
    "{prompt}",
    "{long}",
    "/checkpoint/inbox/",
    "/checkpoint/accounts/reauthenticate/",
    "/checkpoint/models/",
    "/checkpoint/models/{model}/",
    "/checkpoint/compare/",
    "/checkpoint/compare/?model={model}&version=2&with=1",
    "/checkpoint/compare/?model={model}&version=2&with=1&metric_by=prefix",
    "/checkpoint/metrics/?model={model}",
    "/checkpoint/coverage/",
    "/checkpoint/rules/?model={model}&target=stage:Production",
    "/checkpoint/rules/insights/",
    "/checkpoint/accounts/tokens/",
    "/checkpoint/accounts/password/change/",
    "/checkpoint/accounts/logout/",
    "/checkpoint/no-such-page/",
)
ADMINS = (
    "/checkpoint/rules/",
    "/checkpoint/rules/new/",
    "/checkpoint/rules/1/",
    "/checkpoint/rules/1/history/",
    "/checkpoint/rules/1/delete/",
    "/checkpoint/rules/freeze-windows/new/",
    "/checkpoint/rules/owners/new/",
)
GRACES = ("{open}", "{prompt}", "{long}", "{promoted}", "/checkpoint/inbox/")


@pytest.fixture(scope="package")
def addresses(call_as: CallAs, seeded: Seeded) -> Addresses:
    """Gives the pages of requests in every state, made through the API."""
    call = {name: call_as(name) for name in ("ada", "grace")}

    def made(model: str, version: str, kind: str, name: str, **more: Any) -> str:
        values = {"model_name": model, "version": version, "target": {"kind": kind, "name": name}} | more
        title = f"Let {name} be version {version}"
        number = call["ada"]("", {"title": title, "description": "See *the notes*."} | values)["number"]
        return f"{number}/"

    found = {
        "promoted": made(seeded.model, "1", "alias", "champion"),
        "closed": made(seeded.model, "1", "stage", "Staging"),
        "open": made(seeded.model, "2", "alias", "champion"),
        "draft": made(seeded.model, "2", "stage", "Staging", draft=True),
        "prompt": made(seeded.prompt, "2", "alias", "production"),
        "long": made(seeded.long_name, "1", "alias", "production"),
    }
    call["grace"](f"{found['promoted']}reviews/", {"verdict": "approve", "body": "Good."})
    call["grace"](f"{found['closed']}close/", {"reason": "rejected"})
    call["grace"](
        f"{found['open']}reviews/", {"verdict": "request_changes", "body": "> Why?\n\n`auc` alone is not enough."}
    )
    call["ada"](f"{found['open']}comments/", {"body": "It is in the notes."})
    pages = {state: f"/checkpoint/promote-requests/{number}" for state, number in found.items()}
    return pages | {"model": requests.utils.quote(seeded.model, safe="")}


@pytest.mark.parametrize("address", WITHOUT_SIGN_IN)
def test_page_for_anybody_can_be_used_by_everybody(browser_page: Page, address: str) -> None:
    examine(browser_page, address)


@pytest.mark.parametrize("address", ADAS)
def test_authors_page_can_be_used_by_everybody(sign_in: SignIn, addresses: Addresses, address: str) -> None:
    examine(sign_in("ada"), address.format(**addresses))


@pytest.mark.parametrize("address", ADMINS)
def test_editors_page_can_be_used_by_everybody_and_by_finger(sign_in: SignIn, address: str) -> None:
    examine(sign_in("admin"), address)
    page = sign_in("admin", **PHONE)
    page.goto(address)
    assert page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("state", ["long", "open", "prompt", "promoted", "closed"])
def test_desk_can_be_used_by_everybody(sign_in: SignIn, addresses: Addresses, state: str) -> None:
    number = addresses[state].strip("/").rpartition("/")[2]
    examine(sign_in("admin"), f"/checkpoint/admin/promote_requests/promoterequest/{number}/change/")


def test_rule_is_previewed_by_keyboard_and_what_is_wrong_is_said_at_its_field(sign_in: SignIn) -> None:
    page = sign_in("admin")
    page.goto("/checkpoint/rules/1/")
    page.get_by_role("textbox", name="Description").fill("Typed before.")
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.get_by_role("heading", name="Unfinished requests")).to_be_visible()
    expect(page.get_by_role("textbox", name="Description")).to_have_value("Typed before.")
    examine(page)
    page.get_by_label("Target pattern").fill("everything")
    page.get_by_role("button", name="Preview").press("Enter")
    expect(page.get_by_text("protects nothing")).to_be_visible()
    expect(page.get_by_role("textbox", name="Description")).to_have_value("Typed before.")
    examine(page)


@pytest.mark.parametrize("address", GRACES)
def test_reviewers_page_can_be_used_by_everybody(sign_in: SignIn, addresses: Addresses, address: str) -> None:
    examine(sign_in("grace"), address.format(**addresses))


def test_new_token_is_shown_on_a_page_that_can_be_used_by_everybody(sign_in: SignIn) -> None:
    page = sign_in("ada")
    page.goto("/checkpoint/accounts/tokens/")
    page.get_by_label("What is it for?").fill("nightly training")
    page.get_by_role("button", name="Create token").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    examine(page)
    page.goto("/checkpoint/accounts/tokens/")
    page.get_by_role("link", name="Revoke nightly training").click()
    examine(page)


def test_what_was_judged_and_what_changed_since_can_be_used_by_everybody(sign_in: SignIn, addresses: Addresses) -> None:
    page = sign_in("grace")
    page.goto(addresses["promoted"])
    for name in ("What changed since", "What was judged"):
        page.get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
        examine(page)


@pytest.mark.parametrize("width", [1400, 900, 390])
def test_long_name_stays_within_the_boxes_of_a_request(sign_in: SignIn, addresses: Addresses, width: int) -> None:
    page = sign_in("grace", viewport={"width": width, "height": 900})
    page.goto(addresses["long"])
    assert page.evaluate(CUT_OFF) == []


def test_number_is_in_one_piece_on_a_small_phone(sign_in: SignIn, addresses: Addresses) -> None:
    page = sign_in("grace", **PHONE | {"viewport": {"width": 360, "height": 700}})
    page.goto(addresses["open"])
    expect(page.locator("#live-form")).to_have_count(0)  # what MLflow has now is there
    lines = page.locator(".differences .num [title]").evaluate_all("(all) => all.map((n) => n.getClientRects().length)")
    assert set(lines) == {1}
    assert len(lines) >= 3


@pytest.mark.parametrize("address", ADAS)
def test_finger_finds_every_control_large_enough(sign_in: SignIn, addresses: Addresses, address: str) -> None:
    page = sign_in("ada", **PHONE)
    page.goto(address.format(**addresses))
    expect(page.locator("#live-form")).to_have_count(0)
    assert page.evaluate(TOO_SMALL) == []


def test_finger_finds_every_control_of_the_sign_in_page_large_enough(
    new_context: Callable[..., BrowserContext],
) -> None:
    page = new_context(**PHONE).new_page()
    page.goto(WITHOUT_SIGN_IN[0])
    assert page.evaluate(TOO_SMALL) == []


def examine(page: Page, address: str = "") -> None:
    """Opens the address, if there is one, and judges the page in both colour schemes, on a desk and on a phone."""
    if address:
        page.goto(address)
    found: set[str] = set()
    for width in (1400, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme, rules in (("light", axe.RULES), ("dark", axe.COLOURS)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found |= {f"{scheme}, {width}: {line}" for line in axe.violations(page, rules=rules)}
            if page.evaluate("document.documentElement.scrollWidth") > width:
                found.add(f"{width}: wider than the screen: {page.evaluate(TOO_WIDE)}")
    assert found == set()


TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .slice(-3).map((element) => element.outerHTML.slice(0, 120)).join(" | ")"""

CUT_OFF = """() => [...document.querySelectorAll("main, main .panel, main section, main form, main label")]
  .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
  .filter((element) => getComputedStyle(element).clipPath === "none") // what is only read aloud is clipped on purpose
  .map((element) => `${element.scrollWidth} in ${element.clientWidth}: ${element.outerHTML.slice(0, 120)}`)"""

# Links in running text, and ticks whose label can be pressed too, are as high as their line.
TOO_SMALL = """() => [...document.querySelectorAll(
    "button, .btn, summary, select, textarea, nav a, input:not([type=hidden], [type=checkbox], [type=radio])")]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .map((element) => [element.getBoundingClientRect(), element])
  .filter(([box]) => box.width > 1 && box.height < 39.5)
  .map(([box, element]) => `${Math.round(box.height)} pixels: ${element.outerHTML.slice(0, 120)}`)"""
