"""Metrics on the pages: searched, sorted and put together by the page's address, with and without a script."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from registry.measurements import Measurement
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
    assert "100 are shown" in page
    every = client.get(COMPARE, ASKED | {"metric_by": "prefix", "metric": "part7/", "all": "1"}).content.decode()
    assert len([name for name in names_on(every) if "/" in name]) == 250
