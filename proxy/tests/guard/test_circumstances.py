import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from audit.actors import Actor, Door
from audit.choices import AuditAction
from audit.models import AuditEvent
from audit.refused_calls import ROWS_PER_HOUR
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from protection.models import ProtectionRule
from proxy.guard.decide import Allowed, check_seal, decide
from proxy.guard.routes import REGISTRY_CALLS, classify
from proxy.guard.rulings import Unchanged
from proxy.refusals import Refusal
from registry import fake, patience
from registry.exceptions import RegistryUnreachable
from registry.targets import Target
from testing.factories import PromoteRequestFactory, cut_off

pytestmark = pytest.mark.django_db

CALLS = {operation: call for call, operation in REGISTRY_CALLS.items()}
NOBODY = Actor.anonymous(Door.PROXY, "r-1")


@pytest.fixture
def fraud(registry):
    """Version 1 archived, 2 in Production with the alias champion, 3 new with the alias trial."""
    registry.add_version("Fraud", stage="Archived")
    registry.add_version("Fraud", stage="Production", aliases=("champion",))
    registry.add_version("Fraud", aliases=("trial",))
    return registry


@pytest.fixture
def only():
    """Replaces the shipped rules by one per target pattern given."""

    def replace(*patterns, **fields):
        ProtectionRule.objects.all().delete()
        for pattern in patterns:
            ProtectionRule.objects.create(target_pattern=pattern, **fields)

    return replace


def send(operation, message, *, family="/api/2.0", query="", actor=NOBODY, workspace="", body=None):
    method, path = CALLS[operation]
    path = f"{family}/mlflow/{path}"
    return decide(
        classify(method, path),
        method=method,
        path=path,
        query=query,
        content_type="application/json",
        body=json.dumps(message).encode() if body is None else body,
        workspace=workspace,
        actor=actor,
    )


def call(method, path, *, query="", message=None):
    return decide(
        classify(method, path),
        method=method,
        path=path,
        query=query,
        content_type="",
        body=b"" if message is None else json.dumps(message).encode(),
        workspace="",
        actor=NOBODY,
    )


def move(version, stage, **fields):
    return {"name": "Fraud", "version": version, "stage": stage, **fields}


def refused(outcome, status=403):
    assert isinstance(outcome, Refusal), outcome
    assert outcome.status == status, outcome.message
    return outcome


def form(outcome):
    """The fields that the form is filled in with."""
    assert outcome.message.endswith(f"{django_settings.CHECKPOINT_PUBLIC_URL}{outcome.form_path}")
    fields = {key: values[0] for key, values in parse_qs(urlsplit(outcome.form_path).query).items()}
    assert fields.pop("refused") == str(outcome.target or outcome.proposal.target)
    return fields


def passed(outcome):
    assert isinstance(outcome, Allowed), outcome
    assert (outcome.content_type, outcome.query) == ("application/json", "")
    return json.loads(outcome.body)


@pytest.mark.parametrize("family", ["/api/2.0", "/ajax-api/2.0"])
def test_a_move_into_a_protected_stage_leads_to_the_form(fraud, family):
    outcome = refused(send("transition-stage", move("3", "production", archiveExistingVersions=True), family=family))
    assert outcome.code == "PERMISSION_DENIED"
    assert outcome.message.startswith(
        "Production of Fraud is protected: version 3 gets there by a promote request that colleagues approve. "
        "Open it here: http"
    )
    assert form(outcome) == {
        "model": "Fraud",
        "version": "3",
        "target": "stage:Production",
        "archive_existing_versions": "1",
    }


def test_a_move_out_of_a_protected_stage_leads_to_the_form(fraud, only):
    only("stage:Production")
    outcome = refused(send("transition-stage", move("2", "Staging")))
    assert "version 2 leaves it for Staging" in outcome.message
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "stage:Staging"}


