"""A promotion that archives others in passing meets the rules of Archived, too, as the guard asks of a direct call."""

from dataclasses import replace

import pytest
from django.test import Client

from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.services.insights import judged
from protection.models import ProtectionRule
from registry.proposals import Proposal
from registry.targets import Target
from testing.api_client import Api
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import AdministratorFactory, UserFactory, by

pytestmark = pytest.mark.django_db
PRODUCTION = Proposal("Fraud", "2", Target.parse("stage:Production"))


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def words(answer):
    return " ".join(answer.content.decode().replace("<wbr>", "").split())


@pytest.fixture
def archiving(db):
    """Gives a rule by which two approve whatever is archived."""
    return RuleFactory(target_pattern="stage:Archived", conditions={"approvals": 2})


def patterns(requirement):
    return sorted(rule.target_pattern for rule in requirement.rules)


@pytest.mark.parametrize(
    ("proposal", "asked"),
    [
        (PRODUCTION, ["stage:*", "stage:Archived"]),
        (replace(PRODUCTION, archive_existing_versions=True), ["stage:*", "stage:Archived"]),
        (replace(PRODUCTION, archive_existing_versions=False), ["stage:*"]),
        (
            replace(PRODUCTION, target=Target.parse("alias:champion"), archive_existing_versions=True),
            ["alias:champion"],
        ),
    ],
)
def test_what_archives_others_meets_the_rules_of_archived(archiving, proposal, asked):
    requirement = services.requirement_for_proposal(proposal)
    assert patterns(requirement) == asked
    assert requirement.required_approvals == (2 if "stage:Archived" in asked else 1)


def test_a_rule_that_covers_both_places_counts_once_and_asks_the_archived_nothing_about_quality(db):
    RuleFactory(target_pattern="stage:Archived", conditions={"approvals": 1, "gates": ["metric:auc >= 0.99"]})
    (both,) = ProtectionRule.objects.filter(target_pattern="stage:*")
    requirement = services.requirement_for_proposal(PRODUCTION)
    assert [rule.pk for rule in requirement.rules].count(both.pk) == 1
    assert requirement.gates == ()


def test_one_approval_is_not_enough_and_what_judged_it_is_kept(archiving, fraud, ada, grace):
    asked = PromoteRequestFactory(actor=ada)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    assert (fraud.get_version("Fraud", "1").stage, asked.status) == ("Production", Status.OPEN)
    assert [found.rule.target_pattern for found in judged(asked, services.evidence_of(asked))] == [
        "stage:*",
        "stage:Archived",
    ]
    services.review(actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    assert (fraud.get_version("Fraud", "1").stage, asked.status) == ("Archived", Status.PROMOTED)
    archiving.delete()
    assert patterns(services.requirement_of(asked)) == ["stage:*", "stage:Archived"]


def test_every_door_says_it(archiving, fraud, ada):
    asked = PromoteRequestFactory(actor=ada)
    more = "2 more approvals are needed"
    assert more in words(as_(ada).get(asked.get_absolute_url()))
    root = as_(AdministratorFactory())
    assert more in words(root.get(f"/checkpoint/admin/promote_requests/promoterequest/{asked.pk}/change/"))
    assert f"#{asked.number}" in words(root.get(f"/checkpoint/admin/protection/protectionrule/{archiving.pk}/change/"))
    assert more in str(Api(ada).get(f"promote-requests/{asked.number}/").json()["unmet"])
    query = {"model": "Fraud", "version": "2", "target": "stage:Production"}
    assert "2 approvals" in words(as_(ada).get("/checkpoint/promote-requests/new/", query))
    applying = words(as_(ada).get("/checkpoint/rules/", query))
    assert "2 approvals" in applying[: applying.index('id="all-rules"')]
