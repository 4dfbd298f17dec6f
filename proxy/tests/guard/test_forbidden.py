import pytest

from audit.models import AuditEvent
from proxy.guard.decide import Allowed
from proxy.tests.guard import calls
from proxy.tests.guard.calls import call, passed, refused

pytestmark = pytest.mark.django_db
only = calls.only


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