def test_a_move_that_would_archive_others_into_a_protected_stage_is_refused(fraud, only):
    only("stage:Archived")
    outcome = refused(send("transition-stage", move("3", "Production", archive_existing_versions=True)))
    assert form(outcome)["target"] == "stage:Production"
    passed(send("transition-stage", move("3", "Production")))


def test_a_move_between_unprotected_stages_passes_in_our_own_words(fraud, only):
    only("stage:Production")
    message = passed(send("transition-stage", move("03", "STAGING", archive_existing_versions=True)))
    assert message == {"name": "Fraud", "version": "3", "stage": "Staging", "archive_existing_versions": True}


def test_a_stage_that_mlflow_does_not_know_is_bad_input(fraud):
    refused(send("transition-stage", move("3", "Live")), 400)


def test_what_is_so_already_is_answered_as_done_and_not_passed_on(fraud):
    before = AuditEvent.objects.count()
    assert send("transition-stage", move("2", "Production")) == Unchanged("Fraud", "2")
    assert send("set-alias", {"name": "Fraud", "alias": "champion", "version": "2"}) == Unchanged()
    assert AuditEvent.objects.count() == before
    # It would archive the others, and that is a change.
    refused(send("transition-stage", move("2", "Production") | {"archive_existing_versions": True}))


@pytest.mark.parametrize("key", [" team", "team ", " team "])
def test_a_tag_may_be_called_with_outer_spaces_unless_it_would_be_a_protected_one_without(fraud, key):
    message = {"name": "Fraud", "version": " 1 ", "key": key, "value": "x"}
    assert json.loads(send("set-version-tag", message).body)["key"] == key
    for protected in (" checkpoint.approved_by", "checkpoint.approved_by ", "mlflow.prompt.text "):
        refused(send("set-version-tag", message | {"version": "2", "key": protected}))


def test_what_the_registry_does_not_know_is_answered_in_its_words_and_not_passed_on(fraud):
    for operation, message in [
        ("transition-stage", move("9", "Production")),
        ("set-alias", {"name": "Fraud", "alias": "champion", "version": "9"}),
        ("delete-alias", {"name": "Other", "alias": "champion"}),
        ("delete-version", {"name": "Fraud", "version": "9"}),
        ("delete-model", {"name": "Other"}),
        ("rename-model", {"name": "Other", "new_name": "Fraud2"}),
    ]:
        assert refused(send(operation, message), 404).code == "RESOURCE_DOES_NOT_EXIST"


def test_taking_away_a_protected_alias_that_nobody_has_is_done_as_in_mlflow_and_passes_nothing_on(fraud):
    assert send("delete-alias", {"name": "Fraud", "alias": "prod"}) == Unchanged()


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


@pytest.mark.parametrize("alias", ["champion", "Champion", "CHAMPION", "prod", "ch\u00e1mpion", "\uff43hampion"])
def test_a_protected_alias_is_not_set_under_any_spelling(fraud, alias):
    outcome = refused(send("set-alias", {"name": "Fraud", "alias": alias, "version": "3"}))
    assert form(outcome)["target"] == f"alias:{alias}"
    assert form(outcome)["version"] == "3"


def test_a_protected_alias_is_not_taken_away(fraud):
    outcome = refused(send("delete-alias", {"name": "Fraud", "alias": "champion"}))
    assert "taken from version 2" in outcome.message
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "alias:champion", "change": "remove"}


def test_unprotected_aliases_pass(fraud):
    message = {"name": "Fraud", "alias": "trial", "version": "2"}
    assert passed(send("set-alias", message)) == message
    assert passed(send("delete-alias", {"name": "Fraud", "alias": "trial"})) == {"name": "Fraud", "alias": "trial"}


def test_a_version_that_holds_a_protected_target_is_not_deleted(fraud):
    outcome = refused(send("delete-version", {"name": "Fraud", "version": "2"}))
    assert "version 2 is in Production, version 2 has the alias champion" in outcome.message
    assert form(outcome)["target"] == "stage:Archived"


