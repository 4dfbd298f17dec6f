"""One ruling per guarded operation: None lets the message pass, anything else says why not.

Where a ruling rests on who holds what now, `_settled` comes last: a promotion that Checkpoint is making at this moment
would make the answer old before the call arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evidence.directions.wanted import is_direction_tag
from foundation.exceptions import InvalidInput
from promote_requests.choices import Status
from proxy.guard import model_settings, wording
from proxy.guard.messages import Message
from proxy.guard.model_settings import UnsafeSetting
from proxy.protected import Held, Protected
from proxy.refusals import Refusal, being_judged, being_promoted, directing, holding, objected
from registry.exceptions import RegistryNotFound
from registry.names import spellings
from registry.proposals import Change, Proposal
from registry.targets import FIRST_STATUS, Target, TargetKind
from registry.types import Family, ModelVersion, family_of

SEAL_PREFIX = "checkpoint."
# Tags that make a prompt's version what it is. The one left out says where it was used.
_PROMPT_PREFIXES = ("mlflow.prompt.", "_mlflow_prompt_")
_PROMPT_MODEL = "_mlflow_prompt_model_config"
_PROMPT_USE = "mlflow.prompt.associatedRunIds"


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What is asked for is so already: MLflow says that it is done, and so does Checkpoint, which passes nothing on.

    Passed on, the call could arrive when it is no longer so, and would then change what nobody judged.

    Attributes:
        model_name: Of what MLflow's answer shows; "" for an empty answer.
        version: Of the version that it shows; "" where it shows the model.
    """

    model_name: str = ""
    version: str = ""


Ruling = Callable[[Message, Protected], Refusal | Unchanged | None]


