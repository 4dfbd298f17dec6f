"""Metrics on the pages: searched, sorted and put together by the page's address, with and without a script."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.urls import reverse

from registry.measurements import Measurement, Repeats
from testing.factories import PromoteRequestFactory

pytestmark = pytest.mark.django_db
COMPARE = "/checkpoint/compare/"
ASKED = {"model": "Fraud", "version": "2", "with": "1"}


@pytest.fixture
def many(registry):
    names = [f"{part}{joint}m{at}" for part in ("val", "test") for joint in "/_" for at in range(5)]
    old = {name: Measurement(name, 1.0, dataset_name="holdout") for name in names}
    new = {name: Measurement(name, 1.0 + at, dataset_name="holdout") for at, name in enumerate(names)}
    registry.add_version("Fraud", stage="Production", metrics=old)
    registry.add_version("Fraud", metrics={**new, "<script>": 1.0, "odd": 2.0})
    return registry


class _Rows(HTMLParser):
    """Collects the names in the table of metrics, and the headings before them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._tag = ""
        self.feed(page.partition('id="metrics"')[2].partition('id="parameters"')[0].partition("comparison-group")[0])

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        values = dict(attrs)
        if (tag == "th" and values.get("scope") == "row") or (tag == "h3" and values.get("class") == "group-title"):
            self._tag = tag
            self.found.append("# " if tag == "h3" else "")
        elif tag in ("span", "td", "details"):
            self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag:
            self.found[-1] += data.strip()


def names_on(page: str) -> list[str]:
    return [found for found in _Rows(page).found if found not in ("", "# ")]


def test_metrics_are_searched_sorted_and_put_together_by_the_address(many, grace, client):
    client.force_login(grace)
    asked = ASKED | {"metric": "VAL m", "metric_sort": "change", "metric_by": "prefix"}
    page = client.get(COMPARE, asked).content.decode()
    assert names_on(page)[0] == "# val"
    assert names_on(page)[1:] == [
        *(f"val_m{at}" for at in reversed(range(5))),
        *(f"val/m{at}" for at in (4, 3, 2, 1, 0)),
    ]
    assert "10 of 22 metrics match." in page
    assert "10 metrics" in page
    by_name = names_on(client.get(COMPARE, ASKED | {"metric_sort": "name"}).content.decode())
    assert by_name == sorted(by_name)
    assert len(by_name) == 22
    sets = names_on(client.get(COMPARE, ASKED | {"metric_by": "dataset"}).content.decode())
    assert [name for name in sets if name.startswith("# ")] == ["# holdout", "# No data set named"]
    assert sets[-2:] == ["<script>", "odd"]


def test_the_form_keeps_the_rest_of_the_address_and_the_links_keep_the_form(many, grace, client):
    client.force_login(grace)
    page = client.get(COMPARE, ASKED | {"metric": '"><script>', "metric_by": "prefix"}).content.decode()
    form = page.partition('id="metrics-form"')[2].partition("</form>")[0]
    assert re.findall(r'type="hidden"\s+name="(\w+)"', form) == ["model", "version", "with"]
    assert '"><script>' not in page
    assert "0 of 22 metrics match." in page
    usual = page.partition("0 of 22 metrics match.")[2].partition("As usual")[0]
    assert "model=Fraud" in usual
    assert "metric" not in usual.replace("#metrics", "")


def test_a_request_shows_what_the_form_asks_for_in_the_present_and_in_its_address(many, ada, grace, client):
    asked = PromoteRequestFactory(actor=ada)
    client.force_login(grace)
    address = f"/checkpoint/promote-requests/{asked.pk}/"
    first = client.get(address, {"metric": "test/"}).content.decode()
    assert names_on(first) == [f"test/m{at}" for at in range(5)]
    assert f"{address}now/?metric=test%2F" in first  # what asks MLflow for the present keeps it
    form = {"metric": "val/", "metric_sort": "name", "metric_by": ""}
    now = client.post(f"{address}now/", form)
    assert names_on(now.content.decode()) == [f"val/m{at}" for at in range(5)]
    assert now.headers["HX-Replace-Url"] == f"{address}?metric=val%2F&metric_sort=name&metric_by="
    assert "HX-Replace-Url" not in client.post(f"{address}now/")


def test_few_metrics_need_no_form(fraud, grace, client):
    client.force_login(grace)
    assert 'id="metrics-form"' not in client.get(COMPARE, ASKED).content.decode()


def test_of_ten_thousand_a_hundred_are_shown_unless_all_are_asked_for(registry, grace, client):
    new = {f"part{at % 40}/m{at}": 1.0 * at for at in range(10_000)}
    registry.add_version("Fraud", metrics=dict.fromkeys(new, 1.0))
    registry.add_version("Fraud", metrics=new)
    client.force_login(grace)
    page = client.get(COMPARE, ASKED | {"metric_by": "prefix"}).content.decode()
    assert len([name for name in names_on(page) if name.startswith("part") and "/" in name]) == 100
    assert "1 to 100 are shown" in page
    every = client.get(COMPARE, ASKED | {"metric_by": "prefix", "metric": "part7/", "all": "1"}).content.decode()
    assert len([name for name in names_on(every) if "/" in name]) == 250