def test_a_version_with_only_a_protected_alias_is_to_lose_it_first(fraud, only):
    only("alias:champion")
    outcome = refused(send("delete-version", {"name": "Fraud", "version": "2"}))
    assert form(outcome) == {"model": "Fraud", "version": "2", "target": "alias:champion", "change": "remove"}


@pytest.mark.parametrize("version", ["1", "3"])
def test_a_version_that_holds_nothing_in_use_may_be_deleted(fraud, version):
    passed(send("delete-version", {"name": "Fraud", "version": version}))


def test_a_version_of_a_protected_model_is_not_deleted_and_no_request_would_help(fraud, only):
    only("model:Fraud")
    assert refused(send("delete-version", {"name": "Fraud", "version": "1"})).form_path == ""


def test_a_model_that_holds_a_protected_target_is_neither_deleted_nor_renamed(fraud):
    for operation, message in [
        ("delete-model", {"name": "Fraud"}),
        ("rename-model", {"name": "Fraud", "new_name": "Other"}),
    ]:
        assert form(refused(send(operation, message)))["version"] == "2"


def test_a_model_that_holds_nothing_may_be_deleted_and_renamed(registry):
    registry.add_version("Trial", aliases=("try",))
    passed(send("delete-model", {"name": "Trial"}))
    passed(send("rename-model", {"name": "Trial", "new_name": "Trial2"}))


@pytest.mark.parametrize("name", [" Trial", "Trial ", "\tTrial\n", "\u3000Trial"])
def test_a_model_whose_name_nobody_should_have_is_renamed_to_a_better_one_and_not_back(registry, name):
    registry.add_version(name)
    message = {"name": name, "new_name": "Trial 2"}
    assert passed(send("rename-model", message)) == message
    refused(send("rename-model", {"name": "Trial 2", "new_name": name}), status=400)
    refused(send("delete-model", {"name": name}), status=400)


def test_a_name_with_outer_spaces_that_holds_something_protected_is_not_renamed_away(registry):
    registry.add_version(" Fraud", stage="Production")
    refused(send("rename-model", {"name": " Fraud", "new_name": "Trial"}))


def test_a_name_with_outer_spaces_means_no_model_that_is_called_otherwise(registry):
    registry.add_version("Fraud")
    refused(send("rename-model", {"name": "Fraud ", "new_name": "Trial"}), status=404)


def test_a_model_is_not_renamed_to_where_its_version_would_hold_something_protected(fraud, only):
    only("stage:Production", model_pattern="prod-*")
    passed(send("rename-model", {"name": "Fraud", "new_name": "old-fraud"}))
    refused(send("rename-model", {"name": "Fraud", "newName": "prod-fraud"}))


def test_a_model_with_versions_is_not_renamed_into_a_protected_destination(fraud, only):
    only("model:prod.*")
    refused(send("rename-model", {"name": "Fraud", "new_name": "PROD.fraud"}))
    fraud.add_model("Empty")
    passed(send("rename-model", {"name": "Empty", "new_name": "prod.empty"}))


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("models:/Fraud/3", "3"),
        ("models:/Fraud/Production", "2"),
        ("models:/Fraud/latest", "3"),
        ("models:/Fraud@champion", "2"),
        ("MODELS:///Fraud/1", "1"),
    ],
)
def test_a_copy_into_a_protected_model_leads_to_the_form(fraud, only, source, version):
    only("model:prod.*")
    outcome = refused(send("create-version", {"name": "prod.fraud", "source": source}))
    assert form(outcome) == {"model": "Fraud", "version": version, "target": "model:prod.fraud"}


def test_a_copy_of_something_unknown_leads_to_the_form_without_a_version(fraud, only):
    only("model:prod.*")
    for source in ("models:/Fraud@nobody", "models:/Other/latest", "models:/Fraud/Staging", "models:/Fraud/\u00b2"):
        assert "version" not in form(refused(send("create-version", {"name": "prod.fraud", "source": source})))


