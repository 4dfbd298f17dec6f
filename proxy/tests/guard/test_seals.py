import json

import pytest

from audit.models import AuditEvent
from proxy.guard.rulings import Unchanged
from proxy.tests.guard import calls
from proxy.tests.guard.calls import form, passed, refused, send
from registry.targets import Target
from testing.factories import PromoteRequestFactory

pytestmark = pytest.mark.django_db
fraud = calls.fraud
SEAL = {"checkpoint.promoted_at": "yesterday"}


@pytest.mark.parametrize("key", [" team", "team ", " team "])
def test_a_tag_may_be_called_with_outer_spaces_unless_it_would_be_a_protected_one_without(fraud, key):
    message = {"name": "Fraud", "version": " 1 ", "key": key, "value": "x"}
    assert json.loads(send("set-version-tag", message).body)["key"] == key
    for protected in (" checkpoint.approved_by", "checkpoint.approved_by ", "mlflow.prompt.text "):
        refused(send("set-version-tag", message | {"version": "2", "key": protected}))


@pytest.mark.parametrize(
    "key", ["checkpoint.approved_by", "Checkpoint.x", " checkpoint.x", "checkp\u00f3int.x", "checkpoin\ua787.x"]
)
def test_a_seal_is_not_given_at_creation(fraud, key):
    tags = [{"key": "a", "value": "b"}, {"key": key, "value": "grace"}]
    refused(send("create-version", {"name": "Fraud", "source": "runs:/abc/model", "tags": tags}))
    refused(send("create-model", {"name": "New", "tags": tags}))


@pytest.mark.parametrize("operation", ["set-version-tag", "delete-version-tag", "set-model-tag", "delete-model-tag"])
def test_a_seal_is_neither_set_nor_deleted(fraud, operation):
    fraud.set_version_tags("Fraud", "3", SEAL)
    fraud.set_model_tags("Fraud", SEAL)
    message = {"name": "Fraud", "version": "3", "key": "checkpoint.promoted_at", "value": "now"}
    assert "Checkpoint's record" in refused(send(operation, message)).message


@pytest.mark.parametrize("subject", ["version", "model"])
def test_a_tag_that_is_so_already_is_answered_as_done_and_not_passed_on(registry, ada, subject):
    """Passed on, it could arrive when the tag is another one, which nobody would have judged."""
    present = {**SEAL, "mlflow.prompt.text": "", "checkpoint.metric.auc.direction": "lower"}
    registry.add_version("Fraud", tags=present, aliases=("champion",))
    registry.set_model_tags("Fraud", present)
    PromoteRequestFactory(actor=ada, version="1")
    message = {"name": "Fraud"} | ({"version": "1"} if subject == "version" else {})
    before = AuditEvent.objects.count()
    for key, value in present.items():
        assert send(f"set-{subject}-tag", message | {"key": key, "value": value}) == Unchanged()
    assert send(f"set-{subject}-tag", message | {"key": "mlflow.prompt.text"}) == Unchanged()
    for key in ("checkpoint.approved_by", "mlflow.prompt.tags", "checkpoint.metric.loss.direction"):
        assert send(f"delete-{subject}-tag", message | {"key": key}) == Unchanged()
    assert AuditEvent.objects.count() == before


@pytest.mark.parametrize("subject", ["version", "model"])
def test_a_tag_that_only_a_database_could_take_for_the_present_one_is_not_so_already(fraud, subject):
    fraud.set_version_tags("Fraud", "3", SEAL)
    fraud.set_model_tags("Fraud", SEAL)
    message = {"name": "Fraud"} | ({"version": "3"} if subject == "version" else {})
    for key in ("Checkpoint.promoted_at", " checkpoint.promoted_at", "checkpoint.promot\u00e9d_at"):
        refused(send(f"set-{subject}-tag", message | {"key": key, "value": "yesterday"}))
        refused(send(f"delete-{subject}-tag", message | {"key": key}))
    for value in ("Yesterday", "yesterday ", ""):
        refused(send(f"set-{subject}-tag", message | {"key": "checkpoint.promoted_at", "value": value}))


@pytest.mark.parametrize("operation", ["set-model-tag", "delete-model-tag"])
def test_which_values_are_better_is_said_by_a_tag_unless_somebody_judges_by_it(fraud, ada, operation):
    fraud.set_model_tags("Fraud", {"checkpoint.metric.val/auc.direction": "higher"})
    message = {"name": "Fraud", "key": "checkpoint.metric.val/auc.direction", "value": "lower"}
    passed(send(operation, message))
    asked = PromoteRequestFactory(actor=ada, version="3")
    assert f"promote-requests/{asked.pk}/" in refused(send(operation, message)).message
    fraud.add_model("Copies", tags={"checkpoint.metric.val/auc.direction": "higher"})
    passed(send(operation, message | {"name": "Copies"}))
    PromoteRequestFactory(actor=ada, version="3", target=Target.parse("model:Copies"))
    refused(send(operation, message | {"name": "Copies"}))


def test_a_direction_is_said_under_no_spelling_that_a_database_takes_for_the_models_name(registry, ada):
    registry.add_version("Fr\u00e4ud")
    PromoteRequestFactory(actor=ada, model_name="Fr\u00e4ud", version="1")
    for name in ("Fraud", "FRAUD"):
        refused(send("set-model-tag", {"name": name, "key": "checkpoint.metric.auc.direction", "value": "lower"}))


@pytest.mark.parametrize("key", ["Checkpoint.metric.auc.direction", "checkpoint.metric.auc", "checkpoint.metric."])
def test_a_tag_that_only_looks_like_a_direction_stays_a_seal(fraud, key):
    refused(send("set-model-tag", {"name": "Fraud", "key": key, "value": "lower"}))
    refused(send("set-version-tag", {"name": "Fraud", "version": "1", "key": "checkpoint.metric.auc.direction"}))


@pytest.mark.parametrize("operation", ["set-version-tag", "delete-version-tag"])
@pytest.mark.parametrize("key", ["mlflow.prompt.text", "MLflow.Prompt.Text", "_mlflow_prompt_model_config"])
def test_the_text_of_a_prompt_in_use_stays_what_was_approved(registry, operation, key):
    settings = {"_mlflow_prompt_model_config": "{}"}
    registry.add_version("Greeting", prompt_text="Hello", tags=settings, aliases=("champion",))
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