@pytest.mark.parametrize("asked", [{}, {"metric_sort": "name"}, {"metric_by": "prefix"}])
def test_all_of_ten_thousand_are_shown_a_thousand_a_page(registry, grace, client, asked):
    new = {f"part{at % 40}/m{at}": 1.0 * at + 2 for at in range(2_500)}
    registry.add_version("Fraud", metrics=dict.fromkeys(new, 1.0))
    registry.add_version("Fraud", metrics=new)
    client.force_login(grace)
    pages = [client.get(COMPARE, ASKED | asked | {"all": number}).content.decode() for number in ("1", "2", "3")]
    found = [[name for name in names_on(page) if name.startswith("part") and "/m" in name] for page in pages]
    assert [len(names) for names in found] == [1_000, 1_000, 500]
    assert {name for names in found for name in names} == set(new)
    assert "1001 to 2000 are shown" in pages[1]
    assert all(words in pages[1] for words in ("the ones before", "the next ones", "all=1", "all=3"))
    assert "the next ones" not in pages[2]
    assert "the ones before" not in pages[0]


@pytest.mark.parametrize(("equal", "shown"), [(100, 100), (101, 20)])
def test_of_very_many_equal_rows_few_wait_below_the_fold_and_a_page_has_all(registry, grace, client, equal, shown):
    for _ in range(2):
        registry.add_version("Fraud", metrics={f"same_{at}": 0.5 for at in range(equal)})
    client.force_login(grace)
    folded = client.get(COMPARE, ASKED).content.decode()
    assert len([name for name in names_on(folded) if name.startswith("same_")]) == shown
    assert ("1 to 20 are shown" in folded) is (equal > 100)
    every = client.get(COMPARE, ASKED | {"all": "1"}).content.decode()
    assert len([name for name in names_on(every) if name.startswith("same_")]) == equal


@pytest.fixture
def evaluated(registry):
    run = "c0ffee00" + "1" * 24
    registry.add_version("Fraud", run_id=run, stage="Production", metrics={"correctness/mean": 0.8})
    statistics = {"diff": 0.1, "ci_low": 0.02, "ci_high": 0.2, "p_value": 0.0125, "n_paired": 40}
    logged = {f"compare/{run[:8]}/correctness/{name}": value for name, value in statistics.items()}
    repeats = Measurement("f1", 0.7, repeats=Repeats(5, 0.72, 0.01))
    registry.add_version("Fraud", run_id="r2", metrics={"correctness/mean": 0.9, "f1": repeats, **logged})
    rules = [{"metricKey": "correctness/mean", "comparator": "GTE", "threshold": at} for at in (0.85, 0.95)]
    registry.change_facts("Fraud", "2", criteria={"r2": json.dumps({"schemaVersion": 1, "rules": rules}), "<r3>": "{"})
    return registry


def test_criteria_logged_comparisons_and_repeats_are_on_the_page_and_in_the_api(evaluated, ada, grace, client):
    asked = PromoteRequestFactory(actor=ada)
    client.force_login(grace)
    page = client.get(f"/checkpoint/promote-requests/{asked.pk}/").content.decode()
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "1 of 2 criteria of its author met" in words
    assert "✗ not met correctness/ mean ≥ 0.95 0.8 0.9" in words
    assert "✓ met correctness/ mean ≥ 0.85 0.8 0.9" in words
    assert "What run &lt;r3&gt; asks of its own metrics is in a form that Checkpoint cannot read." in words
    assert "✓ better correctness Challenger against the champion 0.1 0.02 to 0.2 0.0125 none 40" in words
    assert "mean 0.72 ± 0.01 (standard error) of 5 at this step" in words
    said = client.get(reverse("promote_requests_api:comparison", args=[asked.pk])).json()
    assert [row["met"] for row in said["criteria"]["rows"]] == [False, True]
    assert (said["logged_comparisons"][0]["p_value"], said["logged_comparisons"][0]["is_with_champion"]) == (
        0.0125,
        True,
    )
    assert '<option value="correctness/mean">' in page
    assert '<option value="compare/' not in page
    assert "compare/" not in client.get("/checkpoint/metrics/", {"model": "Fraud"}).content.decode()
    over = client.get("/checkpoint/compare/versions/", {"model": "Fraud"}).json()
    assert over["metrics"] == ["correctness/mean", "f1"]
    (f1,) = [row for row in said["metrics"]["rows"] if row["key"] == "f1"]
    assert f1["measured"]["challenger"]["repeats"] == {"count": 5, "mean": 0.72, "standard_error": 0.01}
    assert {row["key"] for row in said["metrics"]["rows"]} == {"correctness/mean", "f1"}


def test_the_admins_desk_goes_by_the_same_directions_and_has_the_same_form(many, ada, admin_client):
    many.set_model_tags("Fraud", {"checkpoint.metric.val/m1.direction": "lower"})
    asked = PromoteRequestFactory(actor=ada)
    address = reverse("admin:promote_requests_promoterequest_change", args=[asked.pk])
    page = admin_client.get(address, {"metric": "val/", "metric_sort": "name"}).content.decode()
    assert names_on(page) == [f"val/m{at}" for at in range(5)]
    assert "better: lower, a tag of the model" in page
    assert "1 metric worse" in page
    form = page.partition('id="metrics-form"')[2].partition("</form>")[0]
    assert "hx-post" not in form


def test_the_preview_of_a_new_request_has_no_form_within_its_form(many, ada, client):
    client.force_login(ada)
    asked = {"model": "Fraud", "version": "2", "target": "stage:Production", "metric": "val/"}
    page = client.get("/checkpoint/promote-requests/new/", asked).content.decode()
    assert len(names_on(page)) > 10
    assert 'id="metrics-form"' not in page
