"""The rules' pages, the menus and a request with the keyboard alone: the focus is never lost, and always seen."""

import itertools
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from testing.browser.checkpoint_pages import assert_focus_seen, tab_to
from testing.browser.people import CallAs, Manage, SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

TARGET = "alias:by-keyboard"
_SPREAD = """
from notifications.inbox.channel import Inbox
from notifications.worker.spreading import spread
while spread([Inbox()]): pass
"""
_fresh = itertools.count(1)


@pytest.fixture
def page(sign_in: SignIn) -> Page:
    """Gives the list of rules, as whoever edits them sees it."""
    page = sign_in("admin")
    page.goto("/checkpoint/rules/")
    return page


@pytest.fixture
def number(call_as: CallAs, seeded: Seeded) -> Iterator[int]:
    """Gives the number of ada's request."""
    target = {"kind": "alias", "name": f"keyed-{next(_fresh)}"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it be keyed"}
    made = int(call_as("ada")("", values)["number"])
    yield made
    call_as("ada")(f"{made}/close/", {})


def press(page: Page, wanted: Locator, *, back: bool = False) -> None:
    """Goes to something by Tab, or back by Shift and Tab, and presses Enter."""
    tab_to(page, wanted, key="Shift+Tab" if back else "Tab")
    page.keyboard.press("Enter")


def write(page: Page, label: str, words: str) -> None:
    """Goes on to the field of this label and replaces what is in it."""
    tab_to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def test_a_rule_is_made_mended_changed_switched_and_deleted(page: Page) -> None:
    press(page, page.get_by_role("link", name="Skip to the content"))
    expect(page.locator("#main")).to_be_focused()
    press(page, page.get_by_role("link", name="Add a rule"))
    expect(page.get_by_role("heading", level=1)).to_have_text("New rule")
    write(page, "Target pattern", "by-keyboard")
    write(page, "Approvals", "2")
    write(page, "Freeze windows", "2026-12-20 18:00 to 2027-01-04 08:00 Europe/Berlin: year end")
    write(page, "Gates", "metric auc >=")
    write(page, "Questions", "yes/no: Was the data reviewed? = yes")
    press(page, page.get_by_role("button", name="Preview"))

    target, gates = page.get_by_label("Target pattern"), page.get_by_label("Gates", exact=True)
    expect(target).to_be_focused()
    expect(target).to_have_accessible_description(re.compile("protects nothing"))
    assert_focus_seen(page)
    page.keyboard.press("Control+a")
    page.keyboard.type(TARGET)
    press(page, page.get_by_role("button", name="Save the rule"))
    expect(gates).to_be_focused()
    expect(gates).to_have_accessible_description(re.compile("At character"))
    assert_focus_seen(page)
    page.keyboard.press("Control+a")
    page.keyboard.type("metric auc >= 0.1")
    press(page, page.get_by_role("button", name="Preview"))
    expect(page.get_by_role("heading", name="Unfinished requests")).to_be_visible()
    expect(page.get_by_role("button", name="Preview")).to_be_focused()
    assert_focus_seen(page)
    press(page, page.get_by_role("button", name="Save the rule"), back=True)
    said = page.get_by_role("status")
    expect(said).to_have_text(f"The rule {TARGET} of * is saved, and holds from now on.")

    press(page, page.get_by_role("link", name="the alias @by-keyboard of every model", exact=True))
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(f"Edit the rule for {TARGET}")
    write(page, "Description", "For the keyboard.")
    page.keyboard.press("Enter")
    expect(said).to_contain_text(TARGET)
    press(page, page.get_by_role("link", name=f"history of {TARGET} of *"))
    expect(heading).to_have_text(f"History of {TARGET} of *")
    expect(page.get_by_role("row").nth(1)).to_contain_text("For the keyboard.")
    press(page, page.get_by_role("link", name="All rules"))
    expect(heading).to_have_text("Protection rules")
    press(page, page.get_by_role("button", name=f"Switch off {TARGET} of *"))
    expect(said).to_have_text(f"The rule {TARGET} of * is off: it holds nothing.")
    # The focus begins at the row, whose first link is the next.
    tab_to(page, page.get_by_role("link", name="the alias @by-keyboard of every model", exact=True), limit=1)
    press(page, page.get_by_role("link", name=f"Delete {TARGET} of *"))
    expect(heading).to_have_text(f"Delete the rule “{TARGET} of *”?")
    press(page, page.get_by_role("link", name="Keep it"))
    expect(heading).to_have_text("Protection rules")
    press(page, page.get_by_role("link", name=f"Delete {TARGET} of *"))
    expect(heading).to_contain_text("Delete")
    press(page, page.get_by_role("button", name="Delete"))
    expect(said).to_have_text(f"The rule {TARGET} of * is deleted.")


def test_what_is_wrong_on_a_page_that_comes_whole_has_the_focus(page: Page) -> None:
    write(page, "Target", "nonsense")
    page.keyboard.press("Enter")
    target = page.get_by_label("Target", exact=True)
    expect(page.get_by_role("alert")).to_be_visible()
    expect(target).to_be_focused()
    assert_focus_seen(page)


def test_freeze_windows_and_owners_are_named_and_deleted(page: Page) -> None:
    press(page, page.get_by_role("link", name="Add a freeze window"))
    expect(page.get_by_role("heading", level=1)).to_have_text("New freeze window")
    write(page, "Name", "keyed")
    write(page, "Start", "never")
    write(page, "End", "2027-01-04 08:00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Start")).to_be_focused()
    assert_focus_seen(page)
    page.keyboard.press("Control+a")
    page.keyboard.type("2026-12-20 18:00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The freeze window keyed is saved, and holds from now on.")
    press(page, page.get_by_role("link", name="Name an owner"))
    expect(page.get_by_role("heading", level=1)).to_have_text("New ownership")
    write(page, "Section", "Keys")
    write(page, "People", "user nobody-here")
    press(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("People")).to_be_focused()
    assert_focus_seen(page)
    page.keyboard.press("Control+a")
    page.keyboard.type("user admin")
    press(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_role("status")).to_contain_text("is saved, and holds from now on.")
    for name in ("keyed", "Keys"):
        press(page, page.get_by_role("link", name=f"Delete {name}"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("Delete")
        press(page, page.get_by_role("button", name="Delete"))
        expect(page.get_by_role("status")).to_contain_text("is deleted.")


def test_a_menu_closes_where_the_focus_leaves_it_and_by_escape(page: Page, number: int) -> None:
    page.goto("/checkpoint/")
    menu = page.locator("summary", has_text="Model")
    press(page, menu)
    expect(page.locator("details.menu[open] .menu-body")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Let it be keyed"))
    expect(page.locator("details.menu[open]")).to_have_count(0)
    press(page, menu, back=True)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.locator("details.menu[open]")).to_have_count(0)


def test_what_is_marked_as_read_leaves_the_focus_at_its_row(
    sign_in: SignIn, call_as: CallAs, manage: Manage, number: int
) -> None:
    call_as("grace")(f"{number}/comments/", {"body": "Which keys?"})
    call_as("ada")(f"{number}/comments/", {"body": "All of them."})
    manage("shell", "--no-imports", "--command", _SPREAD)
    page = sign_in("grace")
    page.goto("/checkpoint/inbox/")
    mark = page.get_by_role("button", name=f"Mark as read what is new of #{number}", exact=True)
    press(page, mark)
    expect(mark).to_have_count(0)
    expect(page.get_by_role("link", name="Let it be keyed").and_(page.locator(":focus"))).to_have_count(1)
    assert_focus_seen(page)
    call_as("ada")(f"{number}/comments/", {"body": "And none else."})
    page.reload()
    everything = page.get_by_role("button", name="Mark all as read")
    press(page, everything)
    expect(everything).to_have_count(0)
    expect(page.locator("main h1")).to_be_focused()
    assert_focus_seen(page)


def test_a_reviewer_gets_past_the_comparison_and_back_out_of_the_confirmation(sign_in: SignIn, number: int) -> None:
    page = sign_in("grace")
    page.goto(f"/checkpoint/promote-requests/{number}/")
    expect(page.locator("#live-form")).to_have_count(0)
    press(page, page.get_by_role("link", name="Skip to your review"))
    expect(page.locator("#body")).to_be_focused()
    assert_focus_seen(page)
    ask = page.locator("summary", has_text="Approve and")
    press(page, ask)
    tab_to(page, page.get_by_role("button", name="Yes, approve and"))
    page.keyboard.press("Escape")
    expect(ask).to_be_focused()
    expect(page.get_by_role("button", name="Yes, approve and")).to_be_hidden()