@pytest.mark.parametrize("source", ["runs:/abc/model", "models:/m-123", "s3://b/x", "dummy-source", "models://[x"])
def test_a_direct_registration_in_a_protected_model_is_told_where_to_go(fraud, only, source):
    only("model:prod.*")
    outcome = refused(send("create-version", {"name": "prod.fraud", "source": source}))
    assert "under another name first" in outcome.message
    assert outcome.form_path == ""


def test_registrations_elsewhere_pass_whole(fraud):
    message = {
        "name": "Fraud",
        "source": "runs:/abc/model",
        "run_id": "abc",
        "tags": [{"key": "team", "value": "risk"}],
        "description": "d",
    }
    assert passed(send("create-version", message)) == message


def test_a_copy_elsewhere_passes_without_its_originals_seal(fraud):
    tags = [{"key": "checkpoint.approved_by", "value": "grace"}, {"key": "team", "value": "risk"}]
    message = passed(send("create-version", {"name": "Trial", "source": "models:/Fraud/2", "tags": tags}))
    assert message["tags"] == [{"key": "team", "value": "risk"}]


@pytest.mark.parametrize(
    "key", ["checkpoint.approved_by", "Checkpoint.x", " checkpoint.x", "checkp\u00f3int.x", "checkpoin\ua787.x"]
)
def test_a_seal_is_not_given_at_creation(fraud, key):
    tags = [{"key": "a", "value": "b"}, {"key": key, "value": "grace"}]
    refused(send("create-version", {"name": "Fraud", "source": "runs:/abc/model", "tags": tags}))
    refused(send("create-model", {"name": "New", "tags": tags}))


@pytest.mark.parametrize("operation", ["set-version-tag", "delete-version-tag", "set-model-tag", "delete-model-tag"])
def test_a_seal_is_neither_set_nor_deleted(fraud, operation):
    message = {"name": "Fraud", "version": "3", "key": "checkpoint.promoted_at", "value": "now"}
    assert "Checkpoint's record" in refused(send(operation, message)).message


@pytest.mark.parametrize("operation", ["set-model-tag", "delete-model-tag"])
def test_which_values_are_better_is_said_by_a_tag_unless_somebody_judges_by_it(fraud, ada, operation):
    message = {"name": "Fraud", "key": "checkpoint.metric.val/auc.direction", "value": "lower"}
    passed(send(operation, message))
    asked = PromoteRequestFactory(actor=ada, version="3")
    assert f"promote-requests/{asked.pk}/" in refused(send(operation, message)).message
    fraud.add_model("Copies")
    passed(send(operation, message | {"name": "Copies"}))
    PromoteRequestFactory(actor=ada, version="3", target=Target.parse("model:Copies"))
    refused(send(operation, message | {"name": "Copies"}))


@pytest.mark.parametrize("key", ["Checkpoint.metric.auc.direction", "checkpoint.metric.auc", "checkpoint.metric."])
def test_a_tag_that_only_looks_like_a_direction_stays_a_seal(fraud, key):
    refused(send("set-model-tag", {"name": "Fraud", "key": key, "value": "lower"}))
    refused(send("set-version-tag", {"name": "Fraud", "version": "1", "key": "checkpoint.metric.auc.direction"}))


@pytest.mark.parametrize("operation", ["set-version-tag", "delete-version-tag"])
@pytest.mark.parametrize("key", ["mlflow.prompt.text", "MLflow.Prompt.Text", "_mlflow_prompt_model_config"])
def test_the_text_of_a_prompt_in_use_stays_what_was_approved(registry, operation, key):
    registry.add_version("Greeting", prompt_text="Hello", aliases=("champion",))
    registry.add_version("Greeting", prompt_text="Hi")
    message = {"name": "Greeting", "key": key, "value": "Bye"}
    outcome = refused(send(operation, message | {"version": "1"}))
    assert form(outcome)["change"] == "remove"
    passed(send(operation, message | {"version": "2"}))


