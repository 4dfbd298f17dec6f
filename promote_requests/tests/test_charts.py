"""What the charts are made of: the values of MLflow, marked with who holds the target, held it or asks for it."""

import pytest

from promote_requests import services
from promote_requests.choices import Verdict
from promote_requests.pages import charts
from registry.exceptions import RegistryUnreachable
from registry.measurements import Logged, Measurement
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

pytestmark = pytest.mark.django_db
CURVES = "/checkpoint/compare/curves/"
VERSIONS = "/checkpoint/compare/versions/"


@pytest.fixture
def trained(registry):
    for number, auc in enumerate((0.8, 0.9, 0.85), start=1):
        metrics = {"auc": Measurement("auc", auc, step=2), "<b>": Measurement("<b>", 1.0)}
        registry.add_version(
            "Fraud",
            run_id=f"r{number}",
            metrics=metrics,
            stage="Production" if number == 1 else "None",
            experiment_id="7",
        )
        registry.histories[f"r{number}", "auc"] = [
            Logged(step, 1_000 * step, auc - 0.1 * (2 - step)) for step in range(3)
        ]
    return registry


def test_both_curves_are_answered_with_the_champions_first(trained, grace, client):
    client.force_login(grace)
    said = client.get(CURVES, {"model": "Fraud", "version": "2", "with": "1", "metric": "auc"}).json()
    assert (said["metric"], said["better"]) == ("auc", "higher")
    assert [(series["label"], series["steps"], series["logged"]) for series in said["series"]] == [
        ("Version 1", [0, 1, 2], 3),
        ("Version 2", [0, 1, 2], 3),
    ]
    assert said["series"][1]["values"] == pytest.approx([0.7, 0.8, 0.9])
    alone = client.get(CURVES, {"model": "Fraud", "version": "2", "metric": "none"}).json()
    assert [series["logged"] for series in alone["series"]] == [0]


def test_a_version_without_a_run_has_the_curve_of_the_run_behind_its_logged_model(trained, grace, client):
    trained.add_version("Fraud", model_id="m-1", metrics={"auc": Measurement("auc", 0.9, step=2, run_id="r2")})
    client.force_login(grace)
    said = client.get(CURVES, {"model": "Fraud", "version": "4", "metric": "auc"}).json()
    assert said["series"][0]["logged"] == 3


def test_a_version_that_names_another_run_than_its_files_has_the_curve_and_the_link_of_the_run_that_made_it(
    trained, grace, client
):
    trained.histories["real", "auc"] = [Logged(0, 0, 0.1), Logged(1, 1, 0.2)]
    trained.change_facts("Fraud", "2", made_by="real")
    client.force_login(grace)
    said = client.get(CURVES, {"model": "Fraud", "version": "2", "metric": "auc"}).json()
    assert said["series"][0]["values"] == [0.1, 0.2]
    page = client.get("/checkpoint/compare/", {"model": "Fraud", "version": "2", "with": "1"}).content.decode()
    assert 'href="/#/experiments/7/runs/real"' in page
    assert "runs/r2" not in page


def test_a_metric_over_all_versions_is_marked_with_champion_former_champion_and_challenger(trained, ada, grace, client):
    request = PromoteRequestFactory(actor=ada, version="2")
    services.review(actor=by(grace), promote_request=request, verdict=Verdict.APPROVE)
    again = PromoteRequestFactory(actor=ada, version="3")
    services.review(actor=by(grace), promote_request=again, verdict=Verdict.APPROVE)
    trained.add_version("Fraud", run_id="r9", metrics={"auc": 0.7})
    client.force_login(grace)
    said = client.get(VERSIONS, {"model": "Fraud", "version": "4", "metric": "auc"}).json()
    assert [(point["version"], point["value"], point["marks"]) for point in said["points"]] == [
        (1, 0.8, []),
        (2, 0.9, ["former champion"]),
        (3, 0.85, ["Production"]),
        (4, 0.7, ["challenger"]),
    ]
    assert said["metrics"] == ["<b>", "auc"]
    assert client.get(VERSIONS, {"model": "Fraud", "metric": "none"}).json()["metric"] == "<b>"


def test_versions_that_open_requests_ask_for_are_marked_too(trained, ada, grace, client):
    asked = PromoteRequestFactory(actor=ada, version="2")
    PromoteRequestFactory(actor=ada, version="3", draft=True)
    client.force_login(grace)
    said = client.get(VERSIONS, {"model": "Fraud", "metric": "auc"}).json()
    assert [point["marks"] for point in said["points"]] == [["Production"], [f"#{asked.number} to Production"], []]


def test_errors_are_told_in_json(trained, grace, client):
    client.force_login(grace)
    trained.fail_next(RegistryUnreachable("MLflow cannot be reached."))
    away = client.get(CURVES, {"model": "Fraud", "version": "2", "metric": "auc"})
    assert (away.status_code, away.json()["message"]) == (502, "MLflow cannot be reached.")
    assert client.get(CURVES, {"model": "Fraud", "version": "9", "metric": "auc"}).status_code == 404
    assert client.get(VERSIONS, {"model": "Nobody"}).status_code == 404
    client.logout()
    assert client.get(VERSIONS, {"model": "Fraud"}).status_code == 302