def transition_stage(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses a move into a protected stage, out of one, or one that archives others into one."""
    found = protected.registry.get_version(message["name"], message["version"])
    name, target = message["name"], Target.of(TargetKind.STAGE, message["stage"])
    message["stage"] = target.name
    archives = message.get("archive_existing_versions", False)
    chosen = message.get("archive_existing_versions") if target.can_archive_holders else None
    wanted = Proposal(name, found.version, target, archive_existing_versions=chosen, workspace=protected.workspace)
    current = Target(TargetKind.STAGE, found.stage)
    archived = Target(TargetKind.STAGE, "Archived")
    refusal = None
    if protected.covers(name, target):
        refusal = Refusal(wording.move(wanted, target), wanted, target=target)
    elif protected.covers(name, current) and current != target:
        refusal = Refusal(wording.move(wanted, current), wanted, target=current)
    elif archives and protected.covers(name, archived):
        refusal = Refusal(wording.archiving(wanted), wanted, target=archived)
    if refusal is None:
        return _settled(name, protected)
    is_so = current == target and not (archives and _has_others(found, target, protected))
    return Unchanged(name, found.version) if is_so else refusal


def set_alias(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to set or move a protected alias."""
    name, version, target = message["name"], message["version"], Target.of(TargetKind.ALIAS, message["alias"])
    if not protected.covers(name, target):
        return None
    if target.name in protected.registry.get_version(name, version).aliases:
        return Unchanged()
    wanted = Proposal(name, version, target, workspace=protected.workspace)
    return Refusal(wording.move(wanted, target), wanted, target=target)


def delete_alias(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to take a protected alias away.

    One that no version has, MLflow takes away in vain from a model; of skills and MCP servers it says that it is not
    there.
    """
    name, target = message["name"], Target.of(TargetKind.ALIAS, message["alias"])
    if not protected.covers(name, target):
        return None
    version = next(iter(protected.registry.holders(name, target)), "")
    if not version and family_of(name) is Family.MODEL:
        protected.registry.get_model(name)
        return Unchanged()
    if not version:
        # Not passed on though nothing would happen: it might get a holder before this arrives.
        raise RegistryNotFound(f"No version of {name} has the alias {target.name}.")
    wanted = Proposal(name, version, target, Change.REMOVE, workspace=protected.workspace)
    return Refusal(wording.removal(name, Held(target, version)), wanted, target=target)


def create_version(message: Message, protected: Protected) -> Refusal | None:
    """Refuses any new version of a protected registered model, and a seal on any new version.

    A copy takes its original's tags with it (MLflow's client and UI send them all): the seal vouches for the original
    only, so it is left out.
    """
    name, target = message["name"], Target(TargetKind.MODEL, message["name"])
    source = protected.copied_version(message["source"])
    if protected.covers(name, target):
        if source is None:
            return Refusal(wording.registration(name), model_name=name, target=target)
        wanted = Proposal(source[0], source[1], target, workspace=protected.workspace)
        is_all = _is_plain_copy(message, source, protected)
        return Refusal(wording.copy(name, source), wanted, target=target, is_asked_for=is_all)
    if source is not None and "tags" in message:
        message["tags"] = [tag for tag in message["tags"] if not _is_seal(tag.get("key", ""))]
    return _sealed_at_creation(message) or _unsafe_model(message.get("tags", []))


def create_model(message: Message, protected: Protected) -> Refusal | None:
    """Refuses a seal on a new registered model."""
    return _sealed_at_creation(message)


def delete_version(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to delete a version that holds a protected target."""
    found = protected.registry.get_version(message["name"], message["version"])
    held = protected.held_by_version(found)
    what = f"Version {found.version} of {message['name']} cannot be deleted"
    return holding(what, message["name"], held, protected.workspace) or _kept(
        message["name"], protected, version=found.version
    )


def delete_model(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to delete a registered model of which a version holds a protected target."""
    held = protected.held_by_model(message["name"])
    return holding(f"{message['name']} cannot be deleted", message["name"], held, protected.workspace) or _kept(
        message["name"], protected
    )


def rename_model(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses a name that takes a held target out of a rule's reach, or into it, or versions into a protected model.

    And one under which somebody's objection would not be found any more: it goes by the model's name.
    """
    name, new_name = message["name"], message["new_name"]
    if name == new_name:
        protected.registry.get_model(name)
        return Unchanged(name)
    held = protected.held_by_model(name) or protected.held_by_model(name, as_name=new_name)
    refusal = holding(f"{name} cannot be renamed {new_name}", name, held, protected.workspace) or _kept(name, protected)
    if refusal:
        return refusal
    # Looked for last: a request that is open still is kept above, and one that is withdrawn meanwhile is found here.
    objection = protected.objection_in(name)
    return objected(name, new_name, objection) if objection else None


def update_entry_version(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses a protected status, the way out of one, and to change what a version says that is in use or judged."""
    name, status = message["name"], message.get("status")
    if status == "deleted":
        return delete_version(message, protected)
    found = protected.registry.get_version(name, message["version"])
    target = None if status is None else Target.of(TargetKind.STATUS, status)
    if message.keys() - {"name", "version", "status"}:
        what = f"What version {found.version} of {name} says cannot be changed"
        refusal = holding(what, name, protected.held_by_version(found), protected.workspace) or _kept(
            name, protected, version=found.version
        )
        if refusal:
            return refusal
    if target is not None and target.name == found.status and protected.covers(name, target):
        # MLflow takes it for a mistake, whatever else is sent. Not passed on though nothing would happen: it might get
        # another status before this arrives.
        raise InvalidInput(wording.status_already(name, found.version, target))
    if target is not None:
        current = Target.of(TargetKind.STATUS, found.status)
        wanted = Proposal(name, found.version, target, workspace=protected.workspace)
        # A request asks for the status alone: what else the call would change it would lose without a word.
        is_all = message.keys() == {"name", "version", "status"}
        for place in (target, current):
            if protected.covers(name, place):
                return Refusal(wording.move(wanted, place), wanted, target=place, is_asked_for=is_all)
    return _settled(name, protected)


def register_entry(message: Message, protected: Protected) -> Refusal | None:
    """Refuses a new version that would have a protected status at once.

    No request can ask for it: the version is not there yet. As a draft it is let in under any rule.
    """
    name, status = message["name"], Target.of(TargetKind.STATUS, message["status"])
    if status.name == FIRST_STATUS or not protected.covers(name, status):
        return None
    return Refusal(wording.registration_with(name, status), model_name=name, target=status)


def register_entries(message: Message, protected: Protected) -> Refusal | None:
    """Refuses several new versions, of one skill each, if one of them is refused."""
    refusals = (register_entry(each, protected) for each in message["entries"])
    return next((refusal for refusal in refusals if refusal), None)


def version_tag(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to change a seal, an address for a model, or the content of a prompt's version in use."""
    if _is_seal(message["key"]):
        return _seal(message)
    if unsafe := _unsafe_model([{"key": message["key"], "value": message.get("value", "")}]):
        return unsafe
    if not _is_prompt_content(message["key"]):
        return None
    held = protected.held_by_version(protected.registry.get_version(message["name"], message["version"]))
    what = f"The content of version {message['version']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or _kept(
        message["name"], protected, version=message["version"]
    )


def model_tag(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to change a seal, or what makes a model a prompt while one of its versions holds a protected target.

    Which values of a metric are better, a tag may say unless somebody is judging by it.
    """
    if is_direction_tag(message["key"]):
        judged = protected.judged_by_directions_of(message["name"])
        return directing(message["name"], judged.pk) if judged else None
    if _is_seal(message["key"]):
        return _seal(message)
    if not _is_prompt_content(message["key"]):
        return None
    held = protected.held_by_model(message["name"])
    what = f"The tag {message['key']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or _kept(message["name"], protected)


def pass_on(message: Message, protected: Protected) -> Refusal | None:
    """Lets a description pass: reviewers read it, but no approval rests on it, and what they read is kept."""
    return None


def optimize_prompt(name: str, protected: Protected) -> Refusal | None:
    """Refuses a job that would register a new version of a protected prompt."""
    target = Target.of(TargetKind.MODEL, name)
    if not protected.covers(name, target):
        return None
    return Refusal(wording.registration(name), model_name=name, target=target)


RULINGS: dict[str, Ruling] = {
    "transition-stage": transition_stage,
    "create-version": create_version,
    "update-version": pass_on,
    "delete-version": delete_version,
    "set-version-tag": version_tag,
    "delete-version-tag": version_tag,
    "create-model": create_model,
    "rename-model": rename_model,
    "update-model": pass_on,
    "delete-model": delete_model,
    "set-model-tag": model_tag,
    "delete-model-tag": model_tag,
    "set-alias": set_alias,
    "delete-alias": delete_alias,
}
"""Operation of `routes.REGISTRY_CALLS` -> its ruling. A ruling may correct the message, which is what is sent."""


DESCRIBING = frozenset({"update-model", "set-model-tag", "delete-model-tag"})
"""Operations that change what a registered model says of itself."""


def _is_plain_copy(message: Message, source: tuple[str, str], protected: Protected) -> bool:
    """Tells whether the copy that a promotion makes would be all that is wanted: tags and description as they are."""
    name, version = source
    if not version:
        return False
    original = protected.registry.get_version(name, version)
    tags = {tag.get("key", ""): tag.get("value", "") for tag in message.get("tags", ())}
    own = {key: value for key, value in tags.items() if not _is_seal(key)}
    return own.items() <= original.tags.items() and message.get("description", "") in {"", original.description}


def _has_others(found: ModelVersion, target: Target, protected: Protected) -> bool:
    """Tells whether a move that archives the holders of a stage would move others, or be a mistake in MLflow's eyes."""
    holders = protected.registry.holders(found.name, target, exact=True) if target.can_archive_holders else []
    return holders != [found.version]


def _settled(name: str, protected: Protected) -> Refusal | None:
    return being_promoted(name) if protected.is_promoting(name) else None


def _kept(name: str, protected: Protected, *, version: str = "") -> Refusal | None:
    """Refuses to put away or to change what people judge: brought back with other files it would look the same."""
    # Settled before it is looked for: a promotion that was cut off may be an open request again.
    unsettled = _settled(name, protected)
    judged = protected.judged_in(name, version)
    if judged and judged.status == Status.OPEN:
        return being_judged(name, judged.version, judged.pk)
    # One that began in between counts too.
    return unsettled or (being_promoted(name) if judged else None)


def _seal(message: Message) -> Refusal:
    return Refusal(wording.SEAL, model_name=message["name"], version=message.get("version", ""))


def _sealed_at_creation(message: Message) -> Refusal | None:
    keys = [tag.get("key", "") for tag in message.get("tags", ())]
    return _seal(message) if any(_is_seal(key) for key in keys) else None


def _unsafe_model(tags: list[dict[str, str]]) -> Refusal | None:
    """Refuses the settings of a prompt if the model that they name, which a job of MLflow's calls, is an address."""
    for tag in tags:
        if _PROMPT_MODEL in {spelling.strip() for spelling in spellings(tag.get("key", ""))}:
            try:
                model_settings.check_prompt_model(tag.get("value", ""))
            except UnsafeSetting as setting:
                return Refusal(wording.unsafe_setting(f"{_PROMPT_MODEL}.{setting.path}"))
    return None


def _is_seal(key: str) -> bool:
    return any(spelling.lstrip().startswith(SEAL_PREFIX) for spelling in spellings(key))


def _is_prompt_content(key: str) -> bool:
    return key != _PROMPT_USE and any(spelling.startswith(_PROMPT_PREFIXES) for spelling in spellings(key))
