"""Rulings on calls outside the registry's routes that make MLflow itself change the registry, now or later.

Each takes the message as it was read (`messages.load`) and returns None to let it pass, or says why not.
"""

import re
from collections.abc import Callable

from proxy.guard import model_settings, wording
from proxy.guard.messages import Message, UnreadableCall, pick
from proxy.guard.model_settings import UnsafeSetting
from proxy.guard.routes import names_the_api
from proxy.guard.rulings import models
from proxy.protected import Protected
from proxy.refusals import Refusal

# MLflow reads these with `urlparse`, which drops tabs, a host and a query. Nobody needs them, so they have no second
# reading here: they are refused.
_PROMPT_URI = re.compile(r"(?:prompts:/)?((?! )[^/@:?#;\x00-\x1f\x7f]+(?<! ))(?:/[0-9]+|@[\w-]+)?")


def gateway_secret(message: Message, workspace: str) -> Refusal | None:
    """Refuses a secret of the gateway's whose address leads below MLflow's API, or that is more than credentials."""
    for field in ("secret_value", "auth_config"):
        settings = pick(message, field) or {}
        if not isinstance(settings, dict) or not all(isinstance(value, str) for value in settings.values()):
            raise UnreadableCall(f"'{field}' must be an object of texts.")
        # A key is sent, and is no address whatever it reads.
        if any(names_the_api(value) for name, value in settings.items() if name != "api_key"):
            return Refusal(wording.GATEWAY)
        model_settings.check_secret(settings, field)
    return None


def call_model(message: Message, workspace: str) -> Refusal | None:
    """Refuses a call of a language model through the gateway that says more than what the model is to answer."""
    model_settings.check_call(message)
    return None


def model_definition(message: Message, workspace: str) -> Refusal | None:
    """Refuses a model of the gateway's whose name some provider takes for the address that it calls."""
    for field in ("provider", "model_name"):
        model_settings.check_model(pick(message, field), field)
    return None


def detect_issues(message: Message, workspace: str) -> Refusal | None:
    """Refuses a job whose model is an address."""
    for field in ("provider", "model", "endpoint_name"):
        model_settings.check_model(message.get(field), field)
    return None


def one_judge(message: Message, workspace: str) -> Refusal | None:
    """Refuses a judge, registered or invoked, that could be told to call MLflow."""
    model_settings.check_judge(pick(message, "serialized_scorer"))
    return None


def many_judges(message: Message, workspace: str) -> Refusal | None:
    """Refuses an evaluation by judges of which one could be told to call MLflow."""
    judges = message.get("serialized_scorers")
    if not isinstance(judges, list):
        raise UnreadableCall("'serialized_scorers' must be a list.")
    for judge in judges:
        model_settings.check_judge(judge)
    return None


def optimize_prompt(message: Message, workspace: str) -> Refusal | None:
    """Refuses a job that would register a version of a protected prompt, or could be told to call MLflow."""
    uri = pick(message, "source_prompt_uri")
    if not isinstance(uri, str) or not uri:
        raise UnreadableCall("Missing value for required parameter 'source_prompt_uri'.")
    named = _PROMPT_URI.fullmatch(uri)
    if named is None:
        raise UnreadableCall("'source_prompt_uri' must be prompts:/NAME/VERSION or prompts:/NAME@ALIAS.")
    config = message.get("config") or {}
    if not isinstance(config, dict):
        raise UnreadableCall("'config' must be an object.")
    model_settings.check_optimiser(pick(config, "optimizer_config_json"))
    protected = Protected(workspace)
    protected.require_exact_name(named[1])
    return models.optimize_prompt(named[1], protected)


def judged(operation: str, message: Message, workspace: str) -> Refusal | None:
    """Returns the ruling on an operation of `RULINGS`.

    Raises:
        UnreadableCall: the message has no single reading, or is not one of this operation's.
        RegistryError: MLflow had to be asked and did not answer.
    """
    try:
        return RULINGS[operation](message, workspace)
    except UnsafeSetting as setting:
        return Refusal(wording.unsafe_setting(setting.path))


RULINGS: dict[str, Callable[[Message, str], Refusal | None]] = {
    "gateway-secret": gateway_secret,
    "model-definition": model_definition,
    "call-model": call_model,
    "detect-issues": detect_issues,
    "register-judge": one_judge,
    "invoke-judge": one_judge,
    "evaluate": many_judges,
    "optimize-prompt": optimize_prompt,
}
"""Operation of `known_writes` -> its ruling."""
