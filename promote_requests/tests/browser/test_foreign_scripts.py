"""What others wrote into MLflow runs in no page of our origin, and MLflow's viewer shows it all the same."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, FrameLocator, Page, expect

from demo.processes import free_port
from proxy.tests.test_nginx_configuration import needs_nginx
from testing.attacks import UPLOADS
from testing.browser.hostile_content import Hostile
from testing.browser.mlflow_pages import NO_ASSISTANT, Control, MlflowPage
from testing.browser.people import add_people, fill_sign_in
from testing.browser.viewable_content import Viewable
from testing.servers import commands
from testing.waiting import LONG

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

OpenAs = Callable[[str], Page]
_KEEP_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI}`);
});
"""


@pytest.fixture(scope="module")
def hostile(mlflow_server: str) -> Hostile:
    return Hostile(mlflow_server)


@pytest.fixture(scope="module")
def viewable(mlflow_server: str) -> Viewable:
    return Viewable(mlflow_server)


@dataclass(frozen=True)
class Site:
    """Where MLflow and Checkpoint's pages are: at one address, or at one each."""

    mlflow: str
    pages: str


@pytest.fixture(
    scope="module",
    params=["one origin", *(pytest.param(name, marks=pytest.mark.drill) for name in ("nginx", "two origins"))],
)
def site(request: pytest.FixtureRequest, live_checkpoint: str, mlflow_server: str) -> Iterator[Site]:
    """Gives MLflow with Checkpoint before it, in each way in which people set it up."""
    if request.param == "one origin":
        yield Site(live_checkpoint, live_checkpoint)
        return
    port, other = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    # Another port of the same host: cookies do not keep ports apart, so nothing else may rely on it.
    pages = f"http://127.0.0.1:{other}" if request.param == "two origins" else url
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="checkpoint-site-")))
        folder.chmod(0o755)
        environment = commands.environment(
            folder / "state",
            CHECKPOINT_REGISTRY_URL=mlflow_server,
            CHECKPOINT_PUBLIC_URL=url,
            CHECKPOINT_TRUSTED_PROXIES="127.0.0.1",
        )
        if request.param == "nginx":
            (folder / "nginx").mkdir()
            running.enter_context(commands.nginx(needs_nginx(), port, other, folder / "nginx", environment))
            answering, words = other, ("--workers", "1")
        else:
            environment["CHECKPOINT_PORTAL_URL"] = pages
            answering, words = port, ("--workers", "1", "--portal-port", str(other))
        server = running.enter_context(commands.serve(answering, *words, environment=environment, log=folder / "log"))
        server.wait_until_answering(f"http://127.0.0.1:{answering}{commands.HEALTH}", timeout=LONG)
        add_people(environment)
        yield Site(url, pages)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Site) -> list[object]:
    """Gives the cookies of grace, the reviewer, who opened MLflow and signed in once."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{site.mlflow}/")
    page.wait_for_url(f"{site.pages}/checkpoint/accounts/login/**")
    fill_sign_in(page, "grace")
    page.wait_for_url(f"{site.mlflow}/**")
    cookies = context.cookies()
    context.close()
    return list(cookies)


@pytest.fixture
def context(browser: Browser, site: Site, signed_in: list[object]) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=site.mlflow,
        viewport={"width": 1400, "height": 900},
        storage_state={"cookies": signed_in, "origins": []},
    )
    context.add_init_script(NO_ASSISTANT)
    context.add_init_script(_KEEP_VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def opened(context: BrowserContext, site: Site) -> OpenAs:
    """Gives `opened(route)`: grace's tab with that page of MLflow's in it."""

    def open_page(route: str) -> Page:
        page = context.new_page()
        MlflowPage(page, site.mlflow).open(route)
        return page

    return open_page


def violations(page: Page) -> list[str]:
    found: list[str] = page.evaluate("window.violations")
    return found


# -- What others wrote runs nowhere -----------------------------------------------------------------------------------
@pytest.mark.parametrize("place", ["run_page", "table_page"])
def test_a_run_whose_source_is_a_script_runs_none(opened: OpenAs, hostile: Hostile, place: str) -> None:
    page = opened(getattr(hostile, place))
    link = page.locator("a[href^='javascript:']").first
    expect(link).to_be_visible()
    link.click()
    page.wait_for_function("window.violations.length > 0")
    assert violations(page) == ["script-src-elem inline"]
    assert page.title() != "script ran"


def test_a_view_in_a_tag_opens_no_script(opened: OpenAs, hostile: Hostile, context: BrowserContext) -> None:
    said: list[ConsoleMessage] = []
    context.on("console", lambda message: said.append(message))
    page = opened(hostile.trace_page)
    page.get_by_text("Default view").last.click()
    page.get_by_text("Review view", exact=True).last.click()
    expect(page.get_by_text("What to look at")).to_be_visible()
    page.wait_for_timeout(500)  # what is opened by a script opens later
    assert any("Running the JavaScript URL violates" in message.text for message in said)
    assert page.title() != "script ran"


_RUN = """
async (urls) => {
  const outcome = (target, load) => new Promise((resolve) => {
    target.onload = target.onmessage = () => resolve("ran");
    target.onerror = () => resolve("blocked");
    load();
    setTimeout(() => resolve("blocked"), 4000);
  });
  const tag = (name, key, url, more) => {
    const element = Object.assign(document.createElement(name), more);
    return outcome(element, () => { element[key] = url; document.head.append(element); });
  };
  const made = (make) => { try { return outcome(make(), () => {}); } catch { return "blocked"; } };
  const ways = {
    script: (url) => tag("script", "src", url),
    module: (url) => tag("script", "src", url, { type: "module" }),
    sheet: (url) => tag("link", "href", url, { rel: "stylesheet" }),
    imported: (url) => import(url).then(() => "ran", () => "blocked"),
    worker: (url) => made(() => new Worker(url)),
    "module worker": (url) => made(() => new Worker(url, { type: "module" })),
    "shared worker": (url) => made(() => new SharedWorker(url).port),
    "service worker": (url) => navigator.serviceWorker.register(url, { scope: "/" }).then(() => "ran", () => "blocked"),
  };
  const tries = urls.flatMap((url) => Object.keys(ways).map(async (way) => [way, url, await ways[way](url)]));
  return (await Promise.all(tries)).filter(([, , outcome]) => outcome === "ran").map(([way, url]) => `${way} ${url}`);
}
"""


@pytest.mark.parametrize("page_of", ["mlflow", "checkpoint"])
def test_no_artifact_is_a_script_or_a_worker_of_any_page(
    opened: OpenAs, hostile: Hostile, site: Site, page_of: str
) -> None:
    page = opened("/experiments")
    if page_of == "checkpoint":
        page.goto(f"{site.pages}/checkpoint/")
    code = ("evil.mjs", "evil.es", "evil.JS", "evil.css", "static-files/evil.js")
    addresses = [f"{site.mlflow}{address}" for name in code for address in hostile.addresses(name)]
    assert page.evaluate(_RUN, addresses) == []
    assert page.title() != "script ran"
    own = "/checkpoint/static/checkpoint/js/copy.js"
    assert page.evaluate(_RUN, [own])[:1] == [f"script {own}"], "what is ours is found to run by the same means"


def test_no_artifact_runs_in_a_tab_of_its_own_or_in_a_frame(
    opened: OpenAs, hostile: Hostile, context: BrowserContext
) -> None:
    page = opened("/experiments")
    for name in sorted(name for name in UPLOADS if name.endswith((".html", ".svg", ".xhtml"))):
        for address in hostile.addresses(name):
            # Without what MLflow adds so that browsers save it to a file.
            page.route("**" + address.replace("?", "*"), _shown_in_the_tab)
            page.goto(address)
            assert page.title() != "script ran", address
            assert page.evaluate("self.origin") == "null", address


def _shown_in_the_tab(route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, headers={**answer.headers, "content-disposition": "inline"})


_READ = """
async (address) => {
  const page = { headers: { Accept: "text/html", "HX-Request": "true" } };
  const ways = [{}, page, { method: "POST", ...page }, { redirect: "manual" }, { mode: "same-origin" }];
  const texts = ways.map((way) => fetch(address, { credentials: "include", ...way }).then((r) => r.text(), () => ""));
  return (await Promise.all(texts)).join();
}
"""
_FRAME = """
(address) => new Promise((resolve) => {
  const frame = Object.assign(document.createElement("iframe"), { src: address });
  frame.onload = () => { try { resolve(frame.contentDocument.forms.length); } catch { resolve(-1); } };
  document.body.append(frame);
  setTimeout(() => resolve(-1), 3000);
})
"""


def test_a_script_on_mlflows_page_gets_no_page_of_ours_and_no_token(
    opened: OpenAs, context: BrowserContext, site: Site
) -> None:
    """Should one run there all the same, the door behind it is shut too."""
    page = opened("/experiments")
    form = "/checkpoint/promote-requests/new/"
    forms = ("", "promote-requests/new/", "admin/", "accounts/tokens/", "nowhere/", "mlflow-ui/nowhere/")
    for path in (f"/checkpoint/{name}" for name in forms):
        for origin in {site.mlflow, site.pages}:
            assert "csrfmiddlewaretoken" not in page.evaluate(_READ, f"{origin}{path}")
            assert page.evaluate(_FRAME, f"{origin}{path}") < 1
    with context.expect_page() as opening:
        page.evaluate("(address) => { window.other = window.open(address); }", form)
    opening.value.wait_for_load_state()
    expect(opening.value.get_by_role("main")).to_be_visible()
    assert opening.value.url == f"{site.pages}{form}"
    assert page.evaluate("window.other.closed"), "the tab is none that MLflow's page can reach"


_POST = """
async (address) => {
  const form = new URLSearchParams({ verdict: "approve", csrfmiddlewaretoken: "x".repeat(64) });
  const json = new Blob(['{"verdict": "approve"}'], { type: "application/json" });
  const body = address.includes("/api/") ? json : form;
  const sent = await Promise.allSettled([
    fetch(address, { method: "POST", body, credentials: "include" }),
    fetch(address, { method: "POST", body: form, credentials: "include", mode: "no-cors" }),
  ]);
  return sent.map(({ value }) => value?.status ?? 0);
}
"""


def test_a_script_on_mlflows_page_decides_nothing(opened: OpenAs, site: Site) -> None:
    page = opened("/experiments")
    for path in ("/checkpoint/promote-requests/1/review/", "/checkpoint/api/promote-requests/1/promote/"):
        for origin in {site.mlflow, site.pages}:
            assert set(page.evaluate(_POST, f"{origin}{path}")) <= {0, 401, 403, 404}


_TOSS = """
([name, value]) => {
  const set = (cookie) => { document.cookie = cookie; };
  for (const spelled of [name, `\\u2000${name}`, `\\u3000${name}`, `=${name}`]) {
    for (const path of ["/", "/checkpoint/", "/checkpoint/promote-requests/"]) set(`${spelled}=${value}; path=${path}`);
  }
}
"""
_CHOSEN = """
async (address) => {
  const token = "a".repeat(32);
  const form = new URLSearchParams({ verdict: "approve", csrfmiddlewaretoken: token });
  const json = new Blob(["{}"], { type: "application/json" });
  const body = address.includes("/api/") ? json : form;
  const headers = { "X-CSRFToken": token };
  return (await fetch(address, { method: "POST", body, headers, redirect: "manual" })).status;
}
"""


@pytest.mark.parametrize(
    "spelled", ["checkpoint_csrf", "\u2000checkpoint_csrf", "\u3000checkpoint_csrf", "=checkpoint_csrf"]
)
@pytest.mark.parametrize("site", ["one origin"], indirect=True)
def test_a_script_on_mlflows_page_chooses_no_token_by_setting_a_cookie(
    opened: OpenAs, site: Site, spelled: str
) -> None:
    page = opened("/experiments")
    page.evaluate("(name) => { document.cookie = `${name}=${'a'.repeat(32)}; path=/`; }", spelled)
    for path in ("promote-requests/1/review/", "accounts/tokens/new/", "api/promote-requests/1/promote/"):
        assert page.evaluate(_CHOSEN, f"/checkpoint/{path}") == 403, path


def test_a_script_on_mlflows_page_signs_nobody_in_as_somebody_else(
    opened: OpenAs, context: BrowserContext, browser: Browser, site: Site
) -> None:
    """The cookies of another port of the same host are sent here too."""
    other = browser.new_context()
    ada = other.new_page()
    ada.goto(f"{site.pages}/checkpoint/accounts/login/")
    fill_sign_in(ada, "ada")
    ada.wait_for_url(lambda url: "/login/" not in url)
    session = next(cookie["value"] for cookie in other.cookies() if cookie["name"] == "checkpoint_session")
    other.close()
    page = opened("/experiments")
    page.evaluate(_TOSS, ["checkpoint_session", session])
    page.goto(f"{site.pages}/checkpoint/")
    expect(page.get_by_label("Account of ada")).to_have_count(0)
    assert "/login/" in page.url or page.get_by_label("Account of grace").count() == 1


# -- MLflow's own pages work ------------------------------------------------------------------------------------------
def artifact(opened: OpenAs, viewable: Viewable, name: str) -> Page:
    return opened(f"/experiments/{viewable.experiment}/runs/{viewable.run}/artifacts/{name}")


@pytest.mark.drill
def test_a_report_is_shown_and_its_scripts_run_in_an_origin_of_their_own(opened: OpenAs, viewable: Viewable) -> None:
    page = artifact(opened, viewable, "report.html")
    report: FrameLocator = page.frame_locator("iframe.mlflow-html-iframe")
    expect(report.get_by_role("heading", name="Report")).to_have_css("color", "rgb(0, 128, 0)")
    expect(report.locator("#said")).to_have_text("script ran, eval too")
    expect(report.locator("#seen")).to_have_text("origin null, no cookies, nothing above, no status")
    assert violations(page) == []


@pytest.mark.parametrize("name", ["drawing.svg", "picture.png"])
def test_pictures_are_shown(opened: OpenAs, viewable: Viewable, name: str) -> None:
    page = artifact(opened, viewable, name)
    picture = page.locator("main img[src^='blob:']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("async (img) => { await img.decode(); return img.naturalWidth; }") in {120, 8}
    assert violations(page) == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("document.pdf", "canvas"),
        pytest.param("places.geojson", ".leaflet-container path", marks=pytest.mark.drill),
        ("readme.md", "h1:has-text('Read me')"),
        ("table.csv", "text=Previewing"),
        *(
            pytest.param(name, shown, marks=pytest.mark.drill)
            for name, shown in (
                ("notes.txt", "text=plain words"),
                ("code.py", "code:has-text('import')"),
                ("sound.wav", "audio"),
            )
        ),
    ],
)
def test_every_kind_of_artifact_is_shown(opened: OpenAs, viewable: Viewable, name: str, shown: str) -> None:
    page = artifact(opened, viewable, name)
    expect(page.locator(shown).first).to_be_visible()
    assert violations(page) == []


def _screens(viewable: Viewable) -> dict[str, str]:
    """{name: hash route} of MLflow's screens."""
    experiment, run = f"/experiments/{viewable.experiment}", viewable.run
    runs, experiments = quote(json.dumps(viewable.runs)), quote(json.dumps([viewable.experiment]))
    metric = f'/metric/loss?runs={runs}&metric="loss"&experiments={experiments}&plot_metric_keys=["loss"]&x_axis=step'
    return {
        "home": "/",
        "experiments": "/experiments",
        "runs": f"{experiment}/runs",
        "charts": f"{experiment}/runs?compareRunsMode=CHART",
        "artifacts beside each other": f"{experiment}/runs?compareRunsMode=ARTIFACT",
        "run": f"{experiment}/runs/{run}",
        "run's charts": f"{experiment}/runs/{run}/model-metrics",
        "compared": f"/compare-runs?runs={runs}&experiments={experiments}",
        "metric": metric,
        "logged models": f"{experiment}/models",
        "overview": f"{experiment}/overview/usage",
        "traces": f"{experiment}/traces",
        "trace": f"{experiment}/traces?selectedEvaluationId={viewable.trace}",
        "datasets": f"{experiment}/datasets",
        "evaluations": f"{experiment}/evaluation-runs",
        "judges": f"{experiment}/judges",
        "playground": f"{experiment}/playground",
        "models": "/models",
        "model": f"/models/{viewable.model}",
        "version": f"/models/{viewable.model}/versions/1",
        "prompts": "/prompts",
        "prompt": f"/prompts/{viewable.prompt}?promptVersion=1",
        "gateway": "/gateway",
        "connections": "/settings/llm-connections",
        "webhooks": "/settings/webhooks",
        "mcp": "/mcp-registry",
        "settings": "/settings",
    }


