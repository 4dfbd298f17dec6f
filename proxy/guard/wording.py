"""What a caller reads whom the guard refused: what is protected, and what to ask for instead."""

from proxy.protected import Held
from registry.proposals import Proposal
from registry.targets import Target, TargetKind

_COLLEAGUES = "by a promote request that colleagues approve"


def place(target: Target, model_name: str) -> str:
    """Returns a stage's or alias's name in a sentence: `Production of Fraud`, `The alias champion of Fraud`."""
    if target.kind == TargetKind.ALIAS:
        return f"The alias {target.name} of {model_name}"
    return f"{'The stage None' if target.name == 'None' else target.name} of {model_name}"


def move(wanted: Proposal, protected: Target) -> str:
    """Says how a version gets where the caller wanted to put it; `protected` is what it would enter or leave."""
    if wanted.target == protected:
        verb = "gets it" if protected.kind == TargetKind.ALIAS else "gets there"
        return f"{place(protected, wanted.model_name)} is protected: version {wanted.version} {verb} {_COLLEAGUES}."
    return (
        f"{place(protected, wanted.model_name)} is protected: version {wanted.version} leaves it for "
        f"{wanted.target.name} {_COLLEAGUES}."
    )


def archiving(wanted: Proposal) -> str:
    """Says why others may not be archived in passing."""
    return (
        f"Archived of {wanted.model_name} is protected, and this would archive the versions that now hold "
        f"{wanted.target.name}: version {wanted.version} gets there {_COLLEAGUES}."
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
"""Refusals that name no model."""
