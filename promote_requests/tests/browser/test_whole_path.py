"""The main job from end to end: ada requests from MLflow's UI, grace approves, MLflow shows the new Production."""

import re
from urllib.parse import quote

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from testing.browser.checkpoint_pages import RequestForm, RequestPage, tab_to
from testing.browser.mlflow_pages import OLD_REGISTRY_UI, Control, ModelVersionPage
from testing.browser.people import SignIn, fill_sign_in
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]


@pytest.fixture
def fresh(mlflow_server: str) -> Seeded:
    """Gives a model of its own whose version 1 is in Production."""
    seeded = Seeded(mlflow_server)
    with pytest.warns(FutureWarning, match="stages"):  # MLflow calls them deprecated; people use them
        MlflowClient(mlflow_server, mlflow_server).transition_model_version_stage(seeded.model, "1", "Production")
    return seeded


def test_ada_requests_from_mlflow_and_grace_approves_and_mlflow_shows_the_new_production(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str, fresh: Seeded
) -> None:
    client = MlflowClient(mlflow_server, mlflow_server)
    adas = sign_in("ada", OLD_REGISTRY_UI)
    version = ModelVersionPage(adas, live_checkpoint)
    version.show(fresh.model, "2")
    version.move_to_stage("Production", archive=True, comment="Retrained on **November's** data.")

    form = RequestForm(adas)
    expect(adas.get_by_text(f"MLflow changed nothing: Production of {fresh.model} is protected.")).to_be_visible()
    expect(form.description).to_have_value("Retrained on **November's** data.")
    assert "#" not in adas.url
    expect(form.model).to_have_value(fresh.model)
    expect(form.version).to_have_value("2")
    expect(form.archive).to_be_checked()
    form.send.click()
    request = RequestPage(adas)
    expect(request.sentence).to_contain_text(f"ada wants {fresh.model} version 2 to become Production")
    expect(request.sentence).to_contain_text("replacing version 1")
    expect(request.ask_to_approve).to_have_count(0)
    assert stages(client, fresh) == {"1": "Production", "2": "None"}

    graces = sign_in("grace", OLD_REGISTRY_UI)
    version = ModelVersionPage(graces, live_checkpoint)
    version.show(fresh.model, "2")
    expect(version.stage).to_contain_text("None")
    control = Control(graces)
    expect(control.requests).to_have_accessible_name(re.compile(r"^Promote Requests \d+ for you\s*$"))
    control.requests.click()
    graces.get_by_role("link", name=re.compile(re.escape(fresh.model))).click()
    request = RequestPage(graces)
    expect(request.sentence).to_contain_text("ada wants")
    expect(graces.get_by_role("main")).to_contain_text("November's")
    expect(graces.get_by_role("main")).to_contain_text("auc")
    request.approve_and_promote()
    assert stages(client, fresh) == {"1": "Archived", "2": "Production"}

    graces.get_by_role("link", name="Back to MLflow").click()
    version.settle()  # a second navigation would race the one that the click began
    version.show(fresh.model, "2")
    expect(version.stage).to_contain_text("Production")
    version.show(fresh.model, "1")
    expect(version.stage).to_contain_text("Archived")
    tags = client.get_model_version(fresh.model, "2").tags
    assert tags["checkpoint.approved_by"] == "grace"
    assert tags["checkpoint.promote_request"] == request_address(adas.url)


def test_whole_path_can_be_walked_by_keyboard_alone(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str, fresh: Seeded
) -> None:
    adas = sign_in("ada")
    ModelVersionPage(adas, live_checkpoint).show(fresh.model, "2")
    tab_to(adas, Control(adas).request_promotion)
    adas.keyboard.press("Enter")
    form = RequestForm(adas)
    expect(form.version).to_have_value("2")
    tab_to(adas, form.target)
    adas.keyboard.type("Production")
    expect(form.preview).to_contain_text("auc")
    tab_to(adas, form.send)
    adas.keyboard.press("Enter")
    expect(RequestPage(adas).sentence).to_contain_text("to become Production")

    graces = sign_in("grace")
    graces.goto(adas.url)
    request = RequestPage(graces)
    tab_to(graces, request.ask_to_approve)
    graces.keyboard.press("Enter")
    tab_to(graces, request.approve)
    graces.keyboard.press("Enter")
    expect(request.side).to_contain_text("Promoted")
    client = MlflowClient(mlflow_server, mlflow_server)
    assert client.get_model_version(fresh.model, "2").current_stage == "Production"


def test_keyboard_keeps_its_place_and_refusals_are_in_sight(
    sign_in: SignIn, live_checkpoint: str, fresh: Seeded
) -> None:
    adas = sign_in("ada")
    adas.goto(f"/checkpoint/promote-requests/new/?model={quote(fresh.model)}&version=2&target=alias%3Aprod")
    RequestForm(adas).send.click()
    expect(RequestPage(adas).sentence).to_be_visible()
    graces = sign_in("grace", viewport={"width": 1200, "height": 500})
    graces.goto(adas.url)
    box, comment = graces.locator("#body"), graces.get_by_role("button", name="Comment")
    comment.click()
    expect(box).to_be_focused()  # the browser says that something is missing
    box.fill("  ")
    comment.click()
    expect(graces.get_by_text("Write a few words.")).to_be_in_viewport()
    expect(box).to_be_focused()
    box.fill("Why now?")
    comment.press("Enter")
    expect(RequestPage(graces).conversation).to_contain_text("grace commented just now")
    expect(box).to_have_value("")
    expect(comment).to_be_focused()
    # Meanwhile the request is withdrawn. The answer to an approval is at the top of a long page.
    adas.get_by_text("Withdraw", exact=True).click()
    adas.get_by_role("button", name="Withdraw this request").click()
    expect(RequestPage(adas).side).to_contain_text("Closed")
    box.fill("Wait.")
    graces.get_by_role("button", name="Request changes").click()
    expect(graces.get_by_text("This was not done")).to_be_in_viewport()
    expect(box).to_have_value("Wait.")


def test_link_to_a_version_survives_the_sign_in(browser_page: Page, live_checkpoint: str, seeded: Seeded) -> None:
    version = ModelVersionPage(browser_page, live_checkpoint)
    browser_page.goto(version.address(seeded.model, "2"))
    fill_sign_in(browser_page, "ada")
    expect(browser_page.get_by_role("heading", name="Version 2")).to_be_visible()
    assert browser_page.url == version.address(seeded.model, "2")


def stages(client: MlflowClient, seeded: Seeded) -> dict[str, str]:
    """Version -> stage, as MLflow says it."""
    return {number: client.get_model_version(seeded.model, number).current_stage for number in ("1", "2")}


def request_address(url: str) -> str:
    """The page's address without a fragment."""
    return url.partition("#")[0]
