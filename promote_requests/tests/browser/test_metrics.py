"""Our comparison beside MLflow's own run and model pages: the same numbers, and where those two differ it says so."""

import os
import re
import subprocess
import sys
import uuid
from urllib.parse import urlencode

import pytest
from django.conf import settings
from mlflow import MlflowClient
from mlflow.entities import Metric
from playwright.sync_api import Page, expect

from testing.browser.checkpoint_pages import Facts
from testing.browser.mlflow_pages import LoggedModelPage, RunPage
from testing.browser.people import CallAs, SignIn
from testing.waiting import LONG

pytestmark = [pytest.mark.browser, pytest.mark.mlflow]

_TRAINING = str(settings.BASE_DIR / "testing/browser/training.py")
"""Run and not imported: MLflow warns at every definition of such a model."""
LAST = 1.15 * 0.957**29
SECOND = 1.15 * 0.957


@pytest.fixture(scope="package")
def trained(mlflow_server: str) -> str:
    """Gives a registered model with one version for each way in which people log metrics."""
    model = f"trained {uuid.uuid4().hex[:6]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "COVERAGE"))}
    subprocess.run(
        [sys.executable, _TRAINING, mlflow_server, model],
        env=environment | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        check=True,
        timeout=3 * LONG,
    )
    return model


@pytest.mark.parametrize(
    ("version", "values", "told", "otherwise"),
    [
        pytest.param("1", {"val_loss": 1.15}, "step 0, run and logged model", None, marks=pytest.mark.drill),
        ("2", {"val_loss": SECOND}, "step 1, run", "the logged model has 1.15 (step 0)"),
        pytest.param(
            "3", {"val_loss": LAST}, "step 29, run", "the logged model has 1.15 (step 0)", marks=pytest.mark.drill
        ),
        pytest.param("4", {"val_loss": 1.15}, "step 0, run and logged model", None, marks=pytest.mark.drill),
        pytest.param("5", {"val_loss": SECOND}, "step 1, run and logged model", None, marks=pytest.mark.drill),
        ("6", {"val_loss": LAST}, "step 29, run and logged model", None),
        pytest.param("8", {"val_loss": 0.25}, "step 1, run and logged model", None, marks=pytest.mark.drill),
        ("9", {"val_loss": 0.25}, "step 1, run", "the logged model has 1.10055 (step 1)"),
    ],
)
def test_a_metric_is_what_mlflows_run_page_shows_and_the_logged_models_value_is_told_where_it_is_another(
    sign_in: SignIn,
    live_checkpoint: str,
    mlflow_server: str,
    trained: str,
    version: str,
    values: dict[str, float],
    told: str,
    otherwise: str | None,
) -> None:
    page = sign_in("ada")
    facts = comparison(page, live_checkpoint, trained, version)
    assert {name: float(value) for name, value in facts.values().items()} == values
    expect(facts.row("val_loss")).to_contain_text(told)
    if otherwise is None:
        expect(facts.table.locator(".disagrees")).to_have_count(0)
    else:
        expect(facts.row("val_loss").locator(".disagrees")).to_have_text(otherwise)

    run, model = made_of(mlflow_server, trained, version)
    assert RunPage(page, live_checkpoint).metrics(*run) == values
    ((_, shown),) = LoggedModelPage(page, live_checkpoint).metrics(*model).items()
    assert (shown == values["val_loss"]) == (otherwise is None)


def test_each_data_set_is_a_row_as_on_mlflows_model_page(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str, trained: str
) -> None:
    page = sign_in("ada")
    facts = comparison(page, live_checkpoint, trained, "7")
    assert {name: float(value) for name, value in facts.values().items()} == {"f1 (train)": 0.99, "f1 (test)": 0.7}
    expect(facts.row("f1 (train)")).to_contain_text("step 0, logged model, on train (")
    expect(facts.row("f1 (test)")).to_contain_text("step 0, run and logged model, on test (")
    run, model = made_of(mlflow_server, trained, "7")
    assert LoggedModelPage(page, live_checkpoint).metrics(*model) == {("f1", "train"): 0.99, ("f1", "test"): 0.7}
    assert RunPage(page, live_checkpoint).metrics(*run) == {"f1": 0.7}


def test_a_curve_by_time_is_in_its_order_and_neither_end_of_an_unknown_direction_is_the_best(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str
) -> None:
    client, model = MlflowClient(mlflow_server, mlflow_server), f"odd {uuid.uuid4().hex[:6]}"
    client.create_registered_model(model)
    run = client.create_run("0")
    for at, (step, value) in enumerate([(0, 5.0), (1, 1.0), (2, 9.0), (1, 3.0), (2, 4.0)]):
        client.log_metric(run.info.run_id, "widgets", value, step=step, timestamp=1_000 * (at + 1))
    client.create_model_version(model, f"mlflow-artifacts:/0/{run.info.run_id}/artifacts/m", run.info.run_id)
    page = sign_in("ada")
    page.goto(f"{live_checkpoint}/checkpoint/compare/?{urlencode({'model': model, 'version': '1', 'with': '1'})}")
    chart = page.locator(".chart[data-kind=curves]")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".chart-table tr").first.locator("th")).to_have_text(
        ["Run of", "Logged", "First", "Lowest", "Highest", "Last"]
    )
    expect(chart.locator(".chart-table tr").last.locator("td")).to_have_text(["5", "5", "1", "9", "4"])
    chart.get_by_label("by time").check()
    expect(chart.locator(".u-legend")).to_contain_text("Seconds since its start")
    page.wait_for_function("document.querySelector('.chart').plot.data[0].length === 5")
    drawn = page.evaluate("document.querySelector('.chart').plot.data")
    assert drawn == [[0, 1, 2, 3, 4], [5, 1, 9, 3, 4]]


