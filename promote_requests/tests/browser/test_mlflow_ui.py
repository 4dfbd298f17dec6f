"""MLflow's own pages lead to Checkpoint: refused calls to the form, ended sessions to the sign-in."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from testing.browser.mlflow_pages import OLD_REGISTRY_UI, Control, MlflowPage, ModelVersionPage, PromptPage
from testing.browser.people import SignIn, fill_sign_in, form_values
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]


# -- Refused calls lead to the form -----------------------------------------------------------------------------------
def test_stage_menu_leads_to_the_filled_in_form(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada", OLD_REGISTRY_UI)
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    version.move_to_stage("Production")
    values = form_values(page)
    assert (values["model"], values["version"], values["target"]) == (seeded.model, "2", "stage:Production")
    expect(page.get_by_role("main")).to_contain_text(seeded.model)


def test_alias_dialog_leads_to_the_filled_in_form(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    version.add_alias("champion")
    values = form_values(page)
    assert (values["model"], values["version"], values["target"]) == (seeded.model, "2", "alias:champion")


def test_promote_model_into_a_protected_model_leads_to_the_filled_in_form(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded, protected_destination: str
) -> None:
    page = sign_in("ada")
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    version.promote_to_model(seeded.destination)
    values = form_values(page)
    assert (values["model"], values["version"], values["target"]) == (
        seeded.model,
        "2",
        f"model:{protected_destination}",
    )


def test_alias_of_a_prompt_leads_to_the_filled_in_form(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    prompt = PromptPage(page, live_checkpoint)
    prompt.show(seeded.prompt, "1")
    prompt.add_alias("production")
    values = form_values(page)
    assert (values["model"], values["version"], values["target"]) == (seeded.prompt, "1", "alias:production")


def test_unprotected_alias_is_saved_as_ever(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "1")
    version.add_alias("tryout")
    expect(page.get_by_role("main").get_by_text("@ tryout")).to_be_visible()
    expect(version.dialog).to_have_count(0)


def test_way_back_from_the_form_leaves_a_page_that_leads_there_again(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded
) -> None:
    page = sign_in("ada")
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    version.add_alias("champion")
    form_values(page)
    page.go_back()
    version.settle()
    version.add_alias("champion")
    form_values(page)


@pytest.mark.parametrize(
    "value",
    [
        "https://elsewhere.example/checkpoint/",
        "//elsewhere.example/checkpoint/",
        "/checkpoint/../x",
        "/x",
        "javascript:0",
    ],
)
def test_refusal_never_leads_out_of_checkpoint(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded, value: str
) -> None:
    page = sign_in("ada")
    refuse(page, 403, {"X-Checkpoint-Promote-Request": value})
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    before = page.url
    version.add_alias("champion")
    expect(version.dialog).to_contain_text("refused by the test")
    assert page.url == before


def test_call_by_xmlhttprequest_leads_to_the_form_too(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    MlflowPage(page, live_checkpoint).open("/models")
    body = json.dumps({"name": seeded.model, "alias": "champion", "version": "2"})
    page.evaluate(
        """(body) => {
          const call = new XMLHttpRequest();
          call.open("POST", "/ajax-api/2.0/mlflow/registered-models/alias");
          call.setRequestHeader("Content-Type", "application/json");
          call.send(body);
        }""",
        body,
    )
    assert form_values(page)["target"] == "alias:champion"


def refuse(page: Page, status: int, headers: dict[str, str]) -> None:
    """Answers MLflow's alias calls in the server's place."""

    def answer(route: Route) -> None:
        route.fulfill(
            status=status, headers=headers, json={"error_code": "PERMISSION_DENIED", "message": "refused by the test"}
        )

    page.route("**/registered-models/alias", answer)


# -- Signed out -------------------------------------------------------------------------------------------------------
def test_person_whose_session_ended_is_offered_to_sign_in_and_comes_back(
    sign_in: SignIn, live_checkpoint: str, seeded: Seeded
) -> None:
    page = sign_in("grace")
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    page.context.clear_cookies()
    before = page.url
    version.add_alias("champion")
    control = Control(page)
    expect(control.sign_in).to_be_visible()
    assert page.url == before
    control.sign_in.click()
    fill_sign_in(page, "grace")
    page.wait_for_url(before)
    expect(page.get_by_role("heading", name="Version 2")).to_be_visible()


def test_refusal_by_mlflows_own_sign_in_offers_nothing(sign_in: SignIn, live_checkpoint: str, seeded: Seeded) -> None:
    page = sign_in("ada")
    refuse(page, 401, {"WWW-Authenticate": 'Basic realm="mlflow"'})
    version = ModelVersionPage(page, live_checkpoint)
    version.show(seeded.model, "2")
    version.add_alias("champion")
    expect(version.dialog).to_contain_text("refused by the test")
    expect(Control(page).requests).to_be_visible()
