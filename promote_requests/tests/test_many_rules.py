"""However many rules match and however many people reviewed: no page asks the database once for each of them."""

import re
from collections import Counter
from itertools import product

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.trail import About
from promote_requests import services
from promote_requests.choices import Verdict
from protection import insights
from protection.choices import Enforcement
from protection.models import ProtectionRule
from testing.factories import UserFactory
from testing.people import AdministratorFactory, by

MODELS = (
    "F*",
    "Fr*",
    "Fra*",
    "Frau*",
    "Fraud",
    "*d",
    "*ud",
    "*aud",
    "*raud",
    "?raud",
    "F?aud",
    "Fr?ud",
    "Fra?d",
    "Frau?",
)
TARGETS = (
    "stage:P*",
    "stage:Pr*",
    "stage:Pro*",
    "stage:Prod*",
    "stage:*n",
    "stage:*on",
    "stage:*ion",
    "stage:?roduction",
)
TARGETS += ("stage:P?oduction", "stage:Pr?duction", "stage:Pro?uction", "stage:Prod?ction", "stage:Produ?tion")
TARGETS += ("stage:Produc?ion", "stage:Product?on")


def matching_rules(count, enforcement=Enforcement.ACTIVE):
    """Adds so many rules that all cover Production of Fraud."""
    there = ProtectionRule.objects.count()
    ProtectionRule.objects.bulk_create(
        ProtectionRule(model_pattern=model, target_pattern=target, enforcement=enforcement, conditions={"approvals": 6})
        for model, target in list(product(MODELS, TARGETS))[there : there + count]
    )


def reviewed_by(promote_request, count):
    for _ in range(count):
        services.review(
            actor=by(UserFactory()), promote_request=promote_request, verdict=Verdict.REQUEST_CHANGES, body="No."
        )


def _what(query):
    """Returns a statement without its values."""
    return re.sub(r"\bIN \([^()]*\)|= \S+", "?", query["sql"])


@pytest.mark.parametrize(
    "path",
    [
        "/checkpoint/",
        "/checkpoint/?q=is:open review:changes-requested",
        "/checkpoint/inbox/",
        "/checkpoint/promote-requests/{number}/",
        "/checkpoint/admin/promote_requests/promoterequest/",
        "/checkpoint/admin/promote_requests/promoterequest/{number}/change/",
        "/checkpoint/rules/",
        "/checkpoint/rules/?model=Fraud&target=stage:Production",
        "/checkpoint/rules/insights/",
        "/checkpoint/second-looks/",
        "/checkpoint/api/promote-requests/",
        "/checkpoint/api/promote-requests/{number}/",
    ],
)
def test_a_page_asks_the_database_no_more_often_for_200_rules_and_many_reviewers(fraud, open_request, path):
    root = AdministratorFactory()
    client = Client()
    client.force_login(root)
    address = path.format(number=open_request.number)
    matching_rules(1)
    matching_rules(1, Enforcement.EVALUATE)
    reviewed_by(open_request, 1)
    assert client.get(address).status_code == 200  # what is kept from then on is kept
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    matching_rules(180)
    matching_rules(18, Enforcement.EVALUATE)
    reviewed_by(open_request, 15)
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    more = Counter(map(_what, many.captured_queries)) - Counter(map(_what, few.captured_queries))
    # A few more are no growth: each of 200 rules or 16 reviewers would be one.
    assert len(many) <= len(few) + 3, more


def test_a_refused_call_costs_as_many_queries_however_many_rules_refuse_it(fraud, ada):
    """One row is written for each rule that says so, all of them at once."""

    def keep():
        judged = insights.of_call(ProtectionRule.objects.all(), "It is protected.")
        insights.record(judged, actor=by(ada), about=About("", "Fraud", "2", "stage:Production"))

    matching_rules(2)
    with CaptureQueriesContext(connection) as few:
        keep()
    matching_rules(190)
    with CaptureQueriesContext(connection) as many:
        keep()
    # SQLite takes about 90 of these rows in one statement, PostgreSQL all.
    assert len(many) <= len(few) + 4