def test_metrics_are_found_on_a_request_by_keyboard_while_a_review_is_being_written(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str, call_as: CallAs
) -> None:
    client, model = MlflowClient(mlflow_server, mlflow_server), f"wide {uuid.uuid4().hex[:6]}"
    client.create_registered_model(model)
    for version in ("1", "2"):
        run = client.create_run("0")
        for name in (*(f"val/m{at}" for at in range(6)), *(f"test_m{at}" for at in range(6))):
            client.log_metric(run.info.run_id, name, float(version))
        place = f"mlflow-artifacts:/0/{run.info.run_id}/artifacts/model"
        client.create_model_version(model, place, run.info.run_id)
    client.set_registered_model_alias(model, "champion", "1")
    asked = {"model_name": model, "version": "2", "target": {"kind": "alias", "name": "champion"}, "title": "Wide"}
    number = call_as("ada")("", asked)["number"]
    page = sign_in("grace")
    page.goto(f"{live_checkpoint}/checkpoint/promote-requests/{number}/")
    expect(page.locator("#live-form")).to_have_count(0)
    page.locator("#review-box textarea").fill("Half a review")
    page.get_by_label("Metrics with").fill("val")
    page.get_by_label("Together").select_option("prefix")
    page.get_by_label("Metrics with").press("Enter")
    expect(page.locator("#metrics [role=status]")).to_contain_text("6 of 12 metrics match.")
    expect(page.locator("#metrics h3")).to_contain_text("val6 metrics")
    expect(page.locator("#metric-text")).to_be_focused()
    expect(page.locator("#review-box textarea")).to_have_value("Half a review")
    page.wait_for_url(f"**/promote-requests/{number}/?metric=val&metric_sort=worst&metric_by=prefix")


def comparison(page: Page, base_url: str, model: str, version: str) -> Facts:
    """Opens what a reviewer would see of a version that is asked to become the champion."""
    chosen = urlencode({"model": model, "version": version, "target": "alias:champion"})
    page.goto(f"{base_url}/checkpoint/promote-requests/new/?{chosen}")
    return Facts(page)


def made_of(mlflow_server: str, model: str, version: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Returns the version's (experiment, run) and (experiment, logged model)."""
    client = MlflowClient(mlflow_server, mlflow_server)
    found = client.get_model_version(model, version)
    experiment = client.get_run(found.run_id).info.experiment_id
    return (experiment, found.run_id), (experiment, found.source.removeprefix("models:/"))


def test_a_curve_says_what_mlflows_client_says_of_its_history(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str, trained: str
) -> None:
    page = sign_in("ada")
    asked = urlencode({"model": trained, "version": "3", "with": "2"})
    page.goto(f"{live_checkpoint}/checkpoint/compare/?{asked}")
    chart = page.locator(".chart[data-kind=curves]")
    chart.scroll_into_view_if_needed()
    expect(chart.locator(".chart-table tr")).to_have_count(3)
    client = MlflowClient(mlflow_server, mlflow_server)
    for version in ("2", "3"):
        (_, run_id), _ = made_of(mlflow_server, trained, version)
        logged = [each.value for each in client.get_metric_history(run_id, "val_loss")]
        row = chart.locator(".chart-table").get_by_role("row", name=f"Version {version} ")
        said = row.locator("td").all_inner_texts()
        assert int(said[0]) == len(logged)
        assert [float(figure) for figure in said[1:]] == pytest.approx([logged[0], min(logged), logged[-1]], rel=1e-5)
    chart.get_by_label("by time").check()
    expect(chart.locator(".u-legend")).to_contain_text("Seconds since its start")
    versions = page.locator(".chart[data-kind=versions]")
    versions.scroll_into_view_if_needed()
    expect(versions.locator("canvas")).to_have_count(1)
    expect(versions.locator(".chart-table").get_by_role("row", name="Version 3 ")).to_contain_text("challenger")


def test_of_a_long_curve_the_peak_between_what_mlflow_chose_is_there_once_every_value_is_read(
    sign_in: SignIn, live_checkpoint: str, mlflow_server: str
) -> None:
    client, name = MlflowClient(mlflow_server, mlflow_server), f"long {uuid.uuid4().hex[:6]}"
    run = client.create_run("0")
    values = [Metric("loss", 99.0 if step == 1_500 else 1 / (step + 1), step, step) for step in range(6_000)]
    for start in range(0, len(values), 1_000):
        client.log_batch(run.info.run_id, metrics=values[start : start + 1_000])
    client.create_registered_model(name)
    for _ in range(2):
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    page = sign_in("ada")
    page.goto(f"{live_checkpoint}/checkpoint/compare/?{urlencode({'model': name, 'version': '2', 'with': '1'})}")
    chart = page.locator(".chart[data-kind=curves]")
    chart.scroll_into_view_if_needed()
    row = chart.locator(".chart-table").get_by_role("row", name="Version 1 ")
    expect(row).to_contain_text("2500+")
    expect(chart.locator(".chart-note")).to_have_text(re.compile("MLflow chose some, evenly spaced"))
    expect(chart.get_by_role("columnheader", name="Lowest shown")).to_be_visible()
    chart.get_by_role("button", name="Read every value").press("Enter")
    expect(row).to_contain_text("6000", timeout=LONG * 1000)
    expect(chart.get_by_role("columnheader", name="Lowest shown")).to_have_count(0)
    expect(chart.get_by_role("button", name="Read every value")).to_be_hidden()
    expect(chart.get_by_role("combobox")).to_be_focused()
