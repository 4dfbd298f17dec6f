import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from promote_requests import search, services
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from promote_requests.search import Search
from protection.rulebook import rulebook
from registry.proposals import Proposal
from registry.targets import Target
from testing.people import by

if TYPE_CHECKING:
    from accounts.models import User
    from registry.fake import FakeRegistry

pytestmark = pytest.mark.every_database


def _found(text: str, viewer: "User") -> list[int]:
    asked = Search.parse(text)
    found = search.find(asked, viewer=viewer, rules=rulebook())
    return sorted(search.in_state(found, asked.terms.get("is", "")).values_list("number", flat=True))


@pytest.fixture
def three(fraud: "FakeRegistry", ada: "User", grace: "User") -> dict[str, int]:
    """Gives the numbers of an open request of ada's, a draft of ada's and a closed one of grace's."""
    fraud.add_version("Churn model")
    opened = services.create(
        actor=by(ada), proposal=Proposal("Fraud", "2", Target.parse("stage:Production")), title="Better recall"
    )
    draft = services.create(
        actor=by(ada),
        proposal=Proposal("Churn model", "1", Target.parse("alias:champion")),
        title="First churn",
        draft=True,
    )
    closed = services.create(
        actor=by(grace), proposal=Proposal("Fraud", "2", Target.parse("model:production")), title="A copy"
    )
    services.withdraw(actor=by(grace), promote_request=closed)
    return {"open": opened.number, "draft": draft.number, "closed": closed.number}


def test_search_is_read_into_terms_and_words() -> None:
    asked = Search.parse('is:OPEN model:"Churn model" target:Production author:ada review:required deeper "two words"')
    assert asked.terms == {
        "is": "open",
        "model": "Churn model",
        "target": "Production",
        "author": "ada",
        "review": "required",
    }
    assert asked.words == ("deeper", "two words")
    assert not asked.problems


@pytest.mark.parametrize(
    "text",
    ["is:open", 'is:open model:"Churn model" free', "target:alias:champion", "", 'author:@me "two words"', "foo:bar"],
)
def test_search_written_out_and_read_again_is_the_same(text: str) -> None:
    asked = Search.parse(text)
    assert Search.parse(str(asked)) == asked


def test_of_a_term_given_twice_the_last_counts() -> None:
    assert Search.parse("is:open is:closed").terms == {"is": "closed"}


def test_unknown_key_is_a_free_word() -> None:
    assert Search.parse("team:risk").words == ("team:risk",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("is:maybe", "is:maybe is not understood. Use is: with open, promoted, closed, draft, promoting, flagged."),
        ("review:good", "review:good is not understood. Use review: with required, changes-requested, approved, @me."),
        ('model:""', "model: needs a value after the colon."),
    ],
)
def test_term_that_makes_no_sense_is_left_out_and_explained(text: str, sentence: str) -> None:
    asked = Search.parse(f"{text} word")
    assert asked.problems == (sentence,)
    assert asked.terms == {}
    assert asked.words == ("word",)


def test_overlong_search_is_cut() -> None:
    assert len(str(Search.parse("x" * 5_000))) == search.MAX_LENGTH


def test_having_puts_terms_in_and_takes_them_out() -> None:
    asked = Search.parse("is:open model:Fraud word")
    assert str(asked.having(model="Churn model", author="ada")) == 'is:open model:"Churn model" author:ada word'
    assert str(asked.having(model="", **{"is": ""})) == "word"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["open", "draft", "closed"]),
        ("is:open", ["open", "draft"]),
        ("is:draft", ["draft"]),
        ("is:closed", ["closed"]),
        ("is:promoted", []),
        ("model:fraud", ["open", "closed"]),
        ('model:"churn model"', ["draft"]),
        ("version:2", ["open", "closed"]),
        ("target:production", ["open", "closed"]),
        ("target:stage:production", ["open"]),
        ("author:ADA", ["open", "draft"]),
        ("author:@me", ["open", "draft"]),
        ("recall", ["open"]),
        ("recall copy", []),
        ("is:open author:grace", []),
    ],
)
def test_search_finds_what_matches_all_of_it(
    text: str, expected: list[str], three: dict[str, int], ada: "User"
) -> None:
    assert _found(text, ada) == sorted(three[name] for name in expected)


@pytest.mark.parametrize("text", ["", "is:open", "is:draft", 'model:"churn model"', "author:ada", "churn"])
def test_a_draft_is_found_by_its_author_alone(text: str, three: dict[str, int], ada: "User", grace: "User") -> None:
    assert three["draft"] in _found(text, ada)
    assert three["draft"] not in _found(text, grace)


def test_number_finds_its_request(three: dict[str, int], ada: "User", grace: "User") -> None:
    assert three["draft"] in _found(f"#{three['draft']}", ada)
    assert three["draft"] not in _found(f"#{three['draft']}", grace)
    assert _found("#99999999999999999999999999", ada) == []


def test_review_asks_for_the_decision_of_open_requests(three: dict[str, int], ada: "User", grace: "User") -> None:
    opened = PromoteRequest.objects.get(pk=three["open"])
    assert _found("review:required", ada) == [three["open"]]
    services.review(actor=by(grace), promote_request=opened, verdict=Verdict.REQUEST_CHANGES, body="Why?")
    assert _found("review:required", ada) == []
    assert _found("review:changes-requested", ada) == [three["open"]]


def test_counts_follow_the_search_and_not_its_state(three: dict[str, int], ada: "User") -> None:
    found = search.look_up(Search.parse("is:closed model:Fraud"), viewer=ada, rules=[])
    assert found.tally == {"open": 1, "promoted": 0, "closed": 1}


def test_the_texts_are_searched_once_for_all_tabs_and_the_page(three: dict[str, int], ada: "User") -> None:
    client = Client()
    client.force_login(ada)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/checkpoint/", {"q": "churn"})
    assert "Churn model" in answer.content.decode()
    assert sum("description" in query["sql"].partition(" WHERE ")[2] for query in queries) == 1


def test_the_texts_of_other_states_are_searched_for_their_tabs_alone(three: dict[str, int], ada: "User") -> None:
    client = Client()
    client.force_login(ada)
    with CaptureQueriesContext(connection) as queries:
        html = client.get("/checkpoint/", {"q": "is:closed a"}).content.decode()
    counts = dict(re.findall(r"(\w+) <span class=\"count\">(\d+)</span></a>", html))
    assert counts == {"Open": "2", "Promoted": "0", "Closed": "1"}
    shown, others = [where for query in queries if "description" in (where := query["sql"].partition(" WHERE ")[2])]
    assert re.search(r"\"status\" IN \('closed'\)", shown)
    assert re.search(r"NOT \(\S+\"status\" IN \('closed'\)\)", others)


@pytest.mark.postgresql
def test_postgresql_knows_how_often_a_word_is_in_what_is_searched(three: dict[str, int], ada: "User") -> None:
    newest = PromoteRequest.objects.latest("number")
    values = {field.attname: getattr(newest, field.attname) for field in PromoteRequest._meta.concrete_fields}
    del values["number"]
    changed, words = {"status": "closed", "is_private": False}, ("first", "second", "third", "fourth")
    PromoteRequest.objects.bulk_create(
        PromoteRequest(**values | changed | {"version": str(place), "title": f"Candidate {words[place % 4]}"})
        for place in range(2_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE promote_requests_promoterequest")
    plan = PromoteRequest.objects.order_by().matching("candidate third").explain()
    (rows,) = re.findall(r"^.*? rows=(\d+) ", plan.splitlines()[0])
    assert 250 <= int(rows) <= 1_000  # of 500; it guessed one
