"""A thread on a row of the comparison, from the question to its resolution, with the keyboard alone."""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from testing.browser import axe
from testing.browser.checkpoint_pages import tab_to
from testing.browser.people import CallAs, SignIn, fill_sign_in
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

_fresh = itertools.count(1)
Opened = Callable[..., Page]


@pytest.fixture
def number(call_as: CallAs, seeded: Seeded) -> int:
    """Gives the number of ada's request for version 2, which would replace version 1."""
    target = {"kind": "alias", "name": "talked"}
    if next(_fresh) == 1:
        first = {"model_name": seeded.model, "version": "1", "target": target, "title": "The first"}
        made = call_as("ada")("", first)["number"]
        call_as("grace")(f"{made}/reviews/", {"verdict": "approve"})
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it talk"}
    made = call_as("ada")("", values)
    return int(made["number"])


@pytest.fixture
def opened(sign_in: SignIn, number: int, call_as: CallAs) -> "Opened":
    """Gives `opened(name, **options)`: the request's page, with what MLflow has now."""

    def of(name: str, **options: object) -> Page:
        page = sign_in(name, **options)
        page.goto(f"/checkpoint/promote-requests/{number}/")
        expect(page.locator("#live-form")).to_have_count(0)
        return page

    yield of
    call_as("ada")(f"{number}/close/", {})


def test_a_thread_is_opened_on_a_metric_answered_and_resolved_by_keyboard(opened: Opened) -> None:
    graces = opened("grace")
    tab_to(graces, graces.get_by_role("link", name="Comment on metric auc"))
    graces.keyboard.press("Enter")
    dialog = graces.get_by_role("dialog", name="Open a thread on metric auc")
    expect(dialog.get_by_label("Your comment")).to_be_focused()
    assert axe.violations(graces) == []
    graces.keyboard.type("Which data was this measured on, @ad")
    offers = dialog.get_by_role("listbox", name="People and groups")
    expect(offers.get_by_role("option", name="ada", exact=True)).to_have_attribute("aria-selected", "true")
    assert axe.violations(graces) == []
    graces.keyboard.press("Enter")
    expect(dialog.get_by_label("Your comment")).to_have_value("Which data was this measured on, @ada ")
    graces.keyboard.press("Tab")
    graces.keyboard.press("ArrowDown")
    expect(dialog.get_by_label("Blocking")).to_be_checked()
    tab_to(graces, dialog.get_by_role("button", name="Comment", exact=True))
    graces.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    thread = graces.locator(".thread", has_text="Which data")
    expect(thread).to_contain_text("On metric auc, then 0.92 (champion: 0.91)")
    expect(thread.locator(".tag")).to_have_text("Blocking")
    expect(thread.locator(".mention")).to_have_text("@ada")
    expect(graces.locator(".said", has_text="Which data")).to_be_focused()
    expect(graces.get_by_role("link", name="1 blocking thread on metric auc")).to_be_visible()
    assert axe.violations(graces) == []

    adas = opened("ada")
    tab_to(adas, adas.get_by_role("link", name="1 blocking thread on metric auc"))
    adas.keyboard.press("Enter")
    expect(adas).to_have_url(re.compile(r"#thread-\d+$"))
    thread = adas.locator(".thread", has_text="Which data")
    expect(thread).to_contain_text("It blocks your own request: grace, or somebody who may review, has to resolve it.")
    tab_to(adas, thread.locator("summary", has_text="Reply"))
    adas.keyboard.press("Enter")
    adas.keyboard.press("Tab")
    adas.keyboard.type("On October's.")
    tab_to(adas, thread.get_by_role("button", name="Send reply"))
    adas.keyboard.press("Enter")
    expect(adas.locator(".said", has_text="On October's.")).to_be_focused()
    expect(thread.get_by_label("Your reply to grace")).to_have_count(1)

    graces = opened("grace")
    button = graces.get_by_role("button", name="Resolve the thread of grace on metric auc")
    tab_to(graces, button)
    graces.keyboard.press("Enter")
    expect(graces.locator(".thread", has_text="Which data")).to_contain_text("grace resolved this")
    expect(graces.get_by_role("link", name="1 thread on metric auc")).to_be_visible()
    expect(graces.get_by_role("button", name="Open again the thread of grace on metric auc")).to_have_count(1)
    assert axe.violations(graces) == []


