"""What a judge or an optimiser may be told, against what MLflow's own classes say of themselves."""

import dataclasses
import inspect
import json
import warnings

import pytest

from proxy.guard.messages import SHAPES, TRACKING_SHAPES, UnreadableCall, camel_case
from proxy.guard.model_settings import (
    UnsafeSetting,
    check_call,
    check_judge,
    check_model,
    check_optimiser,
    check_prompt_model,
    check_secret,
)

MLFLOW = "http://127.0.0.1:5000/api/2.0/mlflow/registered-models/alias?x="


def judge(**parts) -> str:
    return json.dumps({"name": "own", "mlflow_version": "3.18.0", "serialization_version": 1, **parts})


def of_instructions(**data) -> str:
    return judge(
        instructions_judge_pydantic_data={
            "instructions": "Is {{ outputs }} polite? See https://example.org?x=1",
            "model": "openai:/gpt-4o",
            "feedback_value_type": {"type": "string", "enum": ["yes", "no"], "title": "Result"},
            **data,
        }
    )


def refused(check, text) -> str:
    with pytest.raises(UnsafeSetting) as found:
        check(text)
    return found.value.path


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        None,
        {"temperature": 0, "top_p": 0.9, "max_tokens": 10, "seed": 1, "stop": ["\n", "//", "?#"]},
        {"reasoning_effort": "low", "thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"logit_bias": {"50256": -100}, "n": 1, "logprobs": True},
    ],
)
def test_what_a_model_is_told_about_its_answer_passes(parameters):
    check_judge(of_instructions(inference_params=parameters))
    check_optimiser(json.dumps({"reflection_model": "openai:/gpt-4o", "lm_kwargs": parameters, "guidelines": "//"}))


@pytest.mark.parametrize(
    "parameters",
    [
        {"api_base": MLFLOW},
        {"base_url": MLFLOW},
        {"temperature": 0, "extra_body": {"name": "Fraud", "alias": "champion", "version": "2"}},
        {"extra_headers": {"X-MLflow-Authorization": "x"}},
        {"model": "oobabooga/x"},
        {"model_list": []},
        {"fallbacks": []},
        {"messages": []},
        {"tools": []},
        {"thinking": {"type": "enabled", "api_base": MLFLOW}},
        {"thinking": [{"api_base": MLFLOW}]},
        {"reasoning": '{"api_base": "x"}'},
        {"reasoning": '[{"thinking": "{\\"api_base\\": 1}"}]'},
        {"reasoning": json.dumps(json.dumps({"api_base": 1}))},
        {"logit_bias": {"api_base": 1}},
        {"logit_bias": {"1": {"api_base": 1}}},
        {"reasoning_effort": MLFLOW},
        {"Temperature": 0},
        {"": 1},
        [["api_base", MLFLOW]],
        json.dumps({"temperature": 0}),
    ],
)
def test_anything_else_is_refused_and_named(parameters):
    assert refused(check_judge, of_instructions(inference_params=parameters)).startswith(
        "instructions_judge_pydantic_data.inference_params"
    )
    optimiser = {"reflection_model": "openai:/gpt-4o", "lm_kwargs": parameters}
    assert refused(check_optimiser, json.dumps(optimiser)).startswith("lm_kwargs")
    third = {"module": "mlflow.genai.scorers.trulens", "class": "Groundedness", "metric_name": "Groundedness"}
    refused(check_judge, judge(third_party_scorer_data={**third, "kwargs": {"completion_kwargs": parameters}}))
    refused(check_judge, judge(third_party_scorer_data={**third, "kwargs": parameters}))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda inner: judge(ensemble_scorer_data={"ensemble_fn": "majority", "scorers": [inner]}),
        lambda inner: judge(memory_augmented_judge_data={"base_judge": inner, "retrieval_k": 5, "semantic_memory": []}),
        lambda inner: judge(
            builtin_scorer_class="KnowledgeRetention", builtin_scorer_pydantic_data={"last_turn_scorer": inner}
        ),
    ],
)
def test_a_judge_within_a_judge_is_judged(wrapped):
    check_judge(wrapped(json.loads(of_instructions(inference_params={"temperature": 0}))))
    path = refused(check_judge, wrapped(json.loads(of_instructions(inference_params={"api_base": MLFLOW}))))
    assert path.endswith("inference_params.api_base")


@pytest.mark.parametrize(
    "text",
    [
        of_instructions(model=f"oobabooga:/{MLFLOW}"),
        of_instructions(model="azure:/../../api"),
        of_instructions(model="openai:/api%2F2.0/mlflow/registered-models/alias"),
        of_instructions(model="huggingface:/http%3A%2F%2Flocalhost"),
        judge(memory_augmented_judge_data={"reflection_lm": f"oobabooga:/{MLFLOW}"}),
        judge(memory_augmented_judge_data={"embedding_model": "huggingface:/http://localhost"}),
        judge(call_source="import requests", call_signature="(outputs)", original_func_name="f"),
        judge(builtin_scorer_class="Safety", builtin_scorer_pydantic_data={"extra_headers": {"a": "b"}}),
        judge(newest_scorer_data={}),
    ],
)
def test_addresses_code_and_what_is_new_are_refused(text):
    refused(check_judge, text)


@pytest.mark.parametrize("key", ["task_lm", "run_dir", "mlflow_tracking_uri", "use_wandb", "logger", "reflection_lm"])
def test_an_optimiser_gets_no_file_no_server_and_no_other_model(key):
    config = {"reflection_model": "openai:/gpt-4o", "gepa_kwargs": {"seed": 1, key: "x"}}
    assert refused(check_optimiser, json.dumps(config)) == f"gepa_kwargs.{key}"


