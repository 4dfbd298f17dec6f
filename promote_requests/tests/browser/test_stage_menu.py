"""What somebody says in MLflow's own stage dialog reaches the request: the comment, and that nobody is archived."""

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from testing.browser.checkpoint_pages import RequestForm, RequestPage
from testing.browser.mlflow_pages import OLD_REGISTRY_UI, ModelVersionPage
from testing.browser.people import SignIn
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]
COMMENT = "Retrained on **November's** data & checked.\nBoth versions serve until Monday."


@pytest.fixture
def held(mlflow_server: str) -> Seeded:
    """Gives a model of its own whose version 1 is in Production."""
    seeded = Seeded(mlflow_server)
    with pytest.warns(FutureWarning, match="stages"):  # MLflow calls them deprecated; people use them
        MlflowClient(mlflow_server, mlflow_server).transition_model_version_stage(seeded.model, "1", "Production")
    return seeded


@pytest.fixture
def adas(sign_in: SignIn, live_checkpoint: str, held: Seeded) -> Page:
    """Gives ada's browser, where she chose Production in MLflow's menu, wrote a comment and ticked nothing."""
    page = sign_in("ada", OLD_REGISTRY_UI)
    version = ModelVersionPage(page, live_checkpoint)
    version.show(held.model, "2")
    version.stage.click()
    page.locator("li[role=menuitem]", has_text="Production").click()
    expect(version.dialog.get_by_role("checkbox")).not_to_be_checked()
    version.dialog.get_by_role("textbox", name="Comment").fill(COMMENT)
    version.dialog.get_by_role("button", name="OK").click()
    return page


def test_the_form_has_the_comment_as_the_description_and_leaves_archive_unticked(adas: Page, held: Seeded) -> None:
    form = RequestForm(adas)
    expect(adas.get_by_text(f"MLflow changed nothing: Production of {held.model} is protected.")).to_be_visible()
    expect(form.model).to_have_value(held.model)
    expect(form.version).to_have_value("2")
    expect(form.target).to_have_value("stage:Production")
    expect(form.description).to_have_value(COMMENT)
    expect(form.archive).to_be_visible()
    expect(form.archive).not_to_be_checked()
    assert "#" not in adas.url


def test_the_request_says_so_and_the_promotion_leaves_the_former_holder_where_it_is(
    adas: Page, sign_in: SignIn, held: Seeded, mlflow_server: str
) -> None:
    RequestForm(adas).send.click()
    expect(RequestPage(adas).sentence).to_contain_text(f"ada wants {held.model} version 2 to become Production")
    expect(adas.get_by_role("main")).to_contain_text("Both versions serve until Monday.")
    graces = sign_in("grace")
    graces.goto(adas.url)
    RequestPage(graces).approve_and_promote()
    client = MlflowClient(mlflow_server, mlflow_server)
    stages = {number: client.get_model_version(held.model, number).current_stage for number in ("1", "2")}
    assert stages == {"1": "Production", "2": "Production"}


def test_another_choice_of_a_stage_is_asked_about_anew(adas: Page) -> None:
    form = RequestForm(adas)
    form.target.select_option("stage:Staging")
    expect(form.archive).to_be_checked()
    expect(form.description).to_have_value(COMMENT)
