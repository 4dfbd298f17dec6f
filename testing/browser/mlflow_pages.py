"""MLflow's own screens, as a person uses them (MLflow 3.17.2).

Every locator that depends on how MLflow builds its pages is here, so that a new MLflow is one file to mend.
"""

from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

OLD_REGISTRY_UI = "localStorage.setItem('_mlflow_user_setting_dismiss_next_model_registry_ui', 'true')"
"""Script for a context: stages instead of aliases, as the switch "New model registry UI" does when it is off."""
NO_ASSISTANT = "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
"""Script for a context: the assistant's panel, which opens by itself on a first visit, stays closed."""
DARK = "localStorage.setItem('_mlflow_dark_mode_toggle_enabled', 'true')"
"""Script for a context: MLflow's dark theme."""
CONTROLS = (
    "#root :is(a[href], button, input, select, textarea, summary, [role=button], [role=tab], [role=switch], "
    "[role=radio], [role=combobox], [role=menuitem], .mlflow-stage-transition-dropdown)"
)
"""Selector of all that can be pressed or filled in on MLflow's pages."""


class MlflowPage:
    """A browser tab with MLflow in it, at whatever address it is served from."""

    def __init__(self, page: Page, base_url: str) -> None:
        self.page = page
        self.base_url = base_url.rstrip("/")

    def open(self, route: str) -> None:
        """Opens a hash route such as `/models` afresh and returns when MLflow has drawn it."""
        is_here = self.page.url.split("#")[0] == f"{self.base_url}/"
        self.page.goto(f"{self.base_url}/#{route}")
        if is_here:  # only the hash changed, which loads no document
            self.page.reload()
        self.settle()

    def settle(self) -> None:
        """Returns when MLflow shows a page and no longer a skeleton of one."""
        main = self.page.locator("#root main").first  # in MLflow 3.18 one has another one in it
        expect(main).to_be_visible()
        expect(main.locator(":is(h1, h2, h3, table, [role=table], input):visible").first).to_be_visible()

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.get_by_role("dialog").filter(visible=True)


class ModelPage(MlflowPage):
    """`#/models/NAME`."""

    def compare(self, name: str) -> None:
        """Ticks the two newest versions and presses Compare."""
        self.open(f"/models/{quote(name, safe='')}")
        ticks = self.page.get_by_role("row").filter(has_text="Version").get_by_role("checkbox")
        for number in (1, 2):  # the first one ticks them all
            ticks.nth(number).click(force=True)
        self.page.get_by_test_id("compareButton").click()
        expect(self.page.get_by_text("Comparing 2 Versions")).to_be_visible()


class ModelVersionPage(MlflowPage):
    """`#/models/NAME/versions/N`."""

    def address(self, name: str, version: str) -> str:
        """The version's address, as somebody would send it to a colleague."""
        return f"{self.base_url}/#{self._route(name, version)}"

    def show(self, name: str, version: str) -> None:
        """Opens the version's screen."""
        self.open(self._route(name, version))
        expect(self.page.get_by_role("heading", name=f"Version {version}")).to_be_visible()

    def move_to_stage(self, stage: str, *, archive: bool = False, comment: str = "") -> None:
        """Stage menu, dialog, the tick that archives the present holders if wanted, OK. Needs `OLD_REGISTRY_UI`."""
        self.stage.click()
        self.page.locator("li[role=menuitem]", has_text=stage).click()
        if archive:
            self.dialog.get_by_role("checkbox").check()
        if comment:
            self.dialog.get_by_role("textbox", name="Comment").fill(comment)
        self.dialog.get_by_role("button", name="OK").click()

    def add_alias(self, alias: str) -> None:
        """Aliases, dialog, Save."""
        aliases = self.page.locator("[data-testid=descriptions-item]", has_text="Aliases")
        aliases.get_by_role("button").click()
        self.save_alias(alias)

    def save_alias(self, alias: str) -> None:
        """Types an alias into the open dialog and saves."""
        self.dialog.get_by_role("combobox").fill(alias)
        self.page.keyboard.press("Enter")
        self.dialog.get_by_role("button", name="Save aliases").click()

    def promote_to_model(self, destination: str) -> None:
        """Promote model, another registered model, Promote."""
        self.page.get_by_role("button", name="Promote model").click()
        self.dialog.get_by_role("combobox").fill(destination)
        self.page.get_by_title(destination, exact=True).click()
        self.dialog.get_by_role("button", name="Promote", exact=True).click()

    @staticmethod
    def _route(name: str, version: str) -> str:
        return f"/models/{quote(name, safe='')}/versions/{version}"

    @property
    def stage(self) -> Locator:
        """Where the version's stage stands. Needs `OLD_REGISTRY_UI`."""
        return self.page.locator(".mlflow-stage-transition-dropdown")


class PromptPage(ModelVersionPage):
    """`#/prompts/NAME`: one screen for all versions, the chosen one in the query."""

    def show(self, name: str, version: str) -> None:
        """Opens the prompt with this version chosen."""
        self.open(f"/prompts/{quote(name, safe='')}?promptVersion={version}")
        expect(self.page.get_by_text(f"Viewing version {version}")).to_be_visible()

    def choose(self, version: str) -> None:
        """Chooses a version in the table, as a click does."""
        self.page.get_by_role("row", name=f"Version {version}").click()

    def add_alias(self, alias: str) -> None:
        """Aliases of the version that is shown, dialog, Save."""
        self.page.get_by_text("Aliases:", exact=True).locator("xpath=following-sibling::*[1]").get_by_role(
            "button"
        ).click()
        self.save_alias(alias)


class RunPage(MlflowPage):
    """`#/experiments/ID/runs/ID`."""

    def metrics(self, experiment: str, run: str) -> dict[str, float]:
        """Opens the run and returns {metric: value} as shown."""
        self.open(f"/experiments/{experiment}/runs/{run}")
        rows = _rows(self.page, "Metric", "Value")
        return {metric: float(value) for metric, value, *_ in rows}


class LoggedModelPage(MlflowPage):
    """`#/experiments/ID/models/ID`."""

    def metrics(self, experiment: str, model: str) -> dict[tuple[str, str], float]:
        """Opens the logged model and returns {(metric, data set): value} as shown; `-` where there is no data set."""
        self.open(f"/experiments/{experiment}/models/{model}")
        rows = _rows(self.page, "Metric", "Dataset")
        return {(metric, dataset.split()[0]): float(value) for metric, dataset, _, value in rows}


def _rows(page: Page, *headings: str) -> list[list[str]]:
    """Returns the texts of the rows of the table whose first columns have these headings."""
    first = page.get_by_role("row", name=" ".join(f"{heading} Resize Column" for heading in headings))
    table = page.get_by_role("table").filter(has=first)
    expect(table.get_by_role("cell").first).to_be_visible()
    rows = [row.get_by_role("cell").all_inner_texts() for row in table.get_by_role("row").all()]
    return [[text.strip() for text in cells] for cells in rows if cells]


class Control:
    """What Checkpoint adds to the page (`static/checkpoint/js/mlflow_ui.js`)."""

    def __init__(self, page: Page) -> None:
        self.bar = page.get_by_role("navigation", name="Checkpoint")
        self.requests = self.bar.get_by_role("link", name="Promote Requests")
        self.request_promotion = self.bar.get_by_role("link", name="Request promotion")
        self.compare = self.bar.get_by_role("link", name="Compare")
        self.sign_in = self.bar.get_by_role("link", name="sign in")
