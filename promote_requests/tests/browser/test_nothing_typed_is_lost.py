"""Whatever becomes of an answer, what was typed stays, and a sentence beside it says what to do."""

import itertools
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from testing.browser.checkpoint_pages import RequestForm, RequestPage
from testing.browser.people import CallAs, SignIn, fill_sign_in
from testing.browser.registry_content import Seeded

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

WORDS = "Retrained on the data of November, with deeper trees."
BAD_GATEWAY = "<html><body><main id=main><h1>502 Bad Gateway</h1></main></body></html>"
_fresh = itertools.count(1)


@dataclass(frozen=True)
class Form:
    """A form, one of its fields, the button that sends it, and what the page shows afterwards."""

    person: str
    field: str
    button: str
    done: str
    folded_in: str = ""
    path: str = ""

    def text(self, page: Page) -> Locator:
        return page.locator(self.field)

    def unfold(self, page: Page, part: Locator) -> None:
        if self.folded_in and not part.is_visible():
            page.locator("summary", has_text=self.folded_in).click()

    def write(self, page: Page) -> None:
        self.unfold(page, self.text(page))
        self.text(page).fill(WORDS)

    def send(self, page: Page) -> None:
        button = page.get_by_role("button", name=self.button)
        self.unfold(page, button)
        button.click()


FORMS = {
    "comment": Form("ada", "#body", "Comment", WORDS),
    "request for changes": Form("grace", "#body", "Request changes", "grace asked for changes"),
    "approval": Form("grace", "#body", "Yes, approve and give", "Promoted", folded_in="Approve and give"),
    "withdrawal": Form("ada", "#withdraw-message", "Withdraw this request", "Closed, withdrawn", folded_in="Withdraw"),
    "close": Form("grace", "#close-message", "Close this request", "Closed, rejected", folded_in="Close without"),
    "edit": Form("ada", "#id_description", "Save", WORDS, path="edit/"),
    "new": Form("ada", "#id_description", "Open promote request", "ada wants", path="new/"),
}


SAMPLED = pytest.mark.parametrize(
    "form",
    [pytest.param(name, marks=() if name in ("approval", "new") else pytest.mark.drill) for name in FORMS],
    indirect=True,
)
"""One form that is folded in and one before there is a request: one script sends all, which `make drills` tries."""


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    return FORMS[request.param]


@pytest.fixture
def page(form: Form, sign_in: SignIn, call_as: CallAs, seeded: Seeded) -> Page:
    """Gives the form's page, with the form filled in."""
    alias = f"written-{next(_fresh)}"
    opened = sign_in(form.person)
    if form.path == "new/":
        opened.goto(f"/checkpoint/promote-requests/new/?model={quote(seeded.model)}&version=2")
        opened.get_by_label("What should happen").select_option("alias:")
        opened.get_by_label("Name", exact=True).fill(alias)
        opened.get_by_label("Name", exact=True).press("Tab")
        expect(opened.locator("#preview")).to_contain_text(f"to become {alias}")
    else:
        target = {"kind": "alias", "name": alias}
        values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it live"}
        opened.goto(f"/checkpoint/promote-requests/{call_as('ada')('', values)['number']}/{form.path}")
    expect(opened.locator("#live-form")).to_have_count(0)  # what MLflow has now is there
    form.write(opened)
    return opened


