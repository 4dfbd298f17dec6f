"""Checkpoint's own pages, as a person uses them."""

from dataclasses import dataclass

from playwright.sync_api import Error, Locator, Page, expect

from testing.waiting import wait_until

FOCUS_LIMIT = 80
"""More steps of the Tab key than any page has."""
_NAME = """(cell) => {
  const name = cell.cloneNode(true);
  name.querySelectorAll(".measured, .talk").forEach((words) => words.remove());
  return name.textContent.trim();
}"""

_ROWS = """(group) => {
  const bare = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".measured, .talk, .visually-hidden, svg").forEach((aside) => aside.remove());
    return copy;
  };
  const value = (cell) => {
    const copy = bare(cell);
    if (copy.querySelector(".none")?.textContent === "none") return null;
    const whole = copy.querySelector("details.long");
    if (whole) {
      whole.querySelector("summary").remove();
      return whole.textContent.trim();
    }
    const exact = copy.querySelector("[title]");
    return exact ? exact.getAttribute("title") : copy.textContent.trim();
  };
  return [...group.querySelectorAll("tbody tr:not(.inner)")].map((row) => ({
    name: bare(row.querySelector("th")).textContent.trim(),
    aside: [...row.querySelectorAll("th .measured")].map((aside) => aside.textContent.trim()),
    sign: row.querySelector(".sign .visually-hidden")?.textContent ?? "",
    values: [...row.querySelectorAll("td:not(.sign, .delta)")].map(value),
  }));
}"""


class RequestForm:
    """The form for a new promote request."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.model = page.get_by_label("Model, prompt, skill or MCP server")
        self.version = page.get_by_label("Version", exact=True)
        self.target = page.get_by_label("What should happen")
        self.description = page.get_by_label("Description")
        self.archive = page.get_by_label("Archive the versions that hold the stage now")
        self.preview = page.locator("#preview")
        self.send = page.get_by_role("button", name="Open promote request")


class RequestPage:
    """A promote request's page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sentence = page.locator(".lead-sentence")
        self.side = page.get_by_role("complementary", name="Status and actions")
        self.conversation = page.get_by_role("region", name="Conversation")
        self.box = page.locator("#review-box")
        self.ask_to_approve = self.box.locator("summary", has_text="Approve and")
        self.approve = self.box.get_by_role("button", name="Yes, approve and")

    def approve_and_promote(self) -> None:
        """Opens the confirmation, confirms, and returns when the page says that it is done."""
        self.ask_to_approve.click()
        self.approve.click()
        expect(self.side).to_contain_text("Promoted")


@dataclass(frozen=True)
class TableRow:
    """A row of a comparison.

    Attributes:
        aside: What stands beside the name in small letters: how a metric was measured, a field's part of the signature.
        sign: `better`, `worse`, `changed`, `added`, `removed`, `equal`; "" where there is nothing to compare with.
        values: With all their digits, the champion's first; None where a side says "none".
    """

    aside: list[str]
    sign: str
    values: list[str | None]


class Tables:
    """The comparison, on whichever page it is."""

    def __init__(self, page: Page) -> None:
        self.panel = page.locator(".comparison")
        self.strip = page.get_by_role("navigation", name="The comparison in one line")
        self.doubts = page.locator("#doubts li")

    def rows(self, group: str) -> dict[str, TableRow]:
        """Returns {name: row} of a group such as `metrics`, of folded rows too; a name is there once."""
        expect(self.panel).to_be_visible()
        tables = self.panel.locator(f"#{group}")
        found = tables.evaluate(_ROWS) if tables.count() else []
        rows = {row["name"]: TableRow(row["aside"], row["sign"], row["values"]) for row in found}
        assert len(rows) == len(found), f"a name is there twice: {[row['name'] for row in found]}"
        return rows

    def values(self, group: str) -> dict[str, list[str | None]]:
        """Returns {name: values} of a group."""
        return {name: row.values for name, row in self.rows(group).items()}


class Facts:
    """The metrics of a challenger that replaces nobody."""

    def __init__(self, page: Page) -> None:
        self.table = page.locator(".comparison table").filter(has=page.locator("caption", has_text="Metrics"))

    def row(self, name: str) -> Locator:
        """The row of a metric."""
        return self.table.get_by_role("row").filter(has_text=name)

    def values(self) -> dict[str, str]:
        """Returns {name: value with all its digits}."""
        expect(self.table).to_be_visible()
        found = {}
        for row in self.table.locator("tbody tr").all():
            value = row.locator("td").last
            exact = value.locator("[title]")
            name = row.get_by_role("rowheader").evaluate(_NAME)
            found[name] = exact.get_attribute("title") if exact.count() else value.inner_text()
        return found


_LOST = """() => {
  const element = document.activeElement;
  if (element === null || element === document.body) return "nothing has the focus";
  const said = element.outerHTML.slice(0, 200);
  // A row of the list shows the focus of the link in it.
  const marked = [element, element.closest(".row-item")].filter(Boolean).map((one) => getComputedStyle(one));
  if (marked.every((style) => style.outlineStyle === "none" && style.boxShadow === "none")) {
    return `the focus cannot be seen on ${said}`;
  }
  const box = element.getClientRects()[0];
  const [x, y] = [box.left + box.width / 2, Math.max(box.top, 0) + Math.min(box.height / 2, 10)];
  const top = document.elementFromPoint(x, y);
  if (top === null) return `the focus is outside the screen, on ${said}`;
  if (!element.contains(top) && !top.contains(element)) return `${top.outerHTML.slice(0, 200)} covers ${said}`;
  return "";
}"""


def assert_focus_seen(page: Page) -> None:
    """Fails when nothing has the focus, or when it is not marked, or off the screen, or behind something."""
    lost = page.evaluate(_LOST)
    assert not lost, lost


def tab_to(page: Page, wanted: Locator, *, key: str = "Tab", limit: int = FOCUS_LIMIT) -> None:
    """Presses Tab until `wanted` has the focus, and fails when the focus cannot be seen or never gets there."""
    for _ in range(limit):
        page.keyboard.press(key)
        assert_focus_seen(page)
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {wanted}")


def stop_clock(page: Page) -> None:
    """Stops the page's time within a second of it; needs `page.clock.install` before the page was opened."""
    wait_until(lambda: _is_stopped(page), "the page's clock is stopped")


def _is_stopped(page: Page) -> bool:
    now = page.evaluate("Date.now()")
    try:
        page.clock.pause_at(now / 1000 + 1)
    except Error as late:  # the second was over before the browser heard of it
        if "fast-forward to the past" not in late.message:
            raise
        return False
    return True


def settle(page: Page) -> None:
    """Returns when whatever the page asked for until now has been sent and answered, however slow the machine is.

    Two questions that come after it tell so: the first is answered after it was sent, the second after its answer.
    """
    page.wait_for_timeout(100)
    for _ in range(2):
        page.evaluate("fetch('/checkpoint/healthz', { cache: 'no-store' }).then((answer) => answer.text())")
