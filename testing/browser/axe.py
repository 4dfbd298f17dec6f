"""What axe-core finds wrong with a page that is open."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
COLOURS = ("color-contrast", "link-in-text-block")
"""Those of the rules that another colour scheme may break where nothing else of the page has changed."""
_RUN = """async ([within, rules]) => {
  const results = await axe.run(within ?? document, { runOnly: rules, resultTypes: ["violations", "incomplete"] });
  if (results.passes.length === 0) throw new Error("axe found nothing to look at");
  return results.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


def violations(page: Page, *, within: str | None = None, rules: tuple[str, ...] = RULES) -> list[str]:
    """Returns one line per rule of WCAG 2.2 AA or axe's best practice that an element breaks.

    Args:
        page: The open page, settled.
        within: Selector of the part to judge; the whole document when None.
        rules: Names of rules or of groups of them.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN, [within, list(rules)])
    return found


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")
