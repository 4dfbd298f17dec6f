from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import ChampionChanged, EvidenceChanged, RuleNotMet
from promote_requests.models import PromoteRequest
from promote_requests.services import registry_writes, settling
from protection.models import ProtectionRule
from registry import patience
from registry.exceptions import RegistryError, RegistryRefused, RegistryTimeout, RegistryUnreachable
from registry.proposals import Change
from registry.targets import Target
from testing.factories import PromoteRequestFactory, RuleFactory, UserFactory
from testing.people import AdministratorFactory, by

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def somebody_presses_promote(db):
    ProtectionRule.objects.update(promote_when="pressed")
    RuleFactory(target_pattern="model:*", promote_when="pressed")


def approved(promote_request, reviewer):
    return services.review(actor=by(reviewer), promote_request=promote_request, verdict=Verdict.APPROVE).promote_request


def ask(actor, target, **values):
    return PromoteRequestFactory(actor=actor, target=Target.parse(target), **values)


def current():
    return PromoteRequest.objects.get()


def actions():
    return list(AuditEvent.objects.values_list("action", flat=True))


def test_a_promotion_freezes_what_was_decided_on(open_request, fraud, grace):
    promoted = services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    assert promoted.status == Status.PROMOTED
    assert (promoted.promoted_by, promoted.promoted_version) == (grace, "")
    evidence = services.evidence_of(promoted)
    assert evidence.challenger.metrics["auc"].value == 0.94
    assert evidence.champion.version.version == "1"
    assert actions()[-2:] == [AuditAction.PROMOTION_STARTED, AuditAction.PROMOTED]


def a_minute_ago(promote_request):
    PromoteRequest.objects.filter(pk=promote_request.pk).update(promoted_at=timezone.now() - timedelta(minutes=1))


def crash(*_):
    raise SystemError("killed")


def test_a_promoted_version_carries_checkpoints_tags(open_request, fraud, grace, settings):
    settings.CHECKPOINT_PUBLIC_URL = "https://checkpoint.example.com"
    services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    tags = fraud.get_version("Fraud", "2").tags
    assert tags["checkpoint.promote_request"] == f"https://checkpoint.example.com{open_request.get_absolute_url()}"
    assert tags["checkpoint.approved_by"] == "grace"
    assert datetime.fromisoformat(tags["checkpoint.promoted_at"]).utcoffset().total_seconds() == 0


def test_an_alias_moves_to_the_challenger(fraud, ada, grace):
    services.promote(actor=by(ada), promote_request=approved(ask(ada, "alias:champion"), grace))
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}


def test_taking_an_alias_away_leaves_nobody_with_it(fraud, ada, grace):
    asked = ask(ada, "alias:champion", version="1", change=Change.REMOVE)
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert fraud.get_model("Fraud").aliases == {}


def test_a_removal_never_takes_the_alias_from_the_version_that_got_it_meanwhile(fraud, ada, grace):
    removal = ask(ada, "alias:champion", version="1", change=Change.REMOVE)
    removal = approved(removal, grace)
    services.promote(actor=by(ada), promote_request=approved(ask(ada, "alias:champion"), grace))
    with pytest.raises(ChampionChanged, match="Version 2 holds champion now: there is nothing to take away"):
        services.promote(actor=by(ada), promote_request=removal)
    # Nor where reviewers approve what they see now.
    with pytest.raises(ChampionChanged, match="Close this request"):
        services.promote(actor=by(ada), promote_request=approved(removal, grace))
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}
    removal.refresh_from_db()
    assert removal.status == Status.OPEN


def test_a_removal_looks_again_who_has_the_alias_once_it_holds_the_target(fraud, ada, grace):
    removal = approved(ask(ada, "alias:champion", version="1", change=Change.REMOVE), grace)
    looks = []
    fraud.before(
        "get_facts", lambda: looks.append(1) or (len(looks) == 2 and fraud.set_alias("Fraud", "champion", "2"))
    )
    with pytest.raises(ChampionChanged):
        services.promote(actor=by(ada), promote_request=removal)
    assert fraud.get_model("Fraud").aliases == {"champion": "2"}


