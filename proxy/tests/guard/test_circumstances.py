"""What decides beside the target: an MLflow that is away, a running promotion, the workspace; and the record of it."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from audit.refused_calls import ROWS_PER_HOUR
from promote_requests import services
from promote_requests.choices import Status, Verdict
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule, RuleInsight
from proxy.guard.decide import check_seal
from proxy.guard.routes import classify
from proxy.tests.guard import calls
from proxy.tests.guard.calls import NOBODY, form, move, passed, refused, send
from registry import fake, patience
from registry.exceptions import RegistryUnreachable
from testing.factories import PromoteRequestFactory, UserFactory, cut_off
from testing.people import by

pytestmark = pytest.mark.django_db
fraud = calls.fraud
only = calls.only


def test_all_that_the_guard_asks_mlflow_for_one_call_has_a_bound_in_sum(fraud):
    left = []
    fraud.before("get_version", lambda: left.append(patience.seconds_left(1000.0)))
    fraud.before("get_job_run", lambda: left.append(patience.seconds_left(1000.0)))
    passed(send("delete-version", {"name": "Fraud", "version": "3"}))
    path = "/ajax-api/3.0/mlflow/prompt-optimization/jobs/0123"
    check_seal(classify("DELETE", path), method="DELETE", path=path, query="", workspace="", actor=NOBODY)
    assert len(left) > 1
    assert max(left) <= patience.PAGE


def test_a_registry_that_does_not_answer_lets_nothing_pass(fraud):
    fraud.fail_next(RegistryUnreachable("down"))
    with pytest.raises(RegistryUnreachable):
        send("transition-stage", move("3", "Production"))


def test_nothing_that_rests_on_a_look_up_passes_while_a_promotion_runs(fraud, only):
    only("stage:Production")
    ada = get_user_model().objects.create_user("ada")
    PromoteRequest.objects.create(
        title="t",
        model_name="Fraud",
        version="3",
        target_kind="stage",
        target_name="Production",
        author=ada,
        status=Status.PROMOTING,
        promoting_since=timezone.now(),
        promoted_by=ada,
    )
    for operation, message in [
        ("transition-stage", move("3", "Staging")),
        ("delete-version", {"name": "Fraud", "version": "3"}),
    ]:
        assert refused(send(operation, message), 409).code == "INVALID_STATE"
    passed(send("set-alias", {"name": "Fraud", "alias": "trial", "version": "2"}))


def test_a_promotion_that_a_crash_cut_off_is_settled_and_stands_in_nobodys_way(fraud, only):
    only("stage:Production")
    asked = cut_off(fraud, ago=timedelta(minutes=3), version="3", made=True)
    passed(send("transition-stage", move("1", "Staging")))
    asked.refresh_from_db()
    assert asked.status == Status.PROMOTED
    assert "Production" in refused(send("delete-version", {"name": "Fraud", "version": "3"})).message


LOOKING = [
    ("transition-stage", move("3", "Staging")),
    ("delete-version", {"name": "Fraud", "version": "3"}),
    ("delete-model", {"name": "Fraud"}),
    ("rename-model", {"name": "Fraud", "new_name": "Fraud2"}),
    ("set-version-tag", {"name": "Fraud", "version": "3", "key": "mlflow.prompt.text", "value": "Bye"}),
    ("set-model-tag", {"name": "Fraud", "key": "mlflow.prompt.is_prompt", "value": "no"}),
]
"""Each rests on who holds what, and nobody holds anything that is protected yet."""


@pytest.fixture
def unheld(registry, only):
    """Three versions that hold nothing, and a rule for Production."""
    only("stage:Production")
    for _ in range(3):
        registry.add_version("Fraud")
    return registry


@pytest.mark.parametrize(("operation", "message"), LOOKING)
def test_a_promotion_that_begins_and_ends_after_the_look_up_lets_nothing_pass(unheld, monkeypatch, operation, message):
    """The registry showed nobody at the target, and the record shows no promotion under way any more."""
    asked = PromoteRequestFactory(version="3")

    def promoted_behind(call):
        def looking(*arguments, **options):
            found = call(*arguments, **options)
            monkeypatch.undo()
            services.review(actor=by(UserFactory()), promote_request=asked, verdict=Verdict.APPROVE)
            return found

        return looking

    for call in ("get_version", "get_model"):
        monkeypatch.setattr(unheld, call, promoted_behind(getattr(unheld, call)))
    outcome = send(operation, message)
    assert outcome.status in (403, 409), outcome
    assert PromoteRequest.objects.get().status == Status.PROMOTED
    assert "Production" in refused(send(operation, message)).message


@pytest.mark.parametrize(("operation", "message"), LOOKING)
def test_a_promotion_that_was_cut_off_and_lands_after_the_look_up_lets_nothing_pass(unheld, operation, message):
    asked = cut_off(unheld, ago=timedelta(minutes=3), version="3")
    looks = []

    def lands():
        looks.append(1)
        if len(looks) == 2:
            unheld.transition_stage("Fraud", "3", "Production", archive_existing_versions=False)

    for call in ("get_version", "get_model"):
        unheld.before(call, lands)
    outcome = send(operation, message)
    assert outcome.status in (403, 409), outcome
    assert unheld.get_version("Fraud", "3").stage == "Production"
    assert asked.number == PromoteRequest.objects.get().number


def test_rules_of_one_workspace_do_not_reach_into_another(fraud, only):
    only("alias:champion", workspace_pattern="blue")
    fake.connect("blue").add_version("Fraud")
    message = {"name": "Fraud", "alias": "champion", "version": "1"}
    passed(send("set-alias", message))
    assert form(refused(send("set-alias", message, workspace="blue")))["workspace"] == "blue"


def test_a_disabled_rule_protects_nothing_and_a_saved_one_at_once(fraud, only):
    only("alias:champion", enforcement="off")
    message = {"name": "Fraud", "alias": "champion", "version": "3"}
    passed(send("set-alias", message))
    ProtectionRule.objects.update(enforcement="active")
    refused(send("set-alias", message))


def test_a_refusal_is_in_the_audit_trail_with_its_caller(fraud):
    ada = get_user_model().objects.create_user("ada")
    caller = Actor.of(ada, Door.PROXY, "r-1")
    send("transition-stage", move("3", "Production"), actor=caller)
    send("set-alias", {"name": "Fraud", "alias": "champion", "version": "3"})
    first, second = AuditEvent.objects.filter(action=AuditAction.CALL_REFUSED)
    assert (first.actor, first.actor_name, first.model_name, first.version) == (ada, "ada", "Fraud", "3")
    assert (first.target, first.request_id) == ("stage:Production", "r-1")
    assert first.reason.startswith("POST /api/2.0/mlflow/model-versions/transition-stage: Production of Fraud")
    assert (second.actor, second.actor_name, second.target) == (None, "anonymous", "alias:champion")


def test_anonymous_calls_beyond_a_few_are_counted_and_not_recorded_each(fraud):
    for _ in range(20):
        refused(send("set-alias", {"name": "Fraud", "version": "3", "alias": "champion"}))
    assert AuditEvent.objects.filter(action=AuditAction.CALL_REFUSED).count() == ROWS_PER_HOUR


def test_what_passes_or_is_bad_input_leaves_no_audit_row(fraud):
    passed(send("set-alias", {"name": "Fraud", "alias": "trial", "version": "2"}))
    refused(send("set-alias", None, body=b"{"), 400)
    assert not AuditEvent.objects.exists()


def test_an_ambiguous_call_is_bad_input(fraud):
    refused(send("set-alias", {"name": "Fraud", "alias": "x", "version": "3"}, query="alias=champion"), 400)
    outcome = refused(send("set-alias", None, body=b'{"name":"Fraud","alias":"x","version":"3","alias":"y"}'), 400)
    assert outcome.code == "INVALID_PARAMETER_VALUE"


def test_the_default_workspace_is_one_whether_it_is_named_or_not(fraud):
    message = {"name": "Fraud", "alias": "champion", "version": "3"}
    for workspace in ("", "default", " default"):
        outcome = refused(send("set-alias", message, workspace=workspace))
        assert "workspace" not in form(outcome)
    assert set(AuditEvent.objects.values_list("workspace", flat=True)) == {""}


def test_a_call_reads_the_rules_once_however_often_it_is_judged_by_them(fraud, only, ada):
    """By those that hold, by those that are only evaluated, for what is kept of it, and for what could be held."""
    only("alias:champion")
    ProtectionRule.objects.create(target_pattern="alias:*", enforcement="evaluate")
    message = {"name": "Fraud", "alias": "champion", "version": "3"}
    with CaptureQueriesContext(connection) as asked:
        refused(send("set-alias", message, actor=Actor.of(ada, Door.PROXY, "r-1")))
    tables = ("protection_protectionrule", "protection_freezewindow", "protection_ownership")
    assert sum(any(f'FROM "{table}"' in query["sql"] for table in tables) for query in asked.captured_queries) == 1
    assert RuleInsight.objects.count() == 2