def test_what_somebody_types_before_mlflow_has_answered_stays(sign_in: SignIn, call_as: CallAs, seeded: Seeded) -> None:
    target = {"kind": "alias", "name": f"written-{next(_fresh)}"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it live"}
    number = call_as("ada")("", values)["number"]
    page = sign_in("ada")
    held: list[Route] = []
    page.route("**/now/", lambda route: held.append(route))
    page.goto(f"/checkpoint/promote-requests/{number}/")
    expect(page.locator("#live-form")).to_contain_text("Asking MLflow for the present")
    page.locator("#body").fill(WORDS)
    # A key goes to what has the focus, however busy the machine; a click was lost there once in some hundred runs.
    page.locator("summary", has_text="Withdraw").press("Enter")
    page.locator("#withdraw-message").fill("Not any more")
    held[0].continue_()
    expect(page.locator("#live-form")).to_contain_text("MLflow has answered.")
    page.get_by_role("button", name="Show the present").click()
    held[1].continue_()
    expect(page.locator("#live-form")).to_have_count(0)
    expect(page.locator("#body")).to_have_value(WORDS)
    expect(page.locator("#withdraw-message")).to_have_value("Not any more")


def test_what_has_the_focus_stays_in_sight_when_the_page_above_it_grows(
    sign_in: SignIn, call_as: CallAs, seeded: Seeded
) -> None:
    target = {"kind": "alias", "name": f"written-{next(_fresh)}"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it live"}
    number = call_as("ada")("", values)["number"]
    page = sign_in("grace", viewport={"width": 1200, "height": 500})
    held: list[Route] = []
    page.route("**/now/", lambda route: held.append(route))
    page.route("**/comment/", lambda route: _grown(route, "main"))
    page.goto(f"/checkpoint/promote-requests/{number}/")
    page.locator("#body").fill("  ")
    expect(page.locator("#body")).to_be_in_viewport()
    _grown(held[0], "live")
    expect(page.locator("#live")).to_have_attribute("style", "padding-bottom: 3000px")
    expect(page.locator("#body")).to_be_in_viewport()
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Write a few words.")).to_be_in_viewport()
    expect(page.locator("#body")).to_be_focused()


def _grown(route: Route, part: str) -> None:
    """Answers with the page that Checkpoint gives, of which one part is 3,000 pixels higher."""
    answer = route.fetch()
    mark = f'id="{part}"'
    side = "padding-bottom" if part == "live" else "padding-top"
    assert mark in answer.text()
    route.fulfill(response=answer, body=answer.text().replace(mark, f'{mark} style="{side}: 3000px"', 1))


@SAMPLED
def test_sign_in_that_ended_leads_to_the_sign_in_and_back_to_the_text(form: Form, page: Page) -> None:
    page.context.clear_cookies(name="checkpoint_session")
    form.send(page)
    said = page.get_by_role("alert")
    expect(said).to_have_text(
        "You are signed out, and nothing was sent. Sign in and come back: what you typed is kept."
    )
    expect(form.text(page)).to_have_value(WORDS)
    said.get_by_role("link", name="Sign in").click()
    fill_sign_in(page, form.person)
    expect(page.get_by_text("What you typed is here again.")).to_be_visible()
    expect(form.text(page)).to_have_value(WORDS)
    finish(form, page)


@SAMPLED
def test_form_with_an_old_token_is_loaded_again_with_the_text(form: Form, page: Page) -> None:
    # As of a page that was loaded before somebody signed in anew in another tab: no cookie makes a token old.
    page.evaluate("""document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach(
      (field) => { field.value = "x".repeat(64); })""")
    form.send(page)
    said = page.get_by_role("alert")
    expect(said).to_contain_text("This page is too old to send from, and nothing was sent.")
    expect(form.text(page)).to_have_value(WORDS)
    said.get_by_role("link", name="Load it again").click()
    expect(page.get_by_text("What you typed is here again.")).to_be_visible()
    expect(form.text(page)).to_have_value(WORDS)
    finish(form, page)


@SAMPLED
def test_error_of_a_proxy_in_front_leaves_the_form_as_it_is(form: Form, page: Page) -> None:
    page.route(
        "**/promote-requests/**", lambda route: route.fulfill(status=502, content_type="text/html", body=BAD_GATEWAY)
    )
    form.send(page)
    expect(page.get_by_role("alert")).to_contain_text("Checkpoint cannot be reached (502 from a server in between).")
    expect(form.text(page)).to_have_value(WORDS)
    page.unroute_all()
    finish(form, page)


@SAMPLED
def test_lost_network_leaves_the_form_as_it_is(form: Form, page: Page) -> None:
    page.context.set_offline(True)
    form.send(page)
    expect(page.get_by_role("alert")).to_contain_text("Checkpoint cannot be reached. What you typed is still here")
    expect(form.text(page)).to_have_value(WORDS)
    page.context.set_offline(False)
    finish(form, page)


@pytest.mark.parametrize("archive", [True, False])
def test_all_that_was_chosen_for_a_new_request_comes_back_after_the_sign_in(
    archive: bool, sign_in: SignIn, seeded: Seeded
) -> None:
    page = sign_in("ada")
    page.goto("/checkpoint/promote-requests/new/")
    form = RequestForm(page)
    form.model.fill(seeded.model)
    form.model.press("Tab")
    page.locator("select[name=version]").select_option("2")
    form.target.select_option("stage:Production")
    expect(form.archive).to_be_checked()
    form.archive.set_checked(archive)
    form.description.fill(WORDS)
    page.context.clear_cookies(name="checkpoint_session")
    form.send.click()
    page.get_by_role("link", name="Sign in").click()
    fill_sign_in(page, "ada")
    expect(form.preview).to_contain_text("to become Production")
    expect(form.model).to_have_value(seeded.model)
    expect(form.version).to_have_value("2")
    expect(form.target).to_have_value("stage:Production")
    expect(form.archive).to_be_checked(checked=archive)
    expect(page.get_by_label("Title")).to_have_value(f"{seeded.model} version 2 to Production")
    expect(form.description).to_have_value(WORDS)


def test_choices_that_cannot_be_loaded_leave_the_form_as_it_is(sign_in: SignIn, seeded: Seeded) -> None:
    page = sign_in("ada")
    page.goto(f"/checkpoint/promote-requests/new/?model={quote(seeded.model)}&version=2")
    form = RequestForm(page)
    form.description.fill(WORDS)
    page.context.set_offline(True)
    form.target.select_option("stage:Staging")
    expect(page.get_by_role("alert")).to_contain_text("Checkpoint cannot be reached.")
    expect(form.target).to_have_value("stage:Staging")
    expect(form.description).to_have_value(WORDS)
    page.context.set_offline(False)
    form.target.select_option("stage:Production")
    expect(form.preview).to_contain_text("to become Production")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_one_person_typed_is_not_shown_to_the_next(sign_in: SignIn, call_as: CallAs, seeded: Seeded) -> None:
    target = {"kind": "alias", "name": "of-two-people"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it live"}
    page = sign_in("ada")
    page.goto(f"/checkpoint/promote-requests/{call_as('ada')('', values)['number']}/")
    FORMS["comment"].write(page)
    page.context.clear_cookies(name="checkpoint_session")
    FORMS["comment"].send(page)
    page.get_by_role("link", name="Sign in").click()
    fill_sign_in(page, "grace")
    expect(RequestPage(page).sentence).to_be_visible()
    expect(page.locator("#body")).to_have_value("")
    assert page.evaluate("sessionStorage.getItem('checkpoint.typed')") is None


def test_approval_is_sent_once_however_often_its_button_is_pressed(
    sign_in: SignIn, call_as: CallAs, seeded: Seeded
) -> None:
    target = {"kind": "alias", "name": "pressed-twice"}
    values = {"model_name": seeded.model, "version": "2", "target": target, "title": "Let it live"}
    page = sign_in("grace")
    page.goto(f"/checkpoint/promote-requests/{call_as('ada')('', values)['number']}/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    request = RequestPage(page)
    request.ask_to_approve.click()
    request.approve.evaluate("(button) => { button.click(); button.click(); }")
    assert request.approve.is_disabled()
    expect(request.side).to_contain_text("Promoted")
    assert len(sent) == 1


def finish(form: Form, page: Page) -> None:
    """Sends the form once more, which now succeeds."""
    form.send(page)
    expect(page.locator("#main")).to_contain_text(form.done)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#id_description")).to_have_count(0)
