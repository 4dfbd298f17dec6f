"""Targets whose names differ in their kind or case alone are told apart wherever one chooses among them."""

import re
from html import unescape

import pytest

from promote_requests.pages.new import offers
from promote_requests.search import Search, find
from protection.rulebook import rulebook
from registry.targets import Target
from testing.factories import PromoteRequestFactory

pytestmark = pytest.mark.every_database
LIST, NEW = "/checkpoint/", "/checkpoint/promote-requests/new/"
TARGETS = ("stage:Production", "alias:Production", "alias:production", "model:Production")
SHOWN = {
    "stage:Production": "Production",
    "alias:Production": "@Production",
    "alias:production": "@production",
    "model:Production": "a copy in Production",
}


@pytest.fixture
def asked(fraud, ada):
    """Gives {target: the request for it}; of one version, nobody asks for one alias in two spellings at once."""
    other = fraud.add_version("Fraud").version
    return {
        target: PromoteRequestFactory(
            actor=ada, target=Target.parse(target), title=target, **({"version": other} if target == TARGETS[2] else {})
        )
        for target in TARGETS
    }


def page(client, person, address, **query):
    client.force_login(person)
    return client.get(address, query).content.decode()


def menu(html, name):
    """Returns {what is shown: address} of a menu of the list."""
    body = html.partition(f"<summary>{name}</summary>")[2].partition("</div>")[0]
    return {unescape(shown): unescape(href) for href, shown in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', body)}


def test_the_lists_menu_has_an_entry_for_each_which_finds_its_own_requests_alone(client, asked, ada):
    entries = menu(page(client, ada, LIST), "Target")
    assert set(entries) == {"Any", *SHOWN.values()}
    for target, shown in SHOWN.items():
        html = page(client, ada, f"{LIST}{entries[shown]}")
        found = re.findall(r'<div class="row-title"><a href="([^"]+)">', html)
        assert found == [asked[target].get_absolute_url()]
        assert re.findall(r'aria-current="true">([^<]*)<', html) == ["Any", shown, "Any", "Any", "Any"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("target:production", TARGETS),
        ("target:alias:production", ["alias:production"]),
        ("target:alias:PRODUCTION", ["alias:Production", "alias:production"]),
        ("target:stage:production", ["stage:Production"]),
    ],
)
def test_a_target_that_is_typed_is_found_in_any_case_unless_one_is_spelled_so(asked, ada, text, expected):
    found = find(Search.parse(text), viewer=ada, rules=rulebook())
    assert set(found) == {asked[target] for target in expected}


def test_the_form_offers_the_stage_and_both_aliases_under_words_of_their_own(client, fraud, ada):
    fraud.add_version("Churn", stage="Production", aliases=("Production", "production"))
    html = page(client, ada, NEW, model="Churn", version="1")
    options = dict(re.findall(r'<option value="([^"]+)"[^>]*>([^<]+)</option>', html))
    offered = {value: options[value] for value in options if value.lower().endswith(":production")}
    assert offered == {
        "stage:Production": "Production",
        "alias:Production": "@Production",
        "alias:production": "@production",
        "remove:alias:Production": "@Production no longer",
        "remove:alias:production": "@production no longer",
    }
    assert options["1"] == "Version 1 (Production, @Production, @production)"


@pytest.mark.parametrize("choice", ["alias:Production", "alias:production"])
def test_the_form_keeps_which_of_two_aliases_was_chosen(choice):
    groups = offers.target_choices(None, None, ["Production", "production"])
    assert offers.placed(choice, "", groups)[:2] == (choice, "")


def test_rows_of_the_list_say_which_it_is(client, asked, ada):
    html = page(client, ada, LIST)
    for mark in ('<span class="tag">Production</span>', "@Production</span>", "@production</span>", "a copy in"):
        assert mark in html
