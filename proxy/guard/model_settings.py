"""Which settings of a judge or an optimiser pass: those that say how a language model answers, and not where it is.

MLflow's jobs hand such settings to a library for language models as they are (3.17.2, 3.18.0: `inference_params` of a
serialized judge, `lm_kwargs` of an optimiser, and what is like them), and so does its gateway with what callers send to
a model and with what a secret holds. Those that name an address and a body make MLflow call itself, past Checkpoint:
`api_base`, `extra_body`, `extra_headers`, `model_list`, `sagemaker_base_url`, and whatever that library comes to know.
So names are allowed one by one, for jobs at any depth, also in JSON that is a text; the rest is refused.
"""

import json
import re
from typing import Any

from proxy.guard.messages import Message, UnreadableCall, load_text
from proxy.guard.routes import names_the_api
from proxy.paths import decodings

ANSWERING = frozenset(
    {
        "temperature", "top_p", "top_k", "min_p", "n", "seed", "stop",
        "max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens",
        "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias", "logprobs", "top_logprobs",
        "reasoning_effort", "reasoning", "effort", "summary", "verbosity", "thinking", "type", "budget_tokens",
        "timeout", "request_timeout", "num_retries", "max_retries", "parallel_tool_calls", "drop_params",
    }
)  # fmt: skip
"""What a language model is told about its answer."""

_CALLING = ANSWERING | frozenset(
    {
        # OpenAI's chat completions, embeddings and responses
        "model", "messages", "stream", "stream_options", "store", "metadata", "user", "modalities", "audio",
        "prediction", "response_format", "service_tier", "tools", "tool_choice", "functions", "function_call",
        "web_search_options", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "input", "dimensions",
        "encoding_format", "input_type", "truncate", "instructions", "include", "max_tool_calls", "prompt", "text",
        "previous_response_id", "conversation", "truncation", "background", "context_management",
        # Anthropic's messages
        "system", "stop_sequences", "container", "mcp_servers", "output_config", "output_format", "cache_control",
        "inference_geo",
        # Gemini's contents
        "contents", "systemInstruction", "system_instruction", "generationConfig", "generation_config",
        "safetySettings", "safety_settings", "toolConfig", "tool_config", "cachedContent", "cached_content",
        # Of some models only
        "safe_prompt", "random_seed", "top_a", "keep_alive", "transforms", "provider",
    }
)  # fmt: skip
"""What a caller of the gateway tells a language model. What lies in these is data, for the model; none is a field of
MLflow's own API that a protected target could change by, wherever such a call ends up (`sagemaker_base_url`, and a
server that answers with a redirect, which the library follows)."""

_CREDENTIALS = frozenset(
    {
        "api_key", "api_base", "api_type", "api_version", "auth_mode", "deployment_name", "organization", "version",
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region_name", "aws_role_name",
        "aws_session_name", "vertex_project", "vertex_location", "vertex_credentials", "vertex_anthropic_betas",
        "client_id", "client_secret", "tenant_id", "portkey_provider", "portkey_config", "provider_api_key",
    }
)  # fmt: skip
"""What a secret of the gateway holds (`mlflow.utils.providers`, `mlflow.server.gateway_api`). For providers that MLflow
does not call itself, all of it becomes arguments of the call."""

_OPTIMISING = frozenset(
    {"reflection_model", "max_metric_calls", "display_progress_bar", "guidelines", "lm_kwargs", "gepa_kwargs"}
)
"""What an optimiser of prompts is told (`mlflow.genai.optimize.job`)."""

_SEARCHING = frozenset(
    {
        "candidate_selection_strategy", "frontier_type", "skip_perfect_score", "perfect_score", "batch_sampler",
        "reflection_minibatch_size", "reflection_prompt_template", "module_selector", "use_merge", "seed",
        "max_merge_invocations", "merge_val_overlap_floor", "track_best_outputs", "cache_evaluation",
        "raise_on_exception", "val_evaluation_policy",
    }
)  # fmt: skip
"""What `gepa.optimize` is told about its search; its other arguments name files, servers and models."""

_JUDGING = frozenset(
    {
        # `mlflow.genai.scorers.base.SerializedScorer`
        "name", "aggregations", "description", "is_session_level_scorer", "timeout", "session_level",
        "mlflow_version", "serialization_version", "builtin_scorer_class", "builtin_scorer_pydantic_data",
        "call_source", "call_signature", "original_func_name", "instructions_judge_pydantic_data",
        "memory_augmented_judge_data", "third_party_scorer_data", "ensemble_scorer_data",
        # Of MLflow's own scorers and of judges made of instructions
        "instructions", "model", "model_api", "inference_params", "extra_headers", "required_columns", "guidelines",
        "feedback_value_type", "generate_rationale_first", "case_insensitive", "match_type", "pattern", "pii_types",
        "min_length", "max_length", "unit", "should_consider_ordering", "should_exact_match", "last_turn_scorer",
        # A type as a JSON schema
        "type", "title", "enum", "const", "items", "anyOf", "additionalProperties", "default",
        # Of judges with a memory
        "base_judge", "semantic_memory", "guideline_text", "source_trace_ids", "episodic_trace_ids", "reflection_lm",
        "retrieval_k", "embedding_model", "embedding_dim",
        # Of several scorers in one
        "ensemble_fn", "scorers",
        # Of other libraries'
        "module", "class", "metric_name", "kwargs",
    }
)  # fmt: skip
"""What a judge is told."""

