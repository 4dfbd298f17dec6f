from contextlib import suppress

import pytest

from accounts.models import User
from audit.choices import AuditAction
from audit.models import AuditEvent
from foundation.exceptions import WrongState
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.exceptions import EvidenceChanged
from promote_requests.models import PromoteRequest
from promote_requests.tests.promotion import story
from promote_requests.tests.promotion.story import actions, approved, current
from protection.models import ProtectionRule
from registry import patience
from registry.exceptions import RegistryError, RegistryRefused, RegistryTimeout, RegistryUnreachable
from testing.factories import PromoteRequestFactory, UserFactory
from testing.people import by

pytestmark = pytest.mark.django_db
somebody_presses_promote = story.somebody_presses_promote


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


ENDED = {"status", "updated_at", "promoted_at", "holds_target"}
"""What the end of a promotion writes; all else is as it was when the promotion began."""


def record_of_now():
    found = current()
    columns = {field.attname for field in PromoteRequest._meta.concrete_fields}
    return {column: getattr(found, column) for column in columns - ENDED}


def given_up():
    with suppress(RegistryError):
        services.settle(current(), give_up=True)
    assert (current().status, current().judged_by) == (Status.OPEN, None)


def looked_at_when_the_facts_were_others(fraud, ada):
    given_up()
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.96})
    with pytest.raises(EvidenceChanged):
        approved(current(), UserFactory())
    assert not services.decision_of(current()).approvers


def reopened(fraud, ada):
    given_up()
    services.withdraw(actor=by(ada), promote_request=current())
    services.reopen(actor=by(ada), promote_request=current())


@pytest.mark.parametrize(
    "meanwhile", [lambda *_: None, lambda *_: given_up(), looked_at_when_the_facts_were_others, reopened]
)
def test_a_promotion_that_succeeds_late_has_the_record_that_it_would_have_had_in_time(
    open_request, fraud, ada, grace, meanwhile
):
    ProtectionRule.objects.update(conditions={"approvals": 1, "gates": ["metric auc >= 0.9"]})
    began = {}

    def while_mlflow_is_called():
        began.update(record_of_now())
        meanwhile(fraud, ada)

    fraud.before("transition_stage", while_mlflow_is_called)
    promoted = services.promote(actor=by(ada), promote_request=approved(open_request, grace))
    assert (promoted.status, promoted.approved_by, promoted.last_failure) == (Status.PROMOTED, ["grace"], "")
    assert (bool(began["judged_by"]), [*began["gate_results"]]) == (True, ["metric auc >= 0.9"])
    assert record_of_now() == began
    assert services.decision_of(current()).approvers == ("grace",)


def reported(state):
    asked, reporter = current(), User.objects.get(username="ci")
    seen = asked.evidence_fingerprint
    services.report_check(actor=by(reporter), promote_request=asked, name="ci", state=state, evidence_fingerprint=seen)


def judged_by_others(open_request, grace):
    """What people say of a request that is open though its write is under way."""
    given_up()
    asked, cara, mallory = current(), UserFactory(), UserFactory(username="mallory")
    approved(asked, cara)
    approved(asked, grace)
    services.review(actor=by(mallory), promote_request=asked, verdict=Verdict.REQUEST_CHANGES, body="No.")
    reported("failure")


def edited(open_request, grace):
    given_up()
    services.edit(actor=by(open_request.author), promote_request=current(), title="Another", description="Words.")


def reopened_and_judged(open_request, grace):
    reopened(None, open_request.author)
    approved(current(), UserFactory())
    approved(current(), grace)


@pytest.mark.parametrize("meanwhile", [judged_by_others, edited, reopened_and_judged])
def test_what_is_said_while_a_write_is_under_way_is_no_part_of_what_was_promoted_on(
    open_request, fraud, ada, grace, meanwhile
):
    ProtectionRule.objects.update(conditions={"approvals": 1, "checks": [{"name": "ci"}]})
    UserFactory(username="ci")
    reported("success")
    ready = approved(open_request, grace)
    held = []

    def while_mlflow_is_called():
        held.append(services.decision_of(current()))
        meanwhile(ready, grace)

    fraud.before("transition_stage", while_mlflow_is_called)
    services.promote(actor=by(ada), promote_request=ready)
    assert current().status == Status.PROMOTED
    assert services.decision_of(current()) == held[0]
    assert fraud.get_version("Fraud", "2").tags["checkpoint.approved_by"] == "grace"


def test_a_call_that_never_reached_mlflow_opens_the_request_again_though_mlflow_cannot_be_asked(
    open_request, fraud, ada, grace
):
    ready = approved(open_request, grace)
    fraud.fail_next(RegistryUnreachable("MLflow cannot be reached."), call="transition_stage")
    fraud.before("transition_stage", lambda: fraud.fail_next(RegistryUnreachable("gone"), call="get_version"))
    with pytest.raises(RegistryUnreachable, match="cannot be reached"):
        services.promote(actor=by(ada), promote_request=ready)
    assert (current().status, current().last_failure) == (Status.OPEN, "MLflow cannot be reached.")


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


def test_a_promotion_that_has_begun_is_ended_though_the_page_has_waited_long_enough(open_request, fraud, ada, grace):
    ready = approved(open_request, grace)
    left = {}
    for call in ("get_facts", "transition_stage", "set_version_tags"):
        fraud.before(call, lambda call=call: left.setdefault(call, patience.seconds_left(60)))
    with patience.at_most(1):
        services.promote(actor=by(ada), promote_request=ready)
    assert left["get_facts"] <= 1
    assert min(left["transition_stage"], left["set_version_tags"]) > 10