def test_the_page_offers_curves_of_metrics_that_have_steps_and_names_stay_inert(trained, ada, grace, client):
    request = PromoteRequestFactory(actor=ada, version="2")
    client.force_login(grace)
    page = client.post(f"{request.get_absolute_url()}now/").content.decode()
    assert f'data-url="{CURVES}?model=Fraud&amp;version=2&amp;with=1"' in page
    assert f'data-url="{VERSIONS}?model=Fraud&amp;version=2"' in page
    assert '<option value="&lt;b&gt;">&lt;b&gt;</option>' in page
    assert page.count('<option value="auc">auc</option>') == 2
    assert f'data-url="{VERSIONS}?model=Fraud"' in client.get("/checkpoint/models/Fraud/").content.decode()


def test_a_version_without_a_run_is_among_all_versions_by_its_logged_models_values(trained, grace, client):
    trained.add_version("Fraud", model_id="m-1", metrics={"auc": 0.7, "recall": 0.5})
    trained.add_version("Fraud", run_id="", model_id="")
    client.force_login(grace)
    said = client.get(VERSIONS, {"model": "Fraud", "metric": "auc"}).json()
    assert [(point["version"], point["value"]) for point in said["points"]] == [(1, 0.8), (2, 0.9), (3, 0.85), (4, 0.7)]
    assert "recall" in said["metrics"]
    asked = [arguments for call, arguments in trained.calls if call == "last_values_of_models"]
    assert asked == [(["m-1"],)]


def test_by_time_a_curve_is_in_the_order_of_time_and_of_very_many_values_the_first_are_shown(
    trained, grace, client, monkeypatch
):
    trained.histories["r2", "auc"] = [Logged(0, 10, 0.1), Logged(1, 20, 0.2), Logged(0, 30, 0.3), Logged(1, 40, 0.4)]
    client.force_login(grace)
    asked = {"model": "Fraud", "version": "2", "metric": "auc"}
    (series,) = client.get(CURVES, asked | {"along": "time"}).json()["series"]
    assert (series["times"], series["steps"], series["is_cut"]) == ([0.01, 0.02, 0.03, 0.04], [0, 1, 0, 1], False)
    monkeypatch.setattr(charts, "VALUES", 3)
    (series,) = client.get(CURVES, asked | {"along": "<b>", "every": "1"}).json()["series"]
    assert (series["values"], series["logged"], series["is_cut"]) == ([0.1, 0.3, 0.2], 3, True)


def test_over_all_versions_a_run_that_a_version_merely_names_lends_it_no_figures(trained, grace, client):
    # It names the best run there is, and its files come from another one.
    trained.add_version("Fraud", run_id="r2", metrics={"auc": Measurement("auc", 0.3)})
    trained.change_facts("Fraud", "4", made_by="real")
    trained.add_version("Fraud", run_id="r2", model_id="m-1", metrics={"auc": Measurement("auc", 0.2)})
    trained.change_facts("Fraud", "5", made_by="real-2")
    client.force_login(grace)
    said = client.get(VERSIONS, {"model": "Fraud", "metric": "auc"}).json()
    assert [(point["version"], point["value"]) for point in said["points"]][1:] == [
        (2, 0.9),
        (3, 0.85),
        (4, 0.3),
        (5, 0.2),
    ]
    assert said["elsewhere"] == [4, 5]


def test_where_the_run_that_made_the_files_is_gone_the_logged_model_has_the_figures_or_nobody(
    trained, grace, client, monkeypatch
):
    for model_id in ("m-1", ""):
        trained.add_version("Fraud", run_id="r2", model_id=model_id, metrics={"auc": Measurement("auc", 0.2)})
    trained.change_facts("Fraud", "4", made_by="lost")
    trained.change_facts("Fraud", "5", made_by="lost")
    last_values = trained.last_values
    monkeypatch.setattr(type(trained), "last_values", lambda self, runs: last_values(set(runs) - {"lost"}))
    client.force_login(grace)
    said = client.get(VERSIONS, {"model": "Fraud", "metric": "auc"}).json()
    assert [(point["version"], point["value"]) for point in said["points"]][3:] == [(4, 0.2)]


def test_of_very_many_values_some_are_drawn_and_all_when_they_are_asked_for(trained, grace, client):
    trained.sampled = 10
    trained.histories["r2", "auc"] = [Logged(step, step, 100.0 if step == 33 else 0.5) for step in range(90)]
    client.force_login(grace)
    asked = {"model": "Fraud", "version": "2", "metric": "auc"}
    (some,) = client.get(CURVES, asked).json()["series"]
    assert (some["is_sampled"], some["logged"], some["steps"][0], some["steps"][-1]) == (True, 10, 0, 89)
    assert max(some["values"]) == 0.5
    (every,) = client.get(CURVES, asked | {"every": "1"}).json()["series"]
    assert (every["is_sampled"], every["logged"], max(every["values"])) == (False, 90, 100.0)
    assert [call for call, *_ in trained.calls if call.startswith("metric_")] == ["metric_sample", "metric_history"]
    few = client.get(CURVES, asked | {"with": "1"}).json()["series"]
    assert [series["is_sampled"] for series in few] == [False, True]


def test_of_copies_the_destination_has_former_champions_and_not_the_model_that_they_are_copies_of(
    trained, ada, grace, client
):
    RuleFactory(target_pattern="model:*")
    for version in ("2", "3"):
        asked = PromoteRequestFactory(actor=ada, version=version, target=Target.parse("model:prod.fraud"))
        services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    client.force_login(grace)
    marks = {
        name: [point["marks"] for point in client.get(VERSIONS, {"model": name, "metric": "auc"}).json()["points"]]
        for name in ("Fraud", "prod.fraud")
    }
    assert marks == {"Fraud": [["Production"], [], []], "prod.fraud": [["former champion"], []]}
