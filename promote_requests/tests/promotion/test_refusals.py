import pytest

from audit.choices import AuditAction
from foundation.exceptions import WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import ChampionChanged, EvidenceChanged, RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes
from promote_requests.tests.promotion import story
from promote_requests.tests.promotion.story import actions, approved, ask, current
from protection.models import ProtectionRule
from testing.factories import RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db
somebody_presses_promote = story.somebody_presses_promote


def test_a_promotion_without_the_approvals_is_refused_and_recorded(open_request, fraud, ada):
    with pytest.raises(RuleNotMet, match="1 more approval is needed, by somebody other than ada"):
        services.promote(actor=by(ada), promote_request=open_request)
    assert fraud.get_version("Fraud", "2").stage == "None"
    assert actions()[-1] == AuditAction.REFUSED


def test_an_approval_by_somebody_who_was_deactivated_since_does_not_count(open_request, fraud, ada, grace):
    linus = UserFactory(username="linus")
    approved(approved(open_request, grace), linus)
    grace.is_active = False
    grace.save()
    ProtectionRule.objects.update(conditions={"approvals": 2})
    with pytest.raises(RuleNotMet, match="1 more approval is needed"):
        services.promote(actor=by(ada), promote_request=open_request)
    assert fraud.get_version("Fraud", "2").stage == "None"
    ProtectionRule.objects.update(conditions={"approvals": 1})
    services.promote(actor=by(ada), promote_request=open_request)
    assert fraud.get_version("Fraud", "2").tags[registry_writes.APPROVED_BY_TAG] == "linus"


def test_a_request_for_changes_blocks_after_its_giver_was_deactivated_until_it_is_dismissed(open_request, ada, grace):
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Wait.")
    approved(open_request, UserFactory())
    grace.is_active = False
    grace.save()
    with pytest.raises(RuleNotMet, match="the account is deactivated"):
        services.promote(actor=by(ada), promote_request=open_request)
    standing = open_request.reviews.get(verdict=Verdict.REQUEST_CHANGES)
    services.dismiss(
        actor=by(AdministratorFactory()), promote_request=open_request, review=standing.pk, reason="She has left."
    )
    assert services.promote(actor=by(ada), promote_request=open_request).status == Status.PROMOTED


def test_what_somebody_decided_before_they_were_deactivated_stays_decided(open_request, ada, grace):
    promoted = services.promote(actor=by(ada), promote_request=approved(open_request, grace))
    grace.is_active = False
    grace.save()
    assert services.decision_of(PromoteRequest.objects.get(pk=promoted.pk)).is_approved


def test_a_promotion_against_a_request_for_changes_is_refused(open_request, ada, grace):
    approved(open_request, UserFactory())
    services.review(actor=by(grace), promote_request=open_request, verdict=Verdict.REQUEST_CHANGES, body="Wait.")
    with pytest.raises(RuleNotMet, match="asked for changes"):
        services.promote(actor=by(ada), promote_request=open_request)


def test_a_changed_champion_stops_the_promotion_and_voids_the_approvals(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.transition_stage("Fraud", "1", "Archived", archive_existing_versions=False)
    with pytest.raises(ChampionChanged, match="Version 1 no longer holds Production; nobody does"):
        services.promote(actor=by(ada), promote_request=ready)
    assert current().status == Status.OPEN
    assert not services.decision_of(current()).is_approved
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_two_promotions_to_one_target_do_not_run_at_once(fraud, ada, grace, monkeypatch):
    fraud.add_version("Fraud")
    first = approved(ask(ada, "stage:Production"), grace)
    second = approved(ask(ada, "stage:Production", version="3"), grace)

    def promote_the_other_meanwhile():
        with pytest.raises(WrongState, match="Another promotion to Production is under way"):
            services.promote(actor=by(ada), promote_request=second)

    fraud.before("transition_stage", promote_the_other_meanwhile)
    assert services.promote(actor=by(ada), promote_request=first).status == Status.PROMOTED


def test_leaving_a_stage_takes_what_the_rule_of_that_stage_asks_for(fraud, ada, grace):
    ProtectionRule.objects.filter(target_pattern="stage:*").delete()
    RuleFactory(target_pattern="stage:Production", conditions={"approvals": 2}, promote_when="pressed")
    ready = approved(ask(ada, "stage:Archived", version="1"), grace)
    with pytest.raises(RuleNotMet, match="1 more approval"):
        services.promote(actor=by(ada), promote_request=ready)
    ready = approved(ready, UserFactory())
    assert services.promote(actor=by(ada), promote_request=ready).status == Status.PROMOTED


def test_a_version_that_changed_its_stage_meanwhile_asks_for_a_fresh_look(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.transition_stage("Fraud", "2", "Staging", archive_existing_versions=False)
    with pytest.raises(EvidenceChanged, match="is in the stage Staging now; it was in None"):
        services.promote(actor=by(ada), promote_request=ready)
    # The facts are the same, so the approval still counts; only the rule of Staging joins in.
    assert services.promote(actor=by(ada), promote_request=current()).status == Status.PROMOTED


def test_files_whose_place_cannot_be_told_are_promoted_only_where_a_rule_allows_it(fraud, ada, grace):
    version = fraud.add_version("Fraud", source="s3://bucket/root/777").version
    ready = approved(ask(ada, "stage:Production", version=version), grace)
    with pytest.raises(RuleNotMet, match="cannot be told from s3://bucket/root/777"):
        services.promote(actor=by(grace), promote_request=ready)
    ProtectionRule.objects.filter(target_pattern="stage:*").update(conditions={"approvals": 1, "unplaced_source": True})
    assert services.promote(actor=by(grace), promote_request=current()).status == Status.PROMOTED


def test_figures_that_somebody_logs_to_the_champion_ask_for_a_fresh_look(open_request, fraud, grace):
    approved(open_request, grace)
    fraud.change_facts("Fraud", "1", metrics={"auc": 0.01})
    with pytest.raises(EvidenceChanged, match="What MLflow says of version 2 or of version 1"):
        services.promote(actor=by(grace), promote_request=current())
    assert fraud.get_version("Fraud", "2").stage == "None"


def test_a_commit_that_somebody_writes_over_asks_for_a_fresh_look(open_request, fraud, grace):
    approved(open_request, grace)
    fraud.change_facts("Fraud", "2", origin={"commit": "another"})
    with pytest.raises(EvidenceChanged):
        services.promote(actor=by(grace), promote_request=current())
