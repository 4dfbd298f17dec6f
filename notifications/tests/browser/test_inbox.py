"""Inbox, following and watching in a browser: for everybody, with the keyboard, on a phone; the number keeps up."""

from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from promote_requests.tests.browser.test_accessibility import PHONE, TOO_SMALL, examine
from testing.browser.checkpoint_pages import settle, stop_clock
from testing.browser.people import CallAs, Manage, SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
INBOX = "/checkpoint/inbox/"
STATUS = "**/checkpoint/mlflow-ui/status/"
_SPREAD = """
from notifications.inbox.channel import Inbox
from notifications.worker.spreading import spread
while spread([Inbox()]): pass
"""


@pytest.fixture(scope="module")
def asked(call_as: CallAs, seeded: Seeded, manage: Manage) -> dict[str, Any]:
    """Gives a request of ada's with a comment of grace's, both told."""
    values = {"model_name": seeded.model, "version": "1", "target": {"kind": "alias", "name": "staging"}}
    made = call_as("ada")("", {"title": "Something to look at", "description": "Why."} | values)
    call_as("grace")(f"{made['number']}/comments/", {"body": "Is it faster?"})
    manage("shell", "--no-imports", "--command", _SPREAD)
    return made


@pytest.fixture
def addresses(asked: dict[str, Any], seeded: Seeded) -> dict[str, str]:
    return {
        "request": f"/checkpoint/promote-requests/{asked['number']}/",
        "model": f"/checkpoint/models/{requests.utils.quote(seeded.model, safe='')}/",
    }


@pytest.mark.parametrize("name", ["ada", "grace"])
def test_inbox_with_news_can_be_used_by_everybody(sign_in: SignIn, asked: dict[str, Any], name: str) -> None:
    page = sign_in(name)
    examine(page, INBOX)
    expect(page.get_by_text("New").first).to_be_visible()


WALKS = {
    "request": (
        ("Mute this request", "You muted this request"),
        ("Hear of it again", "You follow this request."),
    ),
    "model": (
        ("Watch this model", "You watch this model"),
        ("Stop watching", "Watch this model"),
        ("Mute this model", "You muted this model"),
        ("Hear of it again", "Watch this model"),
    ),
}


@pytest.mark.parametrize("where", WALKS)
def test_following_can_be_used_by_everybody_in_each_state(
    sign_in: SignIn, addresses: dict[str, str], where: str
) -> None:
    page = sign_in("admin")
    page.goto(addresses[where])
    expect(page.locator("#live-form")).to_have_count(0)  # what MLflow says has taken its place on the page
    for button, then in WALKS[where]:
        page.get_by_role("button", name=button).press("Enter")
        expect(page.get_by_text(then)).to_be_visible()
        examine(page)


@pytest.mark.parametrize("where", ["request", "model"])
def test_finger_finds_every_control_large_enough(sign_in: SignIn, addresses: dict[str, str], where: str) -> None:
    page = sign_in("admin", **PHONE)
    for address in (INBOX, addresses[where]):
        page.goto(address)
        assert page.evaluate(TOO_SMALL) == []


def test_muting_leaves_what_is_being_typed_as_it_is(sign_in: SignIn, addresses: dict[str, str]) -> None:
    page = sign_in("grace")
    page.goto(addresses["request"])
    expect(page.locator("#live-form")).to_have_count(0)
    page.locator("#body").fill("Half a thought")
    page.get_by_role("button", name="Mute this request").click()
    expect(page.get_by_text("You muted this request")).to_be_visible()
    assert page.locator("#body").input_value() == "Half a thought"
    page.get_by_role("button", name="Hear of it again").click()
    expect(page.get_by_text("You follow this request.")).to_be_visible()


def test_what_is_new_is_marked_as_read_with_the_keyboard_and_the_number_goes_down(
    sign_in: SignIn, asked: dict[str, Any]
) -> None:
    page = sign_in("ada")
    page.goto(INBOX)
    badge = page.locator(".topnav [data-inbox-count]")
    before = int(badge.locator("[data-number]").inner_text())
    row = page.get_by_role("listitem").filter(has_text="Something to look at")
    expect(row).to_contain_text("grace commented on #")
    row.get_by_role("button", name=f"Mark as read what is new of #{asked['number']}").press("Enter")
    expect(row.get_by_role("button")).to_have_count(0)
    if before > 1:
        expect(badge.locator("[data-number]")).to_have_text(str(before - 1))
    else:
        expect(badge).to_be_hidden()


def test_number_is_asked_for_once_a_minute_and_never_in_a_hidden_tab(sign_in: SignIn) -> None:
    page = sign_in("grace")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json={"signed_in": True, "for_you": "41"})

    page.route(STATUS, answer)
    page.clock.install(time=0)
    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
    page.goto("/checkpoint/")
    stop_clock(page)
    after(page, 50)
    assert asked == []
    after(page, 20)
    assert len(asked) == 1
    expect(page.locator(".topnav [data-inbox-count]")).to_have_text("41 for you")
    hide(page, hidden=True)
    after(page, 600)
    assert len(asked) == 1
    hide(page, hidden=False)
    after(page, 1)
    assert len(asked) == 2


def after(page: Page, seconds: int) -> None:
    page.clock.run_for(seconds * 1000)
    settle(page)


def hide(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
