"""What rules did and would have done: calls, promotions, the pages and the API."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from audit.actors import Actor, Door
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import RuleNotMet
from promote_requests.templatetags.pages import in_words, rule_in_words
from protection import insights
from protection.models import FreezeWindow, Ownership, ProtectionRule, RuleInsight
from proxy.guard.decide import Allowed
from proxy.refusals import Refusal
from proxy.tests.guard.calls import send
from testing.api_client import Api, assert_refused
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

pytestmark = pytest.mark.django_db
SET = {"name": "Fraud", "alias": "live", "version": "2"}


def rows():
    found = RuleInsight.objects.order_by("pk")
    return list(found.values_list("rule_name", "outcome", "actor_name", "target", "promote_request_number"))


@pytest.fixture
def adas(ada):
    return Actor.of(ada, Door.PROXY, "r-1")


def test_a_refused_call_is_told_of_by_every_rule_that_covers_it(fraud, adas):
    RuleFactory(target_pattern="alias:live")
    RuleFactory(target_pattern="alias:l*", enforcement="evaluate")
    RuleFactory(target_pattern="alias:li*", enforcement="off")
    assert isinstance(send("set-alias", SET, actor=adas), Refusal)
    assert rows() == [
        ("alias:live of *", "refused", "ada", "alias:live", None),
        ("alias:l* of *", "would_refuse", "ada", "alias:live", None),
    ]


def test_a_rule_that_is_only_evaluated_refuses_nothing_and_says_what_it_would_have(fraud, adas):
    rule = RuleFactory(target_pattern="alias:live", enforcement="evaluate")
    assert insights.forecast(rule) == "In the last 30 days it would have refused nothing."
    for _ in range(2):
        assert isinstance(send("set-alias", SET, actor=adas), Allowed)
    assert rows() == [("alias:live of *", "would_refuse", "ada", "alias:live", None)] * 2
    assert insights.forecast(rule) == "In the last 30 days it would have refused 2 calls by 1 person."


def test_nothing_is_told_of_what_no_rule_covers_and_of_anonymous_calls_that_pass(fraud, adas):
    RuleFactory(target_pattern="alias:other", enforcement="evaluate")
    send("set-alias", SET, actor=adas)
    ProtectionRule.objects.filter(target_pattern="alias:other").update(target_pattern="alias:live")
    send("set-alias", SET)
    assert rows() == []


def test_anonymous_calls_that_are_refused_fill_nothing(fraud):
    RuleFactory(target_pattern="alias:live")
    for _ in range(30):
        send("set-alias", SET, actor=Actor.anonymous(Door.PROXY, "r-1", "10.1.2.3"))
    assert len(rows()) == 5


def test_a_promotion_is_told_of_by_each_rule_alone(fraud, ada, grace):
    RuleFactory(target_pattern="stage:Production", enforcement="evaluate", conditions={"approvals": 2})
    RuleFactory(target_pattern="stage:P*", enforcement="evaluate", conditions={"approvals": 1})
    asked = PromoteRequestFactory(actor=ada)
    with pytest.raises(RuleNotMet):
        services.promote(actor=by(ada), promote_request=asked)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    stages = ("stage:* of *", "stage:P* of *", "stage:Production of *")
    outcomes = {name: [outcome for rule, outcome, *_ in rows() if rule == name] for name in stages}
    assert outcomes == {
        "stage:* of *": ["refused", "passed"],
        "stage:P* of *": ["would_refuse", "passed"],
        "stage:Production of *": ["would_refuse", "would_refuse"],
    }
    missing = RuleInsight.objects.filter(rule_name="stage:Production of *").latest("pk")
    assert (missing.actor_name, missing.promote_request_number) == ("grace", asked.number)
    assert missing.reason == "1 more approval is needed, by somebody other than ada."


def test_gates_that_are_only_evaluated_are_measured_too(fraud, ada, grace):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.9})
    for gate in ("metric auc >= 0.8", "metric auc >= 0.95"):
        conditions = {"approvals": 1, "gates": [gate]}
        RuleFactory(target_pattern=f"stage:P*{'?' * (gate[-1] == '5')}", enforcement="evaluate", conditions=conditions)
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    evaluated = RuleInsight.objects.exclude(rule_name="stage:* of *").order_by("pk")
    assert sorted(evaluated.values_list("outcome", flat=True)) == ["passed", "would_refuse"]


def test_the_api_lists_them_and_takes_filters(fraud, adas, grace):
    rule = RuleFactory(target_pattern="alias:live")
    send("set-alias", SET, actor=adas)
    api = Api(grace)
    (row,) = api.get("rule-insights/", rule=rule.pk, outcome="refused", actor="ada").json()["results"]
    assert (row["rule"], row["rule_version"], row["outcome"], row["actor"]) == (rule.pk, 1, "refused", "ada")
    assert (row["model_name"], row["version"], row["target"], row["number"]) == ("Fraud", "2", "alias:live", None)
    assert api.get("rule-insights/", outcome="would_refuse").json()["results"] == []
    assert_refused(api.get("rule-insights/", outcome="lost"), 400, "INVALID_PARAMETER_VALUE")
    assert_refused(Api().get("rule-insights/"), 401, "UNAUTHENTICATED")


def test_the_page_shows_them_by_day_and_keeps_its_filters(fraud, adas, grace):
    rule = RuleFactory(target_pattern="alias:live")
    send("set-alias", SET, actor=adas)
    client = Client()
    client.force_login(grace)
    address = reverse("promote_requests:rule_insights")
    page = client.get(address, {"rule": rule.pk}).content.decode()
    assert "Direct change: version 2 of Fraud" in page
    assert "The alias live of Fraud is protected" in page
    assert "version 1</span>" in page
    chosen = client.get(address, {"actor": "nobody"}).content.decode()
    assert "Nothing that was judged fits what is chosen above." in chosen
    assert f'href="{address}">Show everything</a>' in chosen
    RuleInsight.objects.all().delete()
    nothing = client.get(address).content.decode()
    assert "Direct changes of protected targets and promotions appear here." in nothing
    assert "Show everything" not in nothing
    assert client.get(address, {"rule": "x" * 30, "outcome": "?", "page": "-1"}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "is_told"),
    [
        ({"target": "stage:Production"}, True),
        ({"target": "stage:Production", "model": "Fraud"}, False),
        ({"target": "model:prod.fraud"}, False),
    ],
)
def test_whoever_names_no_model_is_told_that_rules_of_one_may_hold_besides(ada, asked, is_told):
    RuleFactory(target_pattern="stage:Production", model_pattern="Fraud", conditions={"approvals": 3})
    client = Client()
    client.force_login(ada)
    page = client.get(reverse("promote_requests:rules"), asked).content.decode()
    assert ("You named no model." in page) == is_told


def test_a_page_says_which_rules_apply_what_they_ask_for_and_who_could_approve(fraud, ada, grace):
    risk = Group.objects.create(name="Risk")
    risk.user_set.add(grace)
    people = {"groups": [{"id": risk.pk, "name": "Risk"}], "users": []}
    Ownership.objects.create(section="ML", people={"groups": [], "users": [{"id": ada.pk, "name": "ada"}]})
    FreezeWindow.objects.create(name="year end", start="2026-12-20", end="2027-01-04")
    RuleFactory(
        target_pattern="stage:Production",
        description="Audited.",
        conditions={"approvals": 2, "approvers": people, "owners": True},
    )
    client = Client()
    client.force_login(ada)
    address = reverse("promote_requests:rules")
    page = client.get(address, {"model": "Fraud", "target": "stage:Production"}).content.decode()
    for words in ("Audited.", "the group Risk: grace could approve today.", "ML: ada: ada could approve today."):
        assert words in page
    assert "year end" in page
    assert "Anybody who may sign in" in client.get(address, {"target": "stage:Staging"}).content.decode()
    assert "No rule protects this target" in client.get(address, {"target": "alias:trial"}).content.decode()
    refused = client.get(address, {"target": "Production"})
    assert (refused.status_code, 'value="Production"' in refused.content.decode()) == (400, True)
    risk.user_set.clear()
    page = client.get(address, {"model": "Fraud", "target": "stage:Production"}).content.decode()
    assert "nobody could approve today." in page


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("alias:* of *", "every alias of every model"),
        ("alias:champion of Fraud*", "the alias @champion of Fraud*"),
        ("x", "x"),
    ],
)
def test_a_rule_on_record_is_named_in_words(name, said):
    assert rule_in_words(name) == said
    assert in_words("alias:candidate") == "the alias @candidate"
