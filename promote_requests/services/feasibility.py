"""Checks whether a proposal can be carried out, before anybody spends time on it."""

from evidence.observe import is_at_target
from foundation.exceptions import InvalidInput
from registry import RegistryClient
from registry.exceptions import RegistryNotFound
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind, alias_fault, status_fault
from registry.types import Family, ModelVersion, family_of, is_model_name, is_version_of

_NAMES = {Family.MODEL: "registered model", Family.SKILL: "skill", Family.SERVER: "MCP server"}


def check(registry: RegistryClient, proposal: Proposal) -> None:
    """Raises InvalidInput, naming the field, when the proposal could never be carried out.

    Raises:
        InvalidInput: unknown model or version; the version is already there (or, for a removal, is not); the target
            does not fit the model.
        RegistryError: MLflow cannot be asked.
    """
    target = proposal.target
    found = _look_up(registry, proposal.model_name, proposal.version)
    if found.family is Family.MODEL and found.status != "READY":
        raise InvalidInput(f"Version {found.version} is not ready: MLflow says {found.status}.", field="version")
    if found.family is not Family.MODEL and target.kind not in (TargetKind.ALIAS, TargetKind.STATUS):
        raise InvalidInput("A skill or an MCP server has aliases and a status only: choose one.", field="target")
    if found.family is Family.MODEL and target.kind == TargetKind.STATUS:
        raise InvalidInput("Only a skill or an MCP server has a status.", field="target")
    if target.kind != TargetKind.ALIAS and _is_prompt(registry, found):
        raise InvalidInput("A prompt has aliases only: choose an alias as the target.", field="target")
    if proposal.change == Change.REMOVE:
        _check_removal(found, target)
    else:
        _check_promotion(registry, found, target)


def _look_up(registry: RegistryClient, model_name: str, version: str) -> ModelVersion:
    if not model_name or len(model_name) > 256:
        raise InvalidInput("Choose a registered model.", field="model_name")
    if family_of(model_name) is Family.SERVER:
        if not is_version_of(model_name, version):
            raise InvalidInput("A version of an MCP server is written as 1.4.0 is.", field="version")
    elif not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise InvalidInput("A version is a whole number, for example 3.", field="version")
    try:
        return registry.get_version(model_name, version)
    except RegistryNotFound:
        _require_model(registry, model_name)
        raise InvalidInput(f"{model_name} has no version {version}.", field="version") from None


def _require_model(registry: RegistryClient, model_name: str) -> None:
    try:
        registry.get_model(model_name)
    except RegistryNotFound:
        what = _NAMES[family_of(model_name)]
        raise InvalidInput(f"There is no {what} {model_name!r}.", field="model_name") from None


def _is_prompt(registry: RegistryClient, found: ModelVersion) -> bool:
    # Anybody may tag a version as a prompt's, but then its model is not one; and a prompt's versions are all tagged.
    return found.is_prompt and registry.get_model(found.name).is_prompt


def _check_removal(found: ModelVersion, target: Target) -> None:
    if target.kind != TargetKind.ALIAS:
        raise InvalidInput(
            "Only an alias can be taken away; a version leaves a stage or status by going to another.", field="change"
        )
    if target.name not in found.aliases:
        raise InvalidInput(f"Version {found.version} does not have the alias {target.name}.", field="target")


def _standing(version: str, target: Target) -> str:
    if target.kind == TargetKind.ALIAS:
        return f"version {version} has the alias {target.name} already"
    if target.kind == TargetKind.STATUS:
        return f"version {version} is {target.name} already"
    return (
        f"version {version} is in {target.name} already" if target.name != "None" else f"version {version} has no stage"
    )


def _check_promotion(registry: RegistryClient, found: ModelVersion, target: Target) -> None:
    if is_at_target(found, target):
        raise InvalidInput(f"Nothing would change: {_standing(found.version, target)}.", field="target")
    match target.kind:
        case TargetKind.ALIAS:
            if fault := alias_fault(found.family, target.name):
                raise InvalidInput(fault, field="target")
        case TargetKind.STATUS:
            if fault := status_fault(found.version, found.status, target.name):
                raise InvalidInput(fault, field="target")
        case TargetKind.MODEL:
            if not is_model_name(target.name):
                raise InvalidInput("A registered model's name has neither / nor :.", field="target")
            if target.name == found.name:
                raise InvalidInput("A version cannot be copied into its own model.", field="target")
            for copy in registry.copies(found.name, found.version, target.name):
                raise InvalidInput(
                    f"Version {found.version} is already there: {target.name} version {copy.version} is a copy.",
                    field="target",
                )