@pytest.mark.parametrize("operation", ["set-model-tag", "delete-model-tag"])
def test_a_prompt_in_use_stays_a_prompt(registry, operation):
    registry.add_version("Greeting", prompt_text="Hello", aliases=("champion",))
    refused(send(operation, {"name": "Greeting", "key": "mlflow.prompt.is_prompt", "value": "false"}))


@pytest.mark.parametrize("key", ["team", "mlflow.prompt.associatedRunIds", "_mlflow_experiment_ids"])
def test_other_tags_and_descriptions_pass_though_a_protected_target_is_held(fraud, key):
    message = {"name": "Fraud", "version": "2", "key": key, "value": "x"}
    for operation in ("set-version-tag", "delete-version-tag", "set-model-tag", "delete-model-tag"):
        assert passed(send(operation, message))["key"] == key
    passed(send("update-version", {"name": "Fraud", "version": "2", "description": "d"}))
    passed(send("update-model", {"name": "Fraud", "description": "d"}))
    passed(send("create-model", {"name": "New", "tags": [{"key": key, "value": "x"}]}))


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


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("POST", "/api/2.0/mlflow/registered-models/move", "does not know this change"),
        ("PUT", "/api/2.0/mlflow/model-versions/update", "does not know this change"),
        ("POST", "/ajax-api/3.0/jobs/", "internal name"),
        ("POST", "/ajax-api/3.0/mlflow/demo/generate", "demo"),
        ("POST", "/ajax-api/3.0/mlflow/assistant/message", "assistant"),
    ],
)
def test_forbidden_calls_are_refused_with_their_reason_and_recorded(method, path, words):
    assert words in refused(call(method, path)).message
    assert AuditEvent.objects.get().reason.startswith(f"{method} {path}: ")


@pytest.mark.parametrize("query", ["", "mode=RESTRICT", "x=1"])
def test_an_empty_workspace_may_be_deleted(query):
    outcome = call("DELETE", "/api/3.0/mlflow/workspaces/blue", query=query)
    assert outcome == Allowed(None, "", "mode=RESTRICT")


@pytest.mark.parametrize("query", ["mode=CASCADE", "mode=SET_DEFAULT", "mode=RESTRICT&mode=CASCADE", "mode=cascade"])
def test_a_workspace_is_not_deleted_with_what_is_in_it(query):
    assert "RESTRICT" in refused(call("DELETE", "/api/3.0/mlflow/workspaces/blue", query=query)).message


def test_a_protected_prompt_gets_no_optimised_version_behind_the_guard(registry, only):
    only("model:greeting")
    path = "/ajax-api/3.0/mlflow/prompt-optimization/jobs"
    for uri in ("prompts:/Greeting/1", "prompts:/Greeting@champion", "Greeting"):
        refused(call("POST", path, message={"source_prompt_uri": uri, "config": {}}))
    refused(call("POST", path, message={"source_prompt_uri": "prompts:/a/1", "sourcePromptUri": "prompts:/b/1"}), 400)
    refused(call("POST", path, message={"config": {}}), 400)
    message = {"sourcePromptUri": "prompts:/Other/1", "config": {"dataset_id": "d", "scorers": ["x"]}}
    assert passed(call("POST", path, message=message)) == message


@pytest.mark.parametrize(
    "uri",
    [
        "prompts://host/Greeting/1",
        "prompts:///Greeting/1",
        "prompts:/Gree\tting/1",
        "prompts:/Greeting\n/1",
        " prompts:/Greeting/1",
        "prompts:/Greeting /1",
        "prompts:/Greeting@champion?x/1",
        "prompts:/x@Greeting/1",
        7,
    ],
)
def test_a_prompt_is_named_in_one_way_only(registry, only, uri):
    only("model:greeting")
    path = "/ajax-api/3.0/mlflow/prompt-optimization/jobs"
    refused(call("POST", path, message={"source_prompt_uri": uri, "config": {}}), 400)