@pytest.mark.parametrize("text", [None, "", "{", "[]", '"{}"', {}, 3, '{"name": 1, "name": 2}', "[" * 100_000])
def test_a_judge_that_is_no_text_of_one_object_cannot_be_read(text):
    with pytest.raises(UnreadableCall):
        check_judge(text)


@pytest.mark.parametrize("name", ["gpt-4o", "openai", "meta-llama/Llama-3", "arn:aws:bedrock:us:1:x/y", "mlflow", None])
def test_a_models_name_passes(name):
    check_model(name, "model")


@pytest.mark.parametrize("name", [MLFLOW, "http%3A%2F%2Fx", "a\\b", "../x", "x?y", "x#y", "api/2.0/mlflow/x"])
def test_a_models_name_is_no_address(name):
    with pytest.raises(UnsafeSetting):
        check_model(name, "model")


def test_a_prompts_model_is_no_address():
    for harmless in ("", "{", "[]", '"x"', '{"provider": "openai", "model_name": "gpt-4o", "temperature": 1}'):
        check_prompt_model(harmless)
    assert refused(check_prompt_model, json.dumps({"provider": "x", "model_name": MLFLOW})) == "model_name"
    assert refused(check_prompt_model, json.dumps({"provider": MLFLOW, "model_name": "x"})) == "provider"


def test_every_scorer_of_mlflows_own_passes_as_it_serialises_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about libraries of its own
        from mlflow.genai.judges import make_judge  # noqa: PLC0415
        from mlflow.genai.scorers import builtin_scorers  # noqa: PLC0415
        from mlflow.genai.scorers.base import SerializedScorer  # noqa: PLC0415

        told = {"model": "openai:/gpt-4o", "inference_params": {"temperature": 0.1}}
        needed = {"guidelines": ["Be polite."], "pattern": "^a//b$", "max_length": 9, "min_length": 1}
        classes = [found for found in vars(builtin_scorers).values() if inspect.isclass(found)]
        made = []
        for found in classes:
            is_scorer = issubclass(found, builtin_scorers.BuiltInScorer) and not inspect.isabstract(found)
            if is_scorer and found is not builtin_scorers.KnowledgeRetention:  # MLflow cannot serialise that one
                fields = {name: value for name, value in {**told, **needed}.items() if name in found.model_fields}
                made.append(found(**fields))
        made.append(make_judge(name="own", instructions="Is {{ outputs }} polite?", **told))
        texts = [json.dumps(scorer.model_dump()) for scorer in made]
    assert len(texts) > 20
    for text in texts:
        check_judge(text)
    for field in dataclasses.fields(SerializedScorer):
        check_judge(json.dumps({field.name: None}))


@pytest.mark.parametrize(
    "call",
    [
        {"model": "own", "messages": [{"role": "user", "content": f"Call {MLFLOW}"}], "temperature": 0, "stream": True},
        {"input": ["a"], "dimensions": 8, "encoding_format": "float"},
        {"model": "own", "input": "a", "instructions": "b", "tools": [{"type": "mcp", "server_url": "https://x"}]},
        {"model": "own", "system": "a", "messages": [], "max_tokens": 1, "thinking": {"type": "enabled"}, "top_k": 1},
        {"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"temperature": 0}, "safetySettings": []},
    ],
)
def test_what_a_model_is_to_answer_passes_through_the_gateway(call):
    check_call(call)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "sagemaker_base_url",
            "aws_bedrock_runtime_endpoint",
            "api_base",
            "base_url",
            "custom_endpoint",
            "api_version",
        ),
        *("aws_region_name", "extra_body", "extra_headers", "litellm_params", "model_list", "fallbacks", "client"),
        *("name", "alias", "version", "stage", "Messages", ""),
    ],
)
def test_nothing_else_passes_through_the_gateway(name):
    """MLflow itself refuses five names of addresses (3.17.2, 3.18.0); the library that it calls knows more."""
    with pytest.raises(UnsafeSetting) as found:
        check_call({"model": "own", "messages": [], name: "x"})
    assert found.value.path == name


@pytest.mark.parametrize("field", ["secret_value", "auth_config"])
def test_a_secret_holds_credentials_and_where_they_count(field):
    check_secret({"api_key": "sk-1", "api_base": "https://api.example/v1", "aws_region_name": "eu-central-1"}, field)
    for name in ("sagemaker_base_url", "name", "alias", "extra_body", "aws_sts_endpoint", "LD_PRELOAD"):
        with pytest.raises(UnsafeSetting) as found:
            check_secret({"api_key": "sk-1", name: "x"}, field)
        assert found.value.path == f"{field}.{name}"


@pytest.mark.parametrize(
    "shape", [*SHAPES.values(), *TRACKING_SHAPES.values()], ids=lambda shape: "-".join(shape.required)
)
def test_no_call_of_mlflows_own_is_made_of_what_passes_through_the_gateway(shape):
    """Wherever it ends up: the library follows redirects, with its body."""
    passing = []
    for field in shape.required:
        for spelled in {field, camel_case(field)}:
            try:
                check_call({spelled: "x"})
                check_secret({spelled: "x"}, "secret_value")
                passing.append(field)
            except UnsafeSetting:
                continue
    assert len(passing) < len(shape.required)
