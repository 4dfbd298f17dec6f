"""Rulings on registered models as a whole; of skills and MCP servers, too, what deletes one."""

from proxy.guard import wording
from proxy.guard.messages import Message
from proxy.guard.rulings import tags
from proxy.guard.rulings.looking import Unchanged, kept, looking
from proxy.protected import Protected
from proxy.refusals import Refusal, holding, objected
from registry.targets import Target, TargetKind


def create_model(message: Message, protected: Protected) -> Refusal | None:
    """Refuses a seal on a new registered model."""
    return tags.sealed_at_creation(message)


@looking
def delete_model(message: Message, protected: Protected) -> Refusal | None:
    """Refuses to delete a registered model of which a version holds a protected target."""
    held = protected.held_by_model(message["name"])
    return holding(f"{message['name']} cannot be deleted", message["name"], held, protected.workspace) or kept(
        message["name"], protected
    )


@looking
def rename_model(message: Message, protected: Protected) -> Refusal | Unchanged | None:
    """Refuses a name that takes a held target out of a rule's reach, or into it, or versions into a protected model.

    And one under which somebody's objection would not be found any more: it goes by the model's name.
    """
    name, new_name = message["name"], message["new_name"]
    if name == new_name:
        protected.registry.get_model(name)
        return Unchanged(name)
    held = protected.held_by_model(name) or protected.held_by_model(name, as_name=new_name)
    refusal = holding(f"{name} cannot be renamed {new_name}", name, held, protected.workspace) or kept(name, protected)
    if refusal:
        return refusal
    # Looked for last: a request that is open still is kept above, and one that is withdrawn meanwhile is found here.
    objection = protected.objection_in(name)
    return objected(name, new_name, objection) if objection else None


def pass_on(message: Message, protected: Protected) -> Refusal | None:
    """Lets a description pass: reviewers read it, but no approval rests on it, and what they read is kept."""
    return None


def optimize_prompt(name: str, protected: Protected) -> Refusal | None:
    """Refuses a job that would register a new version of a protected prompt."""
    target = Target.of(TargetKind.MODEL, name)
    if not protected.covers(name, target):
        return None
    return Refusal(wording.registration(name), model_name=name, target=target)
