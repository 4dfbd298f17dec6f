"""What a tag's key and value mean to the guard: a promotion's seal, or what makes a prompt's version what it is."""

from proxy.guard import model_settings, wording
from proxy.guard.messages import Message
from proxy.guard.model_settings import UnsafeSetting
from proxy.refusals import Refusal
from registry.names import plain, spellings

SEAL_PREFIX = "checkpoint."
# Tags that make a prompt's version what it is. The one left out says where it was used.
_PROMPT_PREFIXES = ("mlflow.prompt.", "_mlflow_prompt_")
_PROMPT_MODEL = "_mlflow_prompt_model_config"
_PROMPT_USE = "mlflow.prompt.associatedRunIds"


def is_seal(key: str) -> bool:
    """Tells whether a tag is Checkpoint's own record of a promotion, in any spelling."""
    return any(spelling.lstrip().startswith(SEAL_PREFIX) for spelling in spellings(key))


def is_prompt_content(key: str) -> bool:
    """Tells whether a tag is a part of a prompt, in any spelling."""
    return key != _PROMPT_USE and any(spelling.startswith(_PROMPT_PREFIXES) for spelling in spellings(key))


def unsafe_model(tags: list[dict[str, str]]) -> Refusal | None:
    """Refuses the settings of a prompt if the model that they name, which a job of MLflow's calls, is an address."""
    for tag in tags:
        if _PROMPT_MODEL in {spelling.strip() for spelling in spellings(tag.get("key", ""))}:
            try:
                model_settings.check_prompt_model(tag.get("value", ""))
            except UnsafeSetting as setting:
                return Refusal(wording.unsafe_setting(f"{_PROMPT_MODEL}.{setting.path}"))
    return None


def are_so(present: dict[str, str], message: Message) -> bool:
    """Tells whether a message would leave the tags as they are; one without a value takes its tag away.

    A tag that is there under a spelling that a database takes for the same is one that it would take away.
    """
    if "value" in message:
        return present.get(message["key"]) == message["value"]
    return _folded(message["key"]) not in map(_folded, present)


def _folded(key: str) -> str:
    return plain(key).strip()