def test_a_version_with_a_forged_tag_is_not_taken_for_the_copy_that_failed(fraud, ada, grace):
    fraud.add_version("prod.fraud", source="s3://elsewhere")
    asked = approved(ask(ada, "model:prod.fraud"), grace)
    fraud.set_version_tags("prod.fraud", "1", {registry_writes.REQUEST_TAG: registry_writes.address(asked)})
    fraud.fail_next(RegistryRefused("MLflow refused."), call="copy_version")
    with pytest.raises(RegistryRefused):
        services.promote(actor=by(ada), promote_request=asked)
    asked.refresh_from_db()
    assert asked.status == Status.OPEN
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("prod.fraud", "1").tags


def test_a_version_that_nobody_saw_in_the_stage_is_not_archived_unseen(fraud, ada, grace):
    fraud.add_version("Fraud")
    asked = approved(ask(ada, "stage:Production", version="3", archive_existing_versions=True), grace)
    fraud.transition_stage("Fraud", "1", "None", archive_existing_versions=False)
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=False)
    with pytest.raises(ChampionChanged):
        services.promote(actor=by(ada), promote_request=asked)
    asked = approved(asked, grace)
    # An older version comes back beside the champion, which stays the newest.
    fraud.transition_stage("Fraud", "1", "Production", archive_existing_versions=False)
    with pytest.raises(EvidenceChanged, match="which other versions are in Production"):
        services.promote(actor=by(ada), promote_request=asked)
    assert set(fraud.holders("Fraud", asked.target)) == {"1", "2"}
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert set(fraud.holders("Fraud", asked.target)) == {"3"}


def test_a_copy_is_made_in_the_destination_and_numbered_there(fraud, ada, grace):
    fraud.add_version("prod.fraud")
    promoted = services.promote(actor=by(ada), promote_request=approved(ask(ada, "model:prod.fraud"), grace))
    assert promoted.promoted_version == "2"
    copy = fraud.get_version("prod.fraud", "2")
    assert copy.source == "models:/Fraud/2"
    assert copy.tags["checkpoint.approved_by"] == "grace"


@pytest.mark.parametrize("stage", ["Archived", "None"])
def test_a_version_can_go_to_a_stage_that_archives_nobody(fraud, ada, grace, stage):
    asked = ask(ada, f"stage:{stage}", version="1")
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert fraud.get_version("Fraud", "1").stage == stage


def test_holders_stay_when_archiving_is_not_asked_for(fraud, ada, grace):
    asked = ask(ada, "stage:Production", archive_existing_versions=False)
    services.promote(actor=by(ada), promote_request=approved(asked, grace))
    assert set(fraud.holders("Fraud", asked.target)) == {"1", "2"}


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


def test_a_failed_promotion_leaves_the_request_open_with_the_reason(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryRefused("Stage is full."), call="transition_stage")
    with pytest.raises(RegistryRefused, match="Stage is full"):
        services.promote(actor=by(ada), promote_request=ready)
    assert (current().status, current().last_failure) == (Status.OPEN, "Stage is full.")
    assert actions()[-1] == AuditAction.PROMOTION_FAILED
    assert services.promote(actor=by(ada), promote_request=current()).status == Status.PROMOTED
    assert current().last_failure == ""


def test_a_call_that_timed_out_after_its_work_was_done_counts_as_done(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryTimeout("too slow"), call="transition_stage", after=True)
    assert services.promote(actor=by(ada), promote_request=ready).status == Status.PROMOTED


