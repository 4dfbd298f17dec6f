import pytest

from audit.models import AuditEvent
from proxy.tests.guard.calls import call, passed, refused

pytestmark = pytest.mark.django_db
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


@pytest.mark.parametrize("field", ["secret_value", "secretValue"])
def test_the_part_of_a_secret_that_is_kept_encrypted_names_no_such_address_either(registry, field):
    message = {"secret_name": "s", field: {"api_base": "http://127.0.0.1:5000/api/2.0/mlflow/registered-models/v1"}}
    assert "past Checkpoint" in refused(call("POST", SECRET, message=message)).message
    key = {"secret_name": "s", field: {"api_key": "mlflow"}}  # is sent, and no address
    assert passed(call("POST", SECRET, message=key)) == key


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


INVOCATION = "/gateway/own/mlflow/invocations"


def test_a_call_of_a_model_passes_as_it_came(registry):
    message = {"messages": [{"role": "user", "content": "a"}], "temperature": 0.5, "stream": True}
    assert passed(call("POST", INVOCATION, message=message)) == message


@pytest.mark.parametrize(
    "path",
    [
        INVOCATION,
        "/ml/gateway/mlflow/v1/chat/completions",
        "/gateway/openai/v1/chat/completions",
        "/gateway/openai/v1/embeddings",
        "/gateway/openai/v1/responses",
        "/gateway/openai/v1/responses/compact",
        "/gateway/anthropic/v1/messages",
        "/gateway/gemini/v1beta/models/own:generateContent",
        "/gateway/gemini/v1beta/models/own:streamGenerateContent",
    ],
)
def test_a_call_of_a_model_does_not_say_where_the_model_is(registry, path):
    address = "http://127.0.0.1:5000/api/2.0/mlflow/registered-models/alias"
    message = {"model": "own", "messages": [], "sagemaker_base_url": address, "name": "Fraud", "alias": "champion"}
    outcome = refused(call("POST", path, message=message))
    assert "'sagemaker_base_url'" in outcome.message
    assert "past Checkpoint" in outcome.message


@pytest.mark.parametrize("field", ["secret_value", "secretValue", "auth_config", "authConfig"])
def test_a_secret_brings_no_arguments_for_the_call(registry, field):
    message = {"secret_name": "s", field: {"api_key": "k", "sagemaker_base_url": "http://elsewhere/"}}
    outcome = refused(call("POST", SECRET, message=message))
    assert "sagemaker_base_url" in outcome.message
