"""What a demotion leaves without a champion: a version out of a stage or status in use, an alias taken away."""

from dataclasses import dataclass

from registry import RegistryClient
from registry.proposals import Change, Proposal
from registry.targets import ACTIVE_STAGES, ACTIVE_STATUSES, Target


@dataclass(frozen=True, slots=True)
class Loss:
    """A target that a version loses.

    Attributes:
        target: What it loses.
        others: The versions that hold it besides, newest first: they go on being served.
    """

    target: Target
    others: tuple[str, ...] = ()


def loses(proposal: Proposal, leaving: str) -> Target | None:
    """Returns the target in use that the version would lose; None for what is no demotion.

    Args:
        proposal: What is asked for.
        leaving: The stage or status that the version has.
    """
    if proposal.change == Change.REMOVE:
        return proposal.target
    if leaving in ACTIVE_STAGES + ACTIVE_STATUSES and leaving != proposal.target.name:
        return Target(proposal.target.kind, leaving)
    return None


def is_demotion(proposal: Proposal, leaving: str) -> bool:
    """Tells whether it takes a version out of use, and brings it nowhere else."""
    return loses(proposal, leaving) is not None and (
        proposal.change == Change.REMOVE or not proposal.target.has_champion
    )


def loss_of(registry: RegistryClient, proposal: Proposal, leaving: str) -> Loss | None:
    """Returns what is lost and who is left there, by one question to MLflow; None for what loses nothing.

    Raises:
        RegistryError: MLflow cannot be asked.
    """
    target = loses(proposal, leaving)
    if target is None:
        return None
    holders = registry.holders(proposal.model_name, target)
    return Loss(target, tuple(holder for holder in holders if holder != proposal.version))
