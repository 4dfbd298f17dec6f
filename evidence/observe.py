"""Reads the facts that a decision is taken on from the registry."""

from dataclasses import dataclass, replace

from audit.holding.sightings import sight
from audit.making.makers import makers_of
from evidence.directions.overrides import directions_of
from evidence.directions.wanted import BY_NAME, Directions
from registry.client import RegistryClient
from registry.lists import described
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind
from registry.types import ModelVersion, VersionFacts


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reviewer judges.

    Attributes:
        champion: Who holds the target now: None if nobody does or if the target replaces nobody (Archived, None).
            It is the challenger itself if that holds the target already. If the alias is to be removed, it is None
            unless a version other than the challenger has the alias now.
        other_holders: The versions of the stage's further holders, newest first, without the champion.
        removing: Whether the request removes the alias from the challenger.
        directions: Which values of their metrics are better: what holds for the champion's model, which is the one
            that would change; without a champion for the challenger's.
    """

    challenger: VersionFacts
    champion: VersionFacts | None = None
    other_holders: tuple[str, ...] = ()
    removing: bool = False
    directions: Directions = BY_NAME

    @property
    def champion_version(self) -> str | None:
        """The champion's version; None when there is no champion."""
        return self.champion.version.version if self.champion else None


def observe(registry: RegistryClient, proposal: Proposal, *, exact: bool = False) -> Evidence:
    """Returns the evidence on a proposal as the registry has it now.

    The champion is the newest holder of the target; for a copy the newest version of the destination. If the alias is
    to be removed, a holder counts only if it is another version, which would lose an alias that nobody asked about.

    Raises:
        RegistryError: as the registry raises it, RegistryNotFound when there is no such model or version.
    """
    return _with_models(registry, _observed(registry, proposal, exact=exact), workspace=proposal.workspace)


def observe_both(registry: RegistryClient, new: tuple[str, str], old: tuple[str, str], *, workspace: str) -> Evidence:
    """Returns what the registry has of any two (model, version); RegistryError as the registry raises it."""
    return _with_models(registry, Evidence(registry.get_facts(*new), registry.get_facts(*old)), workspace=workspace)


def _observed(registry: RegistryClient, proposal: Proposal, *, exact: bool) -> Evidence:
    model_name, version, target = proposal.model_name, proposal.version, proposal.target
    challenger = registry.get_facts(model_name, version)
    if proposal.change == Change.REMOVE:
        others = [holder for holder in registry.holders(model_name, target, exact=exact) if holder != version]
        return Evidence(challenger, registry.get_facts(model_name, others[0]) if others else None, removing=True)
    if not target.has_champion:
        return Evidence(challenger)
    holders = registry.holders(model_name, target, exact=exact)
    if not holders:
        return Evidence(challenger)
    newest, *rest = holders
    place = target.name if target.kind == TargetKind.MODEL else model_name
    is_challenger = (place, newest) == (model_name, version)
    return Evidence(challenger, challenger if is_challenger else registry.get_facts(place, newest), tuple(rest))


def _with_models(registry: RegistryClient, evidence: Evidence, *, workspace: str) -> Evidence:
    """Returns the evidence with what is not MLflow's word on the version: of its model, and of Checkpoint's record."""
    challenger, champion = evidence.challenger, evidence.champion
    model = described(registry, challenger.version.name, workspace=workspace)
    directions = directions_of(model, workspace=workspace)
    challenger = _with_record(replace(challenger, model_description=model.description), workspace)
    if champion is evidence.challenger:
        champion = challenger
    elif champion is not None:
        if champion.version.name != model.name:
            model = described(registry, champion.version.name, workspace=workspace)
            directions = directions_of(model, workspace=workspace)
        champion = _with_record(replace(champion, model_description=model.description), workspace)
    return replace(evidence, challenger=challenger, champion=champion, directions=directions)


def _with_record(facts: VersionFacts, workspace: str) -> VersionFacts:
    """Returns the facts with what Checkpoint itself has on record: who made the version, and since when it holds what.

    That what was seen just now is kept, too.
    """
    return replace(
        facts,
        makers=makers_of(facts.version, workspace=workspace, made_by=facts.made_by),
        held_since={target: since.isoformat() for target, since in sight(facts.version, workspace=workspace).items()},
    )


def is_at_target(version: ModelVersion, target: Target) -> bool:
    """Tells whether a version holds a stage, status or alias of its own already. A copy can always be made again."""
    if target.kind in (TargetKind.STAGE, TargetKind.STATUS):
        return standing(version, target) == target.name
    return target.kind == TargetKind.ALIAS and target.name in version.aliases


def standing(version: ModelVersion, target: Target) -> str:
    """Returns the stage or status that a version has and would leave for a target; "" where it leaves none."""
    match target.kind:
        case TargetKind.STAGE:
            return version.stage
        case TargetKind.STATUS:
            return version.status
    return ""
