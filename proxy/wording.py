"""What a refused caller reads: what is protected, what to ask for instead, and where."""

from collections.abc import Sequence
from dataclasses import dataclass

from promote_requests import links
from promote_requests.choices import RequestAction, TargetKind
from promote_requests.targets import Target
from proxy.protected import Held

_COLLEAGUES = "by a promote request that colleagues approve"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller wanted, as far as a promote request can ask for it."""

    model_name: str
    version: str = ""
    target: Target | None = None
    action: RequestAction = RequestAction.SET
    archive_existing_versions: bool | None = None


def place(target: Target, model_name: str) -> str:
    """Returns a stage's or alias's name in a sentence: `Production of Fraud`, `The alias champion of Fraud`."""
    if target.kind == TargetKind.ALIAS:
        return f"The alias {target.name} of {model_name}"
    return f"{'The stage None' if target.name == 'None' else target.name} of {model_name}"


def form_path(wish: Wish, workspace: str) -> str:
    """Returns the path of the form, filled in with the wish."""
    return links.form_path(
        model_name=wish.model_name,
        version=wish.version,
        target=wish.target,
        action=wish.action,
        workspace=workspace,
        archive_existing_versions=wish.archive_existing_versions,
    )


def move(wish: Wish, protected: Target) -> str:
    """Says how a version gets where the caller wanted to put it; `protected` is what it would enter or leave."""
    if wish.target == protected:
        verb = "gets it" if protected.kind == TargetKind.ALIAS else "gets there"
        return f"{place(protected, wish.model_name)} is protected: version {wish.version} {verb} {_COLLEAGUES}."
    place_left, wanted = place(protected, wish.model_name), wish.target.name if wish.target else "another stage"
    return f"{place_left} is protected: version {wish.version} leaves it for {wanted} {_COLLEAGUES}."


def archiving(wish: Wish) -> str:
    """Says why others may not be archived in passing."""
    return (
        f"Archived of {wish.model_name} is protected, and this would archive the versions that now hold "
        f"{wish.target.name if wish.target else 'the stage'}: version {wish.version} gets there {_COLLEAGUES}."
    )


def already_there(model_name: str, version: str, target: Target) -> str:
    """Says that there is nothing to do."""
    return f"{place(target, model_name)} is protected, and version {version} holds it already: nothing was changed."


def removal(model_name: str, held: Held) -> str:
    """Says how an alias is taken away."""
    return f"{place(held.target, model_name)} is protected: it is taken from version {held.version} {_COLLEAGUES}."


def copy(destination: str, source: tuple[str, str]) -> str:
    """Says how a version gets into a protected registered model from another one."""
    name, version = source
    what = f"version {version} of {name}" if version else f"a version of {name}"
    return f"Versions of {destination} are protected: {what} is copied there {_COLLEAGUES}."


def registration(destination: str) -> str:
    """Says how a new version gets into a protected registered model."""
    return (
        f"Versions of {destination} are protected: nothing is registered there directly. Register it under another "
        f"name first, and then request a copy into {destination}, which colleagues approve."
    )


def holding(what: str, model_name: str, held: Sequence[Held]) -> str:
    """Says why something may not happen while protected targets are held, and what to request first.

    Args:
        what: The act in the passive voice, for example `Version 3 of Fraud cannot be deleted`.
        model_name: The model whose versions hold them.
        held: The protected targets; not empty.
    """
    names = ", ".join(_with_version(each) for each in held)
    sentence = f"{what}, because it would change what is protected ({names})."
    wish = way_out(model_name, held)
    if wish is None:
        return f"{sentence} Only a change of the protection rule, by an administrator, allows it."
    if wish.action == RequestAction.REMOVE:
        return f"{sentence} First request to take the alias {held[0].target.name} from version {wish.version}."
    return f"{sentence} First request to move version {wish.version} to Archived."


def way_out(model_name: str, held: Sequence[Held]) -> Wish | None:
    """Returns the request to make first; None when a request cannot free what is held."""
    if any(each.target.kind == TargetKind.MODEL for each in held):
        return None
    first = held[0]
    if first.target.kind == TargetKind.ALIAS:
        return Wish(model_name, first.version, first.target, RequestAction.REMOVE)
    return Wish(model_name, first.version, Target(TargetKind.STAGE, "Archived"))


def _with_version(held: Held) -> str:
    if held.target.kind == TargetKind.MODEL:
        return f"every version of {held.target.name} is"
    if held.target.kind == TargetKind.ALIAS:
        return f"version {held.version} has the alias {held.target.name}"
    return f"version {held.version} is in {held.target.name}"


FORBIDDEN = {
    "submit-job": "Jobs of MLflow's are not submitted by their internal name through Checkpoint, because they change "
    "the registry unseen. Use the call of the feature itself.",
    "demo": "MLflow's demo data sets and removes the alias production unseen, so Checkpoint does not pass it on.",
    "assistant": "MLflow's assistant runs tools on the server, past Checkpoint, so it is not reachable through it.",
}
"""Operation -> why it is never passed on."""
UNKNOWN_WRITE = (
    "Checkpoint does not know this change to the model registry and does not pass on what it cannot judge. "
    "Check the method and the address; a newer MLflow may need a newer Checkpoint."
)
SEAL = "Tags that begin with checkpoint. are Checkpoint's record of a promotion: nobody else sets or deletes them."
WORKSPACE = (
    "Deleting a workspace together with its models, or moving them to another one, would change what is protected "
    "there. Remove them first and delete the empty workspace (mode=RESTRICT)."
)
GATEWAY = (
    "This would let MLflow's gateway call MLflow's own API, past Checkpoint: an address in auth_config names a server "
    "of language models, and nothing below /api/2.0 or /mlflow."
)
OTHER_WORKSPACES = (
    "This address holds the artifacts of other workspaces, and what is protected there. Name a folder of an "
    "experiment, and the workspace in the header X-MLFLOW-WORKSPACE."
)
"""Refusals that name no model."""
