"""Rulings on versions: their stages and aliases, and how they come and go."""

from proxy.guard import wording
from proxy.guard.messages import Message
from proxy.guard.rulings import tags
from proxy.guard.rulings.looking import Unchanged, kept, looking, require_possible
from proxy.protected import Held, Protected
from proxy.refusals import Refusal, holding
from registry.exceptions import RegistryNotFound
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind, alias_fault
from registry.types import Family, ModelVersion, family_of


@looking
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
        return None
    is_so = current == target and not (archives and _has_others(found, target, protected))
    return Unchanged(name, found.version) if is_so else refusal


def set_alias(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses to set or move a protected alias."""
    name, version, target = message["name"], message["version"], Target.of(TargetKind.ALIAS, message["alias"])
    if not protected.covers(name, target):
        return None
    require_possible(alias_fault(family_of(name), target.name))
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
    return tags.sealed_at_creation(message) or tags.unsafe_model(message.get("tags", []))


@looking
def delete_version(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to delete a version that holds a protected target."""
    found = protected.registry.get_version(message["name"], message["version"])
    held = protected.held_by_version(found)
    what = f"Version {found.version} of {message['name']} cannot be deleted"
    return holding(what, message["name"], held, protected.workspace) or kept(
        message["name"], protected, version=found.version
    )


def _is_plain_copy(message: Message, source: tuple[str, str], protected: Protected) -> bool:
    """Tells whether the copy that a promotion makes would be all that is wanted: tags and description as they are."""
    name, version = source
    if not version:
        return False
    original = protected.registry.get_version(name, version)
    sent = {tag.get("key", ""): tag.get("value", "") for tag in message.get("tags", ())}
    own = {key: value for key, value in sent.items() if not tags.is_seal(key)}
    return own.items() <= original.tags.items() and message.get("description", "") in {"", original.description}


def _has_others(found: ModelVersion, target: Target, protected: Protected) -> bool:
    """Tells whether a move that archives the holders of a stage would move others, or be a mistake in MLflow's eyes."""
    holders = protected.registry.holders(found.name, target, exact=True) if target.can_archive_holders else []
    return holders != [found.version]
