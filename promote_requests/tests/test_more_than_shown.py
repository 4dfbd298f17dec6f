"""Lists that hold more than they show say so, and how to come to the rest."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.inbox.channel import Inbox
from notifications.worker.spreading import spread
from promote_requests import inbox, sentences, services
from promote_requests.choices import Verdict
from promote_requests.models import Label, Mention, PromoteRequest
from promote_requests.pages.inbox import sections
from promote_requests.search import Search, find
from protection.rulebook import rulebook
from registry.targets import Target
from testing.factories import PromoteRequestFactory, UserFactory, by
from testing.people import AdministratorFactory

pytestmark = pytest.mark.django_db
LIST, INBOX = "/checkpoint/", "/checkpoint/inbox/"
ADMIN = "/checkpoint/admin/promote_requests/promoterequest/"


@pytest.fixture
def asked(fraud, ada):
    return PromoteRequestFactory(actor=ada)


@pytest.fixture
def few(monkeypatch):
    """Makes sections short: what they do with three rows they do with a hundred."""
    for name in ("LENGTH", "_DECIDED", "_MENTIONS"):
        monkeypatch.setattr(sections, name, 3)


def multiply(asked, count, **changed):
    """Adds so many requests like this one, each for a version of its own."""
    number = PromoteRequest.objects.latest("number").number
    made = []
    for place in range(1, count + 1):
        asked.number = number + place
        values = {field.attname: getattr(asked, field.attname) for field in PromoteRequest._meta.concrete_fields}
        made.append(PromoteRequest(**{**values, "version": f"{number}{place:05}", "title": f"Copy {place}"} | changed))
    PromoteRequest.objects.bulk_create(made)


def page(person, address, **query):
    client = Client()
    client.force_login(person)
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def section(html, key):
    return html.partition(f'id="{key}"')[2].partition("</section>")[0]


def titles(html):
    return html.count('class="row-title"')


# -- The list ---------------------------------------------------------------------------------------------------------
def test_a_tab_with_more_than_a_thousand_requests_says_so_and_one_with_a_thousand_says_how_many(asked, ada):
    multiply(asked, 999)
    assert 'Open <span class="count">1,000</span>' in page(ada, LIST)
    multiply(asked, 1)
    html = page(ada, LIST)
    assert 'Open <span class="count">1,000+</span>' in html
    assert 'Promoted <span class="count">0</span>' in html


def test_the_last_page_of_a_thousand_asks_for_a_narrower_search_where_there_are_more(asked, ada):
    multiply(asked, 999)
    more = "There are more: narrow the search."
    assert more not in page(ada, LIST, page="40")
    multiply(asked, 1)
    last = page(ada, LIST, page="40")
    assert more in last
    assert "Page 40 of 40" in last
    assert 'rel="next"' not in last
    assert more not in page(ada, LIST)
    narrowed = page(ada, LIST, q="is:open version:2")
    assert (titles(narrowed), more in narrowed) == (1, False)


def test_of_words_that_more_than_250_have_the_shown_state_alone_is_counted_and_that_not_far(asked, ada):
    multiply(asked, 251)
    with CaptureQueriesContext(connection) as common:
        last = page(ada, LIST, q="is:open copy", page="10")
    tabs = re.sub(r"\s+", " ", last.partition('aria-label="Status"')[2].partition("</nav>")[0])
    assert re.findall(r">([A-Z]\w+(?: <span[^<]*</span>)?)</a>", tabs) == [
        'Open <span class="count">250+</span>',
        "Promoted",
        "Closed",
    ]
    assert "Page 10 of 10" in last
    assert "There are more: narrow the search." in last
    assert titles(last) == 25
    assert sum("description" in query["sql"].partition(" WHERE ")[2] for query in common) == 1
    narrowed = page(ada, LIST, q='is:open "copy 251"')
    assert 'Closed <span class="count">0</span>' in narrowed


# -- The inbox --------------------------------------------------------------------------------------------------------
def test_the_inbox_says_how_many_more_wait_and_leads_to_the_list_of_all_of_them(few, asked, grace):
    multiply(asked, 2)
    assert "not shown" not in page(grace, INBOX)
    multiply(asked, 2)
    html = section(page(grace, INBOX), "waiting")
    assert titles(html) == 3
    assert '<span class="count">5</span>' in html
    assert "2 others are not shown here." in html
    (link,) = re.findall(r'href="([^"]+)">All that wait for you<', html)
    assert titles(page(grace, unescape(link))) == 5


def test_the_number_beside_inbox_says_that_there_are_more_where_it_ends(asked, grace):
    beside = re.compile(r"data-number>([^<]*)<")
    multiply(asked, 99)
    assert set(beside.findall(page(grace, INBOX))) == {"100"}
    multiply(asked, 1)
    assert set(beside.findall(page(grace, INBOX))) == {"100+"}
    client = Client()
    client.force_login(grace)
    assert client.get("/checkpoint/mlflow-ui/status/").json() == {"signed_in": True, "for_you": "100+"}


def test_the_inbox_counts_what_waits_no_further_than_a_thousand(asked, grace):
    multiply(asked, 1_000)
    html = section(page(grace, INBOX), "waiting")
    assert titles(html) == 100
    assert '<span class="count">1,000+</span>' in html
    assert "More than 900 others are not shown here." in html


def test_the_inbox_leads_to_the_rest_of_ones_own(few, asked, ada):
    multiply(asked, 3)
    html = section(page(ada, INBOX), "own")
    assert (titles(html), "1 other is not shown here." in html) == (3, True)
    (link,) = re.findall(r'href="([^"]+)">All of yours<', html)
    assert titles(page(ada, unescape(link))) == 4


def test_the_inbox_leads_to_the_rest_of_what_was_promoted_past_the_rules(few, asked, ada, grace):
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    multiply(asked, 4, is_bypassed=True)
    html = section(page(UserFactory(), INBOX), "flagged")
    assert (titles(html), "1 other is not shown here." in html) == (3, True)
    (link,) = re.findall(r'href="([^"]+)">Show them all<', html)
    assert titles(page(UserFactory(), unescape(link))) == 4


def test_the_inbox_shows_the_rest_of_where_one_is_mentioned(few, asked, ada, grace):
    comment = services.comment(actor=by(ada), promote_request=asked, body="@grace, look.")
    mention = Mention.objects.get()
    assert mention.comment_id == comment.pk
    for _ in range(3):
        services.comment(actor=by(ada), promote_request=asked, body="@grace, look again.")
    html = section(page(grace, INBOX), "mentions")
    assert (titles(html), "1 other is not shown here." in html) == (3, True)
    (link,) = re.findall(r'href="([^"]+)">Show them all<', html)
    assert link == "?all=mentions#mentions"
    html = section(page(grace, INBOX, all="mentions"), "mentions")
    assert (titles(html), "not shown" in html) == (4, False)


def test_the_inbox_shows_the_rest_of_what_was_decided(few, asked, ada, grace):
    services.withdraw(actor=by(ada), promote_request=asked)
    for name in "abc":
        made = PromoteRequestFactory(actor=ada, target=Target.parse(f"alias:{name}"))
        services.withdraw(actor=by(ada), promote_request=made)
    spread([Inbox()])
    html = section(page(ada, INBOX), "decided")
    assert (titles(html), "1 other is not shown here." in html) == (3, True)
    html = section(page(ada, INBOX, all="decided"), "decided")
    assert (titles(html), "not shown" in html) == (4, False)


@pytest.mark.parametrize("key", ["", "waiting", "nothing", "x" * 2_000, "\x00"])
def test_a_section_that_there_is_not_changes_nothing(asked, grace, key):
    assert titles(page(grace, INBOX, all=key)) == 1


@pytest.mark.parametrize(
    ("count", "shown", "said"),
    [
        (3, 3, ""),
        (4, 3, "1 other is not shown here."),
        (1_000, 100, "900 others are not shown here."),
        (1_001, 100, "More than 900 others are not shown here."),
        (1_001, 1_000, "There are others, which are not shown here."),
    ],
)
def test_what_is_left_out_is_said_as_far_as_it_was_counted(count, shown, said):
    assert sentences.left_out(count, shown) == said


def test_a_search_for_ones_own_reviews_finds_what_the_inbox_has(asked, ada, grace):
    rules = rulebook()
    for person in (ada, grace):
        found = find(Search.parse("is:open review:@me"), viewer=person, rules=rules)
        assert set(found) == set(inbox.waiting_for(person))
    assert set(found) == {asked}
    assert "review%3A%40me" in page(grace, LIST)


# -- The admin's list -------------------------------------------------------------------------------------------------
def test_the_admins_list_has_a_column_of_labels_in_no_more_queries_however_many(
    asked, ada, django_assert_max_num_queries
):
    labels = [Label.objects.create(name=name, key=name, colour="blue") for name in ("risk", "hotfix")]
    asked.labels.set(labels)
    admin = AdministratorFactory()
    cells = re.findall(r'<td class="field-labelled">([^<]*)</td>', page(admin, ADMIN))
    assert cells == ["hotfix, risk"]
    multiply(asked, 20)
    for made in PromoteRequest.objects.all():
        made.labels.set(labels)
    client = Client()
    client.force_login(admin)
    client.get(ADMIN)
    with django_assert_max_num_queries(25):
        html = client.get(ADMIN).content.decode()
    assert html.count(">hotfix, risk<") == 21
