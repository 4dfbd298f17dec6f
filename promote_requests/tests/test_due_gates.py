"""What is promoted by itself and waits for a gate alone: the worker measures it again, because nobody else would."""

import pytest
from django.core.management import call_command

from audit.models import AuditEvent
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from promote_requests.services.by_itself import measuring
from promote_requests.services.by_itself.due import promote_all_due
from promote_requests.services.by_itself.measuring import measure_waiting
from protection.conditions.gates import NOT_PASSED
from protection.models import ProtectionRule
from registry.exceptions import RegistryUnreachable
from testing.factories import PromoteRequestFactory, RuleFactory
from testing.people import by

pytestmark = pytest.mark.django_db
GATE = "tag validated = yes"


@pytest.fixture(autouse=True)
def rule(db):
    ProtectionRule.objects.all().delete()
    return RuleFactory(
        target_pattern="stage:Production", conditions={"approvals": 1, "gates": [GATE]}, promote_when="due"
    )


def approved(ada, grace, **values):
    asked = PromoteRequestFactory(actor=ada, **values)
    services.review(actor=by(grace), promote_request=asked, verdict=Verdict.APPROVE)
    asked.refresh_from_db()
    assert asked.status == Status.OPEN
    return asked


@pytest.fixture
def waiting(fraud, ada, grace):
    return approved(ada, grace)


def status(asked):
    return PromoteRequest.objects.get(pk=asked.pk).status


def measured(*asked):
    return [PromoteRequest.objects.get(pk=one.pk).measured_at for one in asked]


def test_a_tag_that_is_set_later_is_seen_and_the_request_promoted(waiting, fraud):
    measure_waiting()
    assert [missing.code for missing in services.decision_of(waiting).unmet] == [NOT_PASSED]
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    measure_waiting()
    assert services.decision_of(PromoteRequest.objects.get()).is_approved
    promote_all_due()
    assert status(waiting) == Status.PROMOTED


def test_the_command_sees_it_without_a_worker(waiting, fraud, capsys):
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    call_command("promote_due")
    assert (status(waiting), f"{waiting}: promoted" in capsys.readouterr().out) == (Status.PROMOTED, True)


def test_whose_facts_changed_is_said_to_and_waits_for_reviewers(waiting, fraud):
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.99})
    fraud.set_version_tags("Fraud", "2", {"validated": "yes"})
    call_command("promote_due")
    assert [missing.code for missing in services.decision_of(PromoteRequest.objects.get()).unmet] == [
        "approvals_missing"
    ]
    assert AuditEvent.objects.filter(action="evidence_changed", actor_name="Checkpoint").count() == 1


@pytest.mark.parametrize("who", ["worker", "page"])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_metric_that_comes_later_promotes_what_nobody_has_to_approve_unless_the_champion_is_another(
    rule, fraud, ada, client, who, replaced
):
    ProtectionRule.objects.update(conditions={"approvals": 0, "gates": ["metric auc >= 0.97"]})
    asked = PromoteRequestFactory(actor=ada)
    fraud.change_facts("Fraud", "2", metrics={"auc": 0.99})
    if replaced:
        fraud.add_version("Fraud", stage="Production")
    client.force_login(ada)
    for _ in range(2):
        if who == "page":
            client.post(f"{asked.get_absolute_url()}now/")
        else:
            measure_waiting()
            promote_all_due()
    found = PromoteRequest.objects.get()
    assert (found.status, bool(found.last_failure)) == ((Status.OPEN, True) if replaced else (Status.PROMOTED, False))


def test_a_version_that_is_deleted_is_noticed_and_asked_for_no_more(waiting, fraud):
    fraud.delete_version("Fraud", "2")
    measure_waiting()
    assert PromoteRequest.objects.get().gone_at is not None
    fraud.calls.clear()
    measure_waiting()
    assert fraud.calls == []


def of_another_rule(asked, rule):
    rule.promote_when = "approved"
    rule.save()


def without_the_gate(asked, rule):
    rule.conditions = {"approvals": 2}
    rule.save()


def waiting_for_more(asked, rule):
    rule.conditions = {"approvals": 2, "gates": [GATE]}
    rule.save()


def failed_once(asked, rule):
    PromoteRequest.objects.update(last_failure="MLflow is away.")


@pytest.mark.parametrize("case", [of_another_rule, without_the_gate, waiting_for_more, failed_once])
def test_mlflow_is_asked_only_for_what_waits_for_nothing_else(case, waiting, rule, fraud):
    case(waiting, rule)
    fraud.calls.clear()
    measure_waiting()
    assert (fraud.calls, measured(waiting)) == ([], [None])


def test_each_gets_its_turn_whatever_mlflow_says_of_the_others(waiting, fraud, ada, grace, monkeypatch, caplog):
    monkeypatch.setattr(measuring, "_MOST", 1)
    other = approved(ada, grace, version=fraud.add_version("Fraud").version)
    fraud.fail_next(RegistryUnreachable("away"), call="get_facts")
    measure_waiting()
    assert f"The gates of {waiting} cannot be measured: away" in caplog.text
    first, second = measured(waiting, other)
    assert (first is not None, second) == (True, None)
    measure_waiting()
    assert measured(waiting, other)[0] == first
    measure_waiting()
    again, second = measured(waiting, other)
    assert again > second > first


def test_a_slow_mlflow_ends_the_run_and_not_the_turn_of_the_rest(waiting, fraud, ada, grace, monkeypatch):
    other = approved(ada, grace, version=fraud.add_version("Fraud").version)
    clock = iter([0.0, 1.0, measuring._LONGEST + 1])
    monkeypatch.setattr(measuring, "monotonic", lambda: next(clock))
    monkeypatch.setattr(measuring, "_measure", lambda *arguments: None)
    measure_waiting()
    first, second = measured(waiting, other)
    assert (first is not None, second) == (True, None)


def test_what_is_closed_before_its_turn_is_not_asked_for(waiting, fraud, ada, grace):
    other = approved(ada, grace, version=fraud.add_version("Fraud").version)
    closing = iter([lambda: services.withdraw(actor=by(ada), promote_request=other)])
    fraud.before("holders", lambda: next(closing, lambda: None)())
    measure_waiting()
    assert (status(other), measured(other)) == (Status.CLOSED, [None])