def test_a_change_that_mlflow_may_still_make_keeps_the_request_promoting_and_is_told_as_what_it_was(
    open_request, fraud, ada, grace
):
    fraud.add_version("Fraud")
    beside = PromoteRequestFactory(version="3")
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryTimeout("MLflow did not answer in time.", may_be_done=True), call="transition_stage")
    with pytest.raises(RegistryTimeout, match="may still make the change"):
        services.promote(actor=by(ada), promote_request=ready)
    waits = PromoteRequest.objects.get(pk=ready.pk)
    assert (waits.status, "may still" in waits.last_failure) == (Status.PROMOTING, True)
    with pytest.raises(WrongState, match="Another promotion"):
        services.promote(actor=by(ada), promote_request=approved(beside, grace))
    with pytest.raises(WrongState, match="the request is promoting"):
        services.close(actor=by(ada), promote_request=waits)
    fraud.transition_stage("Fraud", "2", "Production", archive_existing_versions=True)
    services.settle_if_cut_off(waits)
    assert (waits.status, waits.promoted_by, waits.last_failure) == (Status.PROMOTED, ada, "")
    told = AuditEvent.objects.filter(promote_request=ready).exclude(action=AuditAction.REFUSED).order_by("pk")
    assert [(event.action, event.actor_name) for event in told][-3:] == [
        (AuditAction.PROMOTION_STARTED, "ada"),
        (AuditAction.PROMOTION_UNANSWERED, "ada"),
        (AuditAction.PROMOTED, "Checkpoint"),
    ]
    assert told.last().reason == "MLflow made the change after Checkpoint had stopped waiting for its answer."


def test_a_call_that_never_reached_mlflow_opens_the_request_again_though_mlflow_cannot_be_asked(
    open_request, fraud, ada, grace
):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="transition_stage")
    fraud.before("transition_stage", lambda: fraud.fail_next(RegistryUnreachable("gone"), call="get_version"))
    with pytest.raises(RegistryUnreachable, match="cannot be reached"):
        services.promote(actor=by(ada), promote_request=ready)
    assert (current().status, current().last_failure) == (Status.OPEN, "MLflow cannot be reached.")


def test_a_promotion_asks_the_database_as_often_however_many_reviewed(fraud, ada, grace):
    counted = []
    for reviewers in (1, 7):
        version = fraud.add_version("Fraud").version
        asked = PromoteRequestFactory(actor=ada, version=version)
        for _ in range(reviewers):
            services.review(actor=by(UserFactory()), promote_request=asked, verdict="approve")
        asked.refresh_from_db()
        with CaptureQueriesContext(connection) as queries:
            services.promote(actor=by(grace), promote_request=asked)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_a_promotion_that_nobody_can_ask_about_stays_until_settled(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryUnreachable("gone", may_be_done=True), call="transition_stage", after=True)
    # What became of the call is asked of the version alone.
    fraud.fail_next(RegistryUnreachable("gone"), call="get_version")
    with pytest.raises(RegistryUnreachable):
        services.promote(actor=by(ada), promote_request=ready)
    assert current().status == Status.PROMOTING
    settled = services.settle(current())
    assert (settled.status, settled.promoted_by) == (Status.PROMOTED, ada)
    assert AuditEvent.objects.last().actor_name == "Checkpoint"


def crashed(promote_request, monkeypatch, *, done):
    """Leaves what a process leaves that dies between the two transactions, before or after its call to MLflow."""

    class Killed(BaseException):
        pass

    def die(*arguments):
        if done:
            original(*arguments)
        raise Killed

    original = registry_writes.apply
    monkeypatch.setattr(registry_writes, "apply", die)
    with pytest.raises(Killed):
        services.promote(actor=by(promote_request.author), promote_request=promote_request)
    monkeypatch.setattr(registry_writes, "apply", original)
    return current()


def test_settling_after_a_crash_finds_the_promotion_done(open_request, fraud, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=True)
    assert found.status == Status.PROMOTING
    settled = services.settle(found)
    assert settled.status == Status.PROMOTED
    assert services.evidence_of(settled).champion.version.version == "1"
    assert fraud.get_version("Fraud", "2").tags["checkpoint.approved_by"] == "grace"


def test_settling_after_a_crash_finds_the_promotion_not_made(open_request, fraud, ada, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=False)
    with pytest.raises(RegistryError, match="may still make the change"):
        services.settle(found)
    assert current().status == Status.PROMOTING
    PromoteRequest.objects.update(promoting_since=found.promoting_since - timedelta(minutes=15))
    with pytest.raises(RegistryError, match="it was not made"):
        services.settle(current())
    assert current().status == Status.OPEN
    assert services.promote(actor=by(ada), promote_request=current()).status == Status.PROMOTED


def test_a_crashed_copy_is_not_made_twice(fraud, ada, grace, monkeypatch):
    asked = ask(ada, "model:prod.fraud")
    found = crashed(approved(asked, grace), monkeypatch, done=True)
    registry_writes.apply(fraud, found)
    assert services.settle(found).promoted_version == "1"
    assert len(fraud.list_versions("prod.fraud")) == 1