_MEASURING = frozenset(
    {
        "model_kwargs", "completion_kwargs", "temperature", "threshold", "include_reason", "strict_mode", "async_mode",
        "verbose_mode", "assessment_questions", "truths_extraction_limit", "penalize_ambiguous_claims", "advice_types",
        "domain", "relevant_topics", "chatbot_role", "evaluation_steps", "criteria", "mode", "atomicity", "coverage",
        "beta", "strictness", "definition", "allowed_values", "rouge_type", "distance_measure", "max_reversions",
        "additional_instructions", "examples", "min_score_val", "max_score_val", "n", "should_consider_ordering",
        "should_exact_match",
    }
)  # fmt: skip
"""What the metrics of RAGAS, DeepEval, TruLens and Phoenix are told."""

_ARGUMENTS = {
    "inference_params": ANSWERING,
    "lm_kwargs": ANSWERING,
    "model_kwargs": ANSWERING,
    "completion_kwargs": ANSWERING,
    "gepa_kwargs": _SEARCHING,
    "kwargs": _MEASURING,
}
"""What becomes the arguments of a call -> which may be among them. Objects only: a list of pairs would do as well."""

_PROSE = frozenset(
    {
        "name", "description", "instructions", "guidelines", "guideline_text", "pattern", "criteria", "definition",
        "evaluation_steps", "assessment_questions", "additional_instructions", "examples", "title", "enum", "const",
        "default", "stop", "reflection_prompt_template", "chatbot_role", "relevant_topics",
    }
)  # fmt: skip
"""Written by people for people or models; an address in it is one that nobody calls."""

_EMPTY_ONLY = frozenset({"call_source", "call_signature", "original_func_name", "extra_headers"})
"""Code that MLflow's host would run, and headers of the caller's choice."""


_ADDRESS = re.compile(r"//|\\|\.\.|[?#]")


class UnsafeSetting(Exception):
    """A setting that could make MLflow call what the caller chooses; `path` names it: `inference_params.api_base`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def check_judge(text: object) -> None:
    """Passes a serialized scorer, as MLflow's client and UI send it, if all of it is known to be harmless.

    Raises:
        UnreadableCall: it is not a text that holds one JSON object.
        UnsafeSetting: it is not harmless.
    """
    _check(load_text(text, "serialized_scorer"), _JUDGING, "")


def check_optimiser(text: object) -> None:
    """Passes `optimizer_config_json`, likewise; an empty one is none.

    Raises:
        UnreadableCall: it is not a text that holds one JSON object.
        UnsafeSetting: it is not harmless.
    """
    if text not in (None, ""):
        _check(load_text(text, "optimizer_config_json"), _OPTIMISING, "")


def check_prompt_model(text: str) -> None:
    """Passes a prompt's own settings (`_mlflow_prompt_model_config`) unless the model that they name is an address.

    What is no JSON object names none: MLflow's job ends there.

    Raises:
        UnreadableCall: a name is no text.
        UnsafeSetting: it is an address.
    """
    settings = _within(text)
    if isinstance(settings, dict):
        for field in ("provider", "model_name"):
            check_model(settings.get(field), field)


def check_call(message: Message) -> None:
    """Passes what is sent to a language model through the gateway, if all of its fields are known to be harmless.

    Raises:
        UnsafeSetting: one is not.
    """
    _check_names(message, _CALLING, "")


def check_secret(settings: dict[str, str], field: str) -> None:
    """Passes what a secret of the gateway holds, in one of its two fields, if all of it says who calls, and where.

    Raises:
        UnsafeSetting: something else is in it.
    """
    _check_names(settings, _CREDENTIALS, f"{field}.")


def check_model(name: object, field: str) -> None:
    """Passes the name of a model or of its provider, which some providers take for an address.

    Raises:
        UnreadableCall: it is no text.
        UnsafeSetting: it is an address.
    """
    if name is None:
        return
    if not isinstance(name, str):
        raise UnreadableCall(f"'{field}' must be a text.")
    if is_address(name):
        raise UnsafeSetting(field)


def is_address(text: str) -> bool:
    """Tells whether a text would lead somewhere if it were called."""
    # An endpoint of the gateway may be called `mlflow`.
    return any(map(_ADDRESS.search, decodings(text))) or names_the_api(f"/{text}".removesuffix("/mlflow"))


def _check_names(message: Message, allowed: frozenset[str], before: str) -> None:
    unknown = next((name for name in message if name not in allowed), None)
    if unknown is not None:
        raise UnsafeSetting(f"{before}{unknown}")


def _check(value: Any, allowed: frozenset[str], path: str, *, is_prose: bool = False) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_field(key, inner, allowed, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            _check(inner, allowed, path, is_prose=is_prose)
    elif isinstance(value, str) and not is_prose:
        if is_address(value):
            raise UnsafeSetting(path)
        if (inner := _within(value)) is not None:
            _check(inner, allowed, path)


def _check_field(key: str, value: Any, allowed: frozenset[str], path: str) -> None:
    if path.endswith(f".logit_bias.{key}") and key.isdecimal() and isinstance(value, int | float):
        return
    if key not in allowed or (key in _EMPTY_ONLY and value):
        raise UnsafeSetting(path)
    if key in _ARGUMENTS:
        if not isinstance(value, dict | None):
            raise UnsafeSetting(path)
        allowed = _ARGUMENTS[key]
    _check(value, allowed, path, is_prose=key in _PROSE)


def _within(text: str) -> Any:
    """Returns the object or list that a text holds as JSON, if any."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
