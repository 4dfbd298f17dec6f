"""One ruling per guarded operation: None lets the message pass, anything else says why not.

Where a ruling rests on who holds what now, `_settled` comes last: a promotion that Checkpoint is making at this moment
would make the answer old before the call arrives.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evidence.directions.wanted import is_direction_tag
from foundation.exceptions import InvalidInput
from promote_requests.choices import Status
from proxy.guard import tags, wording
from proxy.guard.messages import Message
from proxy.protected import Held, Protected
from proxy.refusals import Refusal, being_judged, being_promoted, directing, holding, objected
from registry.exceptions import RegistryNotFound
from registry.proposals import Change, Proposal
from registry.server_texts import says_already
from registry.targets import FIRST_STATUS, Target, TargetKind, alias_fault, status_fault
from registry.types import Family, ModelVersion, family_of


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
    _require_possible(alias_fault(family_of(name), target.name))
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
        message["tags"] = [tag for tag in message["tags"] if not tags.is_seal(tag.get("key", ""))]
    return _sealed_at_creation(message) or tags.unsafe_model(message.get("tags", []))


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
            return _said_already(message, found, protected) or refusal
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
                _require_possible(status_fault(found.version, found.status, target.name))
                return Refusal(wording.move(wanted, place), wanted, target=place, is_asked_for=is_all)
    return _settled(name, protected)


def _said_already(message: Message, found: ModelVersion, protected: Protected) -> Unchanged | None:
    """Returns that a version says already what a refused message wants it to say, if that is all that it wants."""
    content = {field: value for field, value in message.items() if field not in ("name", "version")}
    if "status" in content:
        return None
    text = protected.registry.get_facts(found.name, found.version).prompt_text
    return Unchanged(found.name, found.version) if says_already(text, content) else None


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


def set_version_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses as `version_tag`; MLflow takes a tag that is set without a value for an empty one."""
    return version_tag({"value": "", **message}, protected)


def version_tag(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to change a seal, an address for a model, or the content of a prompt's version in use.

    A message without a value takes the tag away.
    """
    refusal = _changed_version_tag(message, protected)
    return refusal and (_tagged_already(message, protected) or refusal)


def _changed_version_tag(message: Message, protected: Protected) -> Refusal | None:
    if tags.is_seal(message["key"]):
        return _seal(message)
    if unsafe := tags.unsafe_model([{"key": message["key"], "value": message.get("value", "")}]):
        return unsafe
    if not tags.is_prompt_content(message["key"]):
        return None
    held = protected.held_by_version(protected.registry.get_version(message["name"], message["version"]))
    what = f"The content of version {message['version']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or _kept(
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


def _changed_model_tag(message: Message, protected: Protected) -> Refusal | None:
    if is_direction_tag(message["key"]):
        judged = protected.judged_by_directions_of(message["name"])
        return directing(message["name"], judged.pk) if judged else None
    if tags.is_seal(message["key"]):
        return _seal(message)
    if not tags.is_prompt_content(message["key"]):
        return None
    held = protected.held_by_model(message["name"])
    what = f"The tag {message['key']} of {message['name']} cannot be changed"
    return holding(what, message["name"], held, protected.workspace) or _kept(message["name"], protected)


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
    if not tags.are_so(found.tags, message):
        return None
    if "value" not in message and family_of(name) is not Family.MODEL:
        raise RegistryNotFound(f"Tag '{message['key']}' not found on {name}.")
    return Unchanged()


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
    "set-version-tag": set_version_tag,
    "delete-version-tag": version_tag,
    "create-model": create_model,
    "rename-model": rename_model,
    "update-model": pass_on,
    "delete-model": delete_model,
    "set-model-tag": set_model_tag,
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
    sent = {tag.get("key", ""): tag.get("value", "") for tag in message.get("tags", ())}
    own = {key: value for key, value in sent.items() if not tags.is_seal(key)}
    return own.items() <= original.tags.items() and message.get("description", "") in {"", original.description}


def _require_possible(fault: str) -> None:
    """Takes what MLflow would refuse for the mistake that it is: no request for it could ever be carried out.

    Not passed on though MLflow would say so itself: what it goes by may have changed when this arrives.

    Raises:
        InvalidInput: there is a fault.
    """
    if fault:
        raise InvalidInput(fault)


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
    return _seal(message) if any(tags.is_seal(key) for key in keys) else None
