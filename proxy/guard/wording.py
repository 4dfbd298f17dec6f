"""What a caller reads whom the guard refused: what is protected, and what to ask for instead."""

from proxy.protected import Held
from registry.proposals import Proposal
from registry.targets import FIRST_STATUS, Target, TargetKind

_COLLEAGUES = "by a promote request that colleagues approve"


def place(target: Target, model_name: str) -> str:
    """Returns a stage's, status's or alias's name in a sentence: `The alias champion of Fraud`."""
    if target.kind in (TargetKind.ALIAS, TargetKind.STATUS):
        return f"The {target.kind} {target.name} of {model_name}"
    return f"{'The stage None' if target.name == 'None' else target.name} of {model_name}"


def move(wanted: Proposal, protected: Target) -> str:
    """Says how a version gets where the caller wanted to put it; `protected` is what it would enter or leave."""
    if wanted.target == protected:
        verb = "gets there" if protected.kind == TargetKind.STAGE else "gets it"
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


def registration_with(model_name: str, status: Target) -> str:
    """Says how a new version of a skill or MCP server gets a protected status."""
    return (
        f"{place(status, model_name)} is protected: no version is registered with it. Register the version as "
        f"{FIRST_STATUS}, and then request the status {status.name} for it, which colleagues approve."
    )


def status_already(model_name: str, version: str, status: Target) -> str:
    """Says that a version has the status that somebody wants for it."""
    return f"Version {version} of {model_name} is {status.name} already."


def protected_meanwhile(model_name: str) -> str:
    """Says why a registration is cut off that was let pass unread."""
    return f"A status of {model_name} came under protection while this was sent. Send it again."


def unsafe_setting(path: str) -> str:
    """Says which setting of a judge, an optimiser or a model is not passed on."""
    return (
        f"'{path}' could make MLflow call an address of the caller's choice, and so itself, past Checkpoint. Of what "
        "MLflow tells a language model, Checkpoint passes on what is about its answer: temperature, top_p, max_tokens, "
        "seed, stop and the like. A model is named by provider and name; where it is, an administrator of MLflow sets."
    )


FORBIDDEN = {
    "submit-job": "Jobs of MLflow's are not submitted by their internal name through Checkpoint, because they change "
    "the registry unseen. Use the call of the feature itself.",
    "demo": "MLflow's demo data sets and removes the alias production unseen, so Checkpoint does not pass it on.",
    "assistant": "MLflow's assistant runs tools on the server, past Checkpoint, so it is not reachable through it.",
    "mlflow-account": "Accounts and roles of MLflow's own are not changed through Checkpoint, whose own account at "
    "MLflow would do it for anybody. An administrator of MLflow changes them there.",
    "entry-copy": "Checkpoint does not know how MLflow copies an MCP server, whose aliases may come with it, and does "
    "not pass on what it cannot judge. A newer MLflow may need a newer Checkpoint.",
    "gateway-loop": "This would let MLflow's gateway call MLflow's own API, past Checkpoint: what follows the "
    "endpoint's name is an address at a server of language models.",
    "unknown-registry-write": "Checkpoint does not know this change to the model registry and does not pass on what it "
    "cannot judge. Check the method and the address; a newer MLflow may need a newer Checkpoint.",
    "unknown-write": "Checkpoint does not know what this call changes in MLflow and does not pass on what it cannot "
    "judge. Check the method and the address; a newer MLflow may need a newer Checkpoint. An administrator can let "
    "such calls pass with CHECKPOINT_UNKNOWN_WRITES=pass.",
}
"""Operation -> why it is not passed on."""
_PROTECTED_IS_HELD = "When a version that would go holds something protected, or is under review in an open request."
_IS_SEALED = "When it belongs to a version that holds something protected, or is under review in an open request."
_MODEL_TAG = (
    "When the tag is Checkpoint's own, makes a prompt of a model in use or under review, or says which values of a "
    "metric are better while a request is open."
)
REFUSED_WHEN = {
    "transition-stage": "When the stage that is entered or left is protected.",
    "create-version": "When versions of this model are protected, or a tag is Checkpoint's own.",
    "update-version": "Never: a description is nobody's approval.",
    "delete-version": _PROTECTED_IS_HELD,
    "set-version-tag": "When the tag is Checkpoint's own, or the content of a prompt in use or under review.",
    "delete-version-tag": "When the tag is Checkpoint's own, or the content of a prompt in use or under review.",
    "create-model": "When a tag is Checkpoint's own.",
    "rename-model": "When something protected is held, under the old name or the new one, or a version is under review "
    "in an open request, or somebody asked for changes of one and nobody has lifted that.",
    "update-model": "Never: a description is nobody's approval.",
    "delete-model": _PROTECTED_IS_HELD,
    "set-model-tag": _MODEL_TAG,
    "delete-model-tag": _MODEL_TAG,
    "set-alias": "When the alias is protected.",
    "delete-alias": "When the alias is protected and somebody has it.",
    "register-entry": "When the status that the version would have is protected, unless it is draft.",
    "set-entry-alias": "When the alias is protected.",
    "delete-entry-alias": "When the alias is protected and somebody has it.",
    "update-entry-version": "When the status that it gets or loses is protected, or when what it says would change "
    "while it holds something protected or is under review.",
    "delete-entry-version": _PROTECTED_IS_HELD,
    "delete-entry": _PROTECTED_IS_HELD,
    "tag-entry": "When the tag is Checkpoint's own.",
    "delete-endpoint": "Never: no version and no alias changes with it.",
    "delete-run": _IS_SEALED,
    "delete-experiment": _IS_SEALED,
    "finalize-logged-model": f"{_IS_SEALED.removesuffix('.')}, and MLflow would then show it as not ready.",
    "delete-logged-model": _IS_SEALED,
    "delete-job": _IS_SEALED,
    "change-artifact": _IS_SEALED,
    "upload-artifact": _IS_SEALED,
    "presign-upload": _IS_SEALED,
    "optimize-prompt": "When versions of the prompt are protected, or a setting says where a language model is.",
    "register-judge": "When a setting says where a language model is, or holds code.",
    "invoke-judge": "When a setting says where a language model is, or holds code.",
    "evaluate": "When a setting says where a language model is, or holds code.",
    "detect-issues": "When the model's name is an address.",
    "gateway-secret": "When an address leads below MLflow's own API, or it holds something that is no credential.",
    "call-model": "When it tells the library that calls the model more than what the model is to answer.",
    "model-definition": "When the model's name is an address.",
    "delete-workspace": "When models in it would be deleted or moved with it.",
}
"""Operation that is judged -> when it is refused."""
ENTRY_PATH = (
    "The address of a skill or MCP server must be spelt as MLflow spells it, for example "
    "/api/3.0/mlflow/skills/@acme/reviewer/aliases or /api/3.0/mlflow/mcp-servers/com.example/search/versions/1.4.0."
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