@pytest.mark.parametrize("every", [pytest.param(5, id="some"), pytest.param(1, id="all", marks=pytest.mark.drill)])
@pytest.mark.parametrize("site", ["one origin"], indirect=True)
def test_no_screen_of_mlflows_does_what_its_policy_forbids(
    opened: OpenAs, viewable: Viewable, site: Site, every: int
) -> None:
    page = opened("/")
    mlflow = MlflowPage(page, site.mlflow)
    found = {}
    for name, route in list(_screens(viewable).items())[::every]:
        mlflow.open(route)
        page.wait_for_timeout(500)
        found[name] = violations(page)
    assert {name: seen for name, seen in found.items() if seen} == {}


@pytest.mark.drill
@pytest.mark.parametrize("site", ["one origin"], indirect=True)
def test_the_charts_are_drawn(opened: OpenAs, viewable: Viewable, site: Site) -> None:
    page = opened(_screens(viewable)["charts"])
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    MlflowPage(page, site.mlflow).open(_screens(viewable)["compared"])
    # Parallel coordinates are drawn by WebGL, from code that plotly compiles.
    expect(page.locator(".js-plotly-plot .parcoords").first).to_be_visible()
    expect(page.get_by_text("WebGL is not supported")).to_have_count(0)


@pytest.mark.parametrize("site", ["two origins"], indirect=True)
def test_with_two_origins_one_sign_in_serves_both_and_ways_lead_from_one_to_the_other(
    browser: Browser, viewable: Viewable, site: Site
) -> None:
    context = browser.new_context()
    context.add_init_script(NO_ASSISTANT)
    page = context.new_page()
    page.goto(f"{site.mlflow}/#/models/{viewable.model}/versions/1")
    page.wait_for_url(f"{site.pages}/checkpoint/accounts/login/**")
    fill_sign_in(page, "grace")
    page.wait_for_url(f"{site.mlflow}/#/models/{viewable.model}/versions/1")
    MlflowPage(page, site.mlflow).settle()
    Control(page).request_promotion.click()
    page.wait_for_url(f"{site.pages}/checkpoint/promote-requests/new/?**")
    page.get_by_role("link", name="Back to MLflow").first.click()
    page.wait_for_url(f"{site.mlflow}/**")
    MlflowPage(page, site.mlflow).settle()
    # Whoever signs out at the pages is signed out here as well.
    page.goto(f"{site.pages}/checkpoint/")
    page.get_by_label("Account of grace").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{site.pages}/checkpoint/accounts/login/**")
    page.goto(f"{site.mlflow}/")
    page.wait_for_url(f"{site.pages}/checkpoint/accounts/login/**")
    context.close()


@pytest.mark.drill
@pytest.mark.parametrize("site", ["one origin"], indirect=True)
def test_the_page_of_the_api_works_under_our_policy(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/checkpoint/api/schema/swagger/")
    expect(page.get_by_text("/checkpoint/api/promote-requests/").first).to_be_visible()
    assert violations(page) == []