ALIKE = ["Fr\u00e4ud", "\uff26raud", "Fra\u00adud", "Fra\u200dud", "FRA\u0640UD", "Fra\u1d1cd"]


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("operation", ["set-alias", "delete-alias", "create-version", "update-model", "rename-model"])
def test_a_name_that_a_database_takes_for_another_is_asked_for_first(fraud, only, operation, name):
    # MySQL finds Fraud; MLflow answers with that name, and `MlflowRegistry.get_model` with 404.
    only("alias:champion", model_pattern="Fraud")
    message = {"name": name, "alias": "champion", "version": "3", "source": "s3://x", "new_name": "y"}
    refused(send(operation, message), 404)


@pytest.mark.parametrize(
    "alias",
    [
        *("champi\u00f8n", "ch\u00e6mpion", "\uff43hampion", "champ\u0640ion", "champ\u00adion", "cham\ufe0fpion"),
        *("champi\ua79dn", "ch\ua79bmpion", "champion\ufe70", "champ\u1cf2ion"),
    ],
)
def test_an_alias_in_letters_that_a_database_takes_for_others_is_protected_as_those_are(fraud, only, alias):
    only("alias:champion", "alias:chaempion")
    refused(send("set-alias", {"name": "Fraud", "alias": alias, "version": "3"}))
    assert passed(send("set-alias", {"name": "Fraud", "alias": "chamois", "version": "3"}))


def test_digits_of_all_scripts_are_the_same_digits(fraud, only):
    only("alias:live1")
    for one in ("\u0661", "\u3021", "\u0f2a", "\U00010142"):
        refused(send("set-alias", {"name": "Fraud", "alias": f"live{one}", "version": "3"}))


def test_the_default_workspace_is_one_whether_it_is_named_or_not(fraud):
    message = {"name": "Fraud", "alias": "champion", "version": "3"}
    for workspace in ("", "default", " default"):
        outcome = refused(send("set-alias", message, workspace=workspace))
        assert "workspace" not in form(outcome)
    assert set(AuditEvent.objects.values_list("workspace", flat=True)) == {""}


SECRET = "/ajax-api/3.0/mlflow/gateway/secrets/create"


@pytest.mark.parametrize(
    "setting",
    [
        "http://127.0.0.1:5000/api/2.0/mlflow/registered-models/v1",
        "https://host/ml/API/2.0/x",
        "https://host/ajax-api/3.0",
        "http://host/x/%6Dlflow/runs/v1",
        "http://host/mlflow%252Dartifacts/mpu",
        "../../api/2.0/mlflow/model-versions/x",
        "mlflow",
    ],
)
def test_the_gateway_gets_no_address_below_mlflows_own_api(registry, setting):
    message = {"secret_name": "s", "secret_value": {"api_key": "k"}, "auth_config": {"any_key": setting}}
    outcome = refused(call("POST", SECRET, message=message))
    assert "past Checkpoint" in outcome.message
    assert "api_key" not in AuditEvent.objects.get().reason
    message["authConfig"] = message.pop("auth_config")
    refused(call("POST", SECRET.replace("create", "update"), message=message))


@pytest.mark.parametrize(
    "setting",
    [
        "https://api.openai.com/v1",
        "https://openrouter.ai/api/v1",
        "http://ollama:11434/api",
        "https://other/gateway/mlflow/v1",
        "https://mlflow.example/v1",
        "my-deployment",
    ],
)
def test_the_gateway_gets_other_addresses(registry, setting):
    message = {"secret_name": "s", "secret_value": {"api_key": "k"}, "auth_config": {"api_base": setting}}
    assert passed(call("POST", SECRET, message=message)) == message
    assert passed(call("POST", SECRET, message={"secret_name": "s"})) == {"secret_name": "s"}


@pytest.mark.parametrize("config", ["x", {"api_base": 7}, {"api_base": {"x": "y"}}])
def test_settings_of_the_gateway_that_are_no_texts_are_bad_input(registry, config):
    refused(call("POST", SECRET, message={"secret_name": "s", "auth_config": config}), 400)
