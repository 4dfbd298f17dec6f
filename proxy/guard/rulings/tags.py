"""Rulings on tags: a promotion's seal, what makes a prompt's version what it is, and which values are better."""

from evidence.directions.wanted import is_direction_tag
from proxy.guard import model_settings, wording
from proxy.guard.messages import Message
from proxy.guard.model_settings import UnsafeSetting
from proxy.guard.rulings.looking import Unchanged, kept, looking
from proxy.protected import Protected
from proxy.refusals import Refusal, directing, holding
from registry.exceptions import RegistryNotFound
from registry.names import plain, spellings
from registry.types import Family, family_of

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


def sealed_at_creation(message: Message) -> Refusal | None:
    """Refuses a seal on what comes to be."""
    keys = [tag.get("key", "") for tag in message.get("tags", ())]
    return _seal(message) if any(is_seal(key) for key in keys) else None


def set_version_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses as `version_tag`; MLflow takes a tag that is set without a value for an empty one."""
    return version_tag({"value": "", **message}, protected)


def version_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to change a seal, an address for a model, or the content of a prompt's version in use.

    A message without a value takes the tag away.
    """
    refusal = _changed_version_tag(message, protected)
    return refusal and (_tagged_already(message, protected) or refusal)


def _changed_version_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    if is_seal(message["key"]):
        return _seal(message)
    if unsafe := unsafe_model([{"key": message["key"], "value": message.get("value", "")}]):
        return unsafe
    return _changed_content(message, protected) if is_prompt_content(message["key"]) else None


@looking
def _changed_content(message: Message, protected: Protected) -> Refusal | None:
    held = protected.held_by_version(protected.registry.get_version(message["name"], message["version"]))
    what = f"The content of version {message['version']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or kept(
        message["name"], protected, version=message["version"]
    )


def set_model_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses as `model_tag`; MLflow takes a tag that is set without a value for an empty one."""
    return model_tag({"value": "", **message}, protected)


def model_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to change a seal, or what makes a model a prompt while one of its versions holds a protected target.

    Which values of a metric are better, a tag may say unless somebody is judging by it. A message without a value takes
    the tag away.
    """
    refusal = _changed_model_tag(message, protected)
    return refusal and (_tagged_already(message, protected) or refusal)


def _changed_model_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    if is_direction_tag(message["key"]):
        judged = protected.judged_by_directions_of(message["name"])
        return directing(message["name"], judged.pk) if judged else None
    if is_seal(message["key"]):
        return _seal(message)
    return _changed_prompt(message, protected) if is_prompt_content(message["key"]) else None


@looking
def _changed_prompt(message: Message, protected: Protected) -> Refusal | None:
    held = protected.held_by_model(message["name"])
    what = f"The tag {message['key']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or kept(message["name"], protected)


def _tagged_already(message: Message, protected: Protected) -> Unchanged | None:
    """Returns that the tags are already as a refused message wants them, if they are.

    Raises:
        RegistryNotFound: it takes a tag away that a skill or an MCP server does not have, as MLflow says it.
    """
    name, version = message["name"], message.get("version", "")
    try:
        found = protected.registry.get_version(name, version) if version else protected.registry.get_model(name)
    except RegistryNotFound:
        return None  # which stays refused, and in the record: a database may take another model for it
    if not are_so(found.tags, message):
        return None
    if "value" not in message and family_of(name) is not Family.MODEL:
        raise RegistryNotFound(f"Tag '{message['key']}' not found on {name}.")
    return Unchanged()


def _seal(message: Message) -> Refusal:
    return Refusal(wording.SEAL, model_name=message["name"], version=message.get("version", ""))
