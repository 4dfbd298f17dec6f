"""Every list of the admin can be read: nothing is cut off at a desk, and on a phone a table scrolls in its own box."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from testing.browser.people import CallAs, Manage, SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
ADMIN = "/checkpoint/admin/"
RULES = "/checkpoint/rules/"
REQUESTS = f"{ADMIN}promote_requests/promoterequest/"
TITLE = "Put the model that was retrained on the corrected figures of the last four quarters live"
REASON = "The figures of the third quarter were booked twice, which nobody saw until the auditors asked."
FILL = """
from django.contrib.auth.models import Group
from accounts.models import User
from promote_requests.models import Label, PromoteRequest
from protection.people import resolved
from protection.models import FreezeWindow, Ownership, ProtectionRule

asked = PromoteRequest.objects.filter(model_name__in=[MODELS])
pattern = asked.latest("number").model_name + "*"
ProtectionRule.objects.create(
    target_pattern="alias:production-of-the-whole-group-*", model_pattern=pattern, conditions={"approvals": 2},
    description="Whatever is asked of the group's own models is looked at by two people of its risk department.",
    enforcement="off",
)
FreezeWindow.objects.create(
    name="The week in which the books of the year are closed", timezone="America/Argentina/Buenos_Aires",
    start="2026-12-20 18:00", end="2027-01-03 18:00", model_pattern=pattern, target_pattern="alias:champion-of-*",
)
Ownership.objects.create(
    section="Models of the risk department", model_pattern=pattern,
    people=resolved({"groups": [], "users": ["ada", "grace"]}),
)
Group.objects.create(name="People of the department that assesses the risks of models of every kind")
User.objects.create_user("somebody.with.a.long.name@the-department-of-risk.example.org", email="a.b@example.org")
names = ("needs a second look", "of the quarter")
labels = [Label.objects.create(name=name, key=name, colour="blue") for name in names]
for each in asked:
    each.labels.set(labels)
"""
WIDER = """() => {
  // A box of its own: what is in it scrolls or is cut off there, and the box itself is within the screen.
  const inOwnBox = (element) => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement) {
      if (getComputedStyle(box).overflowX === "visible") continue;
      const { left, right } = box.getBoundingClientRect();
      if (left >= -1 && right <= innerWidth + 1) return true;
    }
    return false;
  };
  const found = [...document.querySelectorAll("body *")]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
    .filter((element) => !inOwnBox(element))
    .map((element) => element.outerHTML.slice(0, 120));
  if (document.documentElement.scrollWidth > innerWidth) found.push(`page: ${document.documentElement.scrollWidth}`);
  return found;
}"""
SCROLLS = """() => [...document.querySelectorAll("#content *")]
  .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth)
  .filter((element) => getComputedStyle(element).overflowX !== "visible" || element.matches("td, th"))
  .filter((element) => !element.matches("select, input, textarea, .visually-hidden, #changelist-filter *"))
  .map((element) => `${element.scrollWidth} in ${element.clientWidth}: ${element.outerHTML.slice(0, 160)}`)"""


@pytest.fixture(scope="module")
def filled(call_as: CallAs, manage: Manage, mlflow_server: str) -> None:
    """Puts into the lists rows with long names in them, about models of their own."""
    own = Seeded(mlflow_server)
    ada, grace = call_as("ada"), call_as("grace")
    for model, version, kind, name in (
        (own.model, "2", "stage", "Staging"),
        (own.long_name, "1", "alias", "champion-of-the-champions-of-the-quarter"),
    ):
        target = {"kind": kind, "name": name}
        number = ada("", {"model_name": model, "version": version, "target": target, "title": TITLE})["number"]
        grace(f"{number}/reviews/", {"verdict": "request_changes", "body": REASON})
    manage("shell", "--command", FILL.replace("MODELS", f"{own.model!r}, {own.long_name!r}"))


@pytest.fixture
def lists(sign_in: SignIn, filled: None) -> tuple[Page, list[str]]:
    """Gives the administrator's page and the address of every list that the admin's first page leads to."""
    page = sign_in("admin")
    page.goto(ADMIN)
    links = page.locator("#content-main th a").evaluate_all("(all) => all.map((link) => link.href)")
    addresses = [urlsplit(link).path for link in links if urlsplit(link).path.count("/") == 5]
    assert {f"{ADMIN}audit/auditevent/", f"{ADMIN}protection/protectionrule/", REQUESTS} <= set(addresses)
    return page, addresses


@pytest.mark.parametrize("width", [1400, 390])
def test_no_list_is_wider_than_the_screen_and_none_is_cut_off_at_a_desk(
    lists: tuple[Page, list[str]], width: int
) -> None:
    page, addresses = lists
    page.set_viewport_size({"width": width, "height": 900})
    found = {}
    for address in addresses:
        page.goto(address)
        expect(page.locator("#content h1")).to_be_visible()
        found[address] = page.evaluate(WIDER) + (page.evaluate(SCROLLS) if width == 1400 else [])
    # And the page of the portal that has the same rules, freeze windows and owners.
    page.goto(RULES)
    expect(page.locator("main h1")).to_be_visible()
    found[RULES] = page.evaluate(WIDER)
    wrong = [f"{address}: {each}" for address, all_of in found.items() for each in all_of]
    assert wrong == []