def test_settling_twice_changes_nothing_more(open_request, grace, monkeypatch):
    found = crashed(approved(open_request, grace), monkeypatch, done=True)
    services.settle(found)
    services.settle(found)
    assert actions().count(AuditAction.PROMOTED) == 1


def test_a_promotion_settled_too_early_as_failed_still_ends_as_promoted(open_request, fraud, ada, grace, monkeypatch):
    ready = approved(open_request, grace)

    def settle_before_the_call():
        if current().status == Status.PROMOTING:
            with pytest.raises(RegistryError):
                services.settle(current())

    fraud.before("transition_stage", settle_before_the_call)
    assert services.promote(actor=by(ada), promote_request=ready).status == Status.PROMOTED
    assert current().promoted_by == ada


def test_nobody_waits_for_the_tags_of_a_large_models_version(open_request, fraud, grace, monkeypatch):
    """MLflow reads every version of the model to set one."""
    monkeypatch.setattr(registry_writes, "FEW_VERSIONS", 1)
    services.promote(actor=by(grace), promote_request=approved(open_request, grace))
    open_request.refresh_from_db()
    assert (open_request.status, open_request.tags_are_due) == (Status.PROMOTED, True)
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("Fraud", "2").tags
    settling.write_due_tags()  # too early: whoever promotes may still be writing them
    assert registry_writes.APPROVED_BY_TAG not in fraud.get_version("Fraud", "2").tags
    a_minute_ago(open_request)
    settling.write_due_tags()
    assert fraud.get_version("Fraud", "2").tags[registry_writes.APPROVED_BY_TAG] == "grace"
    open_request.refresh_from_db()
    assert not open_request.tags_are_due


def test_tags_that_a_crash_kept_from_being_written_are_written_later(open_request, fraud, grace, monkeypatch):
    ready = approved(open_request, grace)
    with monkeypatch.context() as patched:
        patched.setattr(settling, "_tag", crash)
        with pytest.raises(SystemError):
            services.promote(actor=by(grace), promote_request=ready)
    assert [found.pk for found in services.unsettled()] == [open_request.pk]
    a_minute_ago(open_request)
    settling.write_due_tags()
    assert fraud.get_version("Fraud", "2").tags[registry_writes.APPROVED_BY_TAG] == "grace"
    assert not services.unsettled()


def test_a_promotion_stands_when_its_tags_cannot_be_written_and_settling_writes_them(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryUnreachable("gone"), call="set_version_tags")
    promoted = services.promote(actor=by(ada), promote_request=ready)
    assert promoted.status == Status.PROMOTED
    assert "tags could not be written" in promoted.last_failure
    settled = services.settle(current())
    assert (settled.last_failure, current().last_failure) == ("", "")
    assert "checkpoint.approved_by" in fraud.get_version("Fraud", "2").tags


def test_a_promotion_that_has_begun_is_ended_though_the_page_has_waited_long_enough(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    left = {}
    for call in ("get_facts", "transition_stage", "set_version_tags"):
        fraud.before(call, lambda call=call: left.setdefault(call, patience.seconds_left(60)))
    with patience.at_most(1):
        services.promote(actor=by(ada), promote_request=ready)
    assert left["get_facts"] <= 1
    assert min(left["transition_stage"], left["set_version_tags"]) > 10


def test_two_promotions_to_one_target_do_not_run_at_once(fraud, ada, grace, monkeypatch):
    fraud.add_version("Fraud")
    first = approved(ask(ada, "stage:Production"), grace)
    second = approved(ask(ada, "stage:Production", version="3"), grace)

    def promote_the_other_meanwhile():
        with pytest.raises(WrongState, match="Another promotion to Production is under way"):
            services.promote(actor=by(ada), promote_request=second)

    fraud.before("transition_stage", promote_the_other_meanwhile)
    assert services.promote(actor=by(ada), promote_request=first).status == Status.PROMOTED


def test_an_open_request_is_left_alone_by_settling(open_request):
    assert services.settle(open_request).status == Status.OPEN


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