def test_what_is_typed_in_a_thread_outlives_the_session(opened: Opened, call_as: CallAs, number: int) -> None:
    call_as("grace")(f"{number}/threads/", {"body": "Why?"})
    page = opened("ada")
    page.locator(".thread summary", has_text="Reply").click()
    page.get_by_label("Your reply to grace").fill("Because of October.")
    page.get_by_role("link", name="Open a thread that blocks").click()
    page.locator("#thread-body").fill("And one more thing.")
    page.get_by_label("Blocking").check()
    page.context.clear_cookies(name="checkpoint_session")
    page.locator("#thread-form").get_by_role("button", name="Comment").click()
    expect(page.locator("#thread-form [role=alert]")).to_contain_text("You are signed out, and nothing was sent.")
    page.locator("#thread-form").get_by_role("link", name="Sign in").click()
    fill_sign_in(page, "ada")
    dialog = page.get_by_role("dialog", name="Open a thread")
    expect(dialog.locator("#thread-body")).to_have_value("And one more thing.")
    expect(dialog.get_by_label("Blocking")).to_be_checked()
    dialog.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".thread", has_text="And one more thing.")).to_contain_text("Blocking")


def test_an_owner_who_is_refused_is_said_at_the_field_and_nothing_is_lost(opened: Opened, number: int) -> None:
    page = opened("grace")
    page.get_by_role("link", name="Open a thread that blocks").click()
    dialog = page.get_by_role("dialog", name="Open a thread")
    dialog.locator("#thread-body").fill("Look at October.")
    dialog.get_by_label("A follow-up").check()
    dialog.get_by_label("Who").fill("nobody-here")
    dialog.get_by_label("By", exact=True).fill((datetime.now(UTC) + timedelta(days=9)).date().isoformat())
    dialog.get_by_role("button", name="Comment", exact=True).click()
    owner = dialog.get_by_label("Who")
    expect(owner).to_be_focused()
    expect(owner).to_have_accessible_description(re.compile("Nobody who may sign in is called 'nobody-here'"))
    expect(dialog.locator("#thread-body")).to_have_value("Look at October.")
    assert axe.violations(page) == []
    owner.fill("grace")
    dialog.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".thread", has_text="Look at October.")).to_contain_text("Follow-up of grace")


def test_other_forms_keep_what_is_typed_when_somebody_speaks(opened: Opened, call_as: CallAs, number: int) -> None:
    call_as("grace")(f"{number}/threads/", {"body": "Why?"})
    call_as("grace")(f"{number}/threads/", {"body": "What else?"})
    page = opened("ada")
    first, second = page.locator(".thread").all()
    for thread, words in ((first, "Half a thought"), (second, "A whole one.")):
        thread.locator("summary", has_text="Reply").click()
        thread.locator("textarea").fill(words)
    second.get_by_role("button", name="Send reply").click()
    expect(second).to_contain_text("ada replied")
    expect(first.locator("textarea")).to_have_value("Half a thought")
    expect(first.locator("textarea")).to_be_visible()
    expect(second.get_by_label("Your reply to grace")).to_have_value("")


def test_a_refusal_is_said_beside_the_form_which_stays(opened: Opened) -> None:
    page = opened("ada")
    page.get_by_role("link", name="Open a thread that blocks").click()
    page.locator("#thread-body").fill("See to it.")
    page.get_by_label("A follow-up").check()
    page.get_by_role("textbox", name="Who").fill("nobody")
    page.get_by_label("By", exact=True).fill("2100-01-01")
    page.locator("#thread-form").get_by_role("button", name="Comment").click()
    alert = page.locator("#thread-form [role=alert]")
    expect(alert).to_contain_text("The day is today or later, and within three years.")
    expect(page.locator("#thread-body")).to_have_value("See to it.")
    page.route("**/comment/", lambda route: _bad_gateway(route))
    page.locator("#thread-form").get_by_role("button", name="Comment").click()
    expect(alert).to_contain_text("Checkpoint cannot be reached (502")
    page.keyboard.press("Escape")
    expect(page.locator("#thread-dialog")).to_be_hidden()
    expect(page.get_by_role("link", name="Open a thread that blocks")).to_be_focused()


def _bad_gateway(route: Route) -> None:
    route.fulfill(status=502, body="<html><body>502</body></html>", content_type="text/html")


def test_without_a_script_a_thread_is_opened_on_a_page_of_its_own(opened: Opened, sign_in: SignIn, number: int) -> None:
    page = sign_in("grace", java_script_enabled=False)
    page.goto(f"/checkpoint/promote-requests/{number}/")
    page.get_by_role("link", name="Comment on metric auc").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a thread on metric auc")
    page.get_by_label("A follow-up").check()
    page.get_by_label("Your comment").fill("See to the slices.")
    page.get_by_role("textbox", name="Who").fill("nobody")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_role("alert")).to_contain_text("Name the day until which it is to be seen to.")
    expect(page.get_by_label("Your comment")).to_have_value("See to the slices.")
    page.get_by_label("A remark").check()
    page.get_by_role("button", name="Comment").click()
    expect(page.locator(".thread")).to_contain_text("On metric auc")
