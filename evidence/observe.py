"""Reads the facts that a decision is taken on from the registry."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from audit.holding.sightings import sight
from audit.making.makers import makers_of
from evidence.directions.overrides import directions_of
from evidence.directions.wanted import BY_NAME, Directions
from evidence.recent.facts import facts_of
from foundation.database.side_by_side import side_by_side
from registry.client import RegistryClient
from registry.lists import Description, described
from registry.proposals import Change, Proposal
from registry.targets import Target, TargetKind
from registry.types import ModelVersion, RegisteredModel, VersionFacts

T = TypeVar("T")


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


def observe(registry: RegistryClient, proposal: Proposal, *, exact: bool = False, recent: bool = False) -> Evidence:
    """Returns the evidence on a proposal as the registry has it now.

    The champion is the newest holder of the target; for a copy the newest version of the destination. If the alias is
    to be removed, a holder counts only if it is another version, which would lose an alias that nobody asked about.

    Args:
        registry: The workspace's.
        proposal: What is asked for.
        exact: As `RegistryClient.holders` has it.
        recent: As `recent.facts.facts_of` has it.

    Raises:
        RegistryError: as the registry raises it, RegistryNotFound when there is no such model or version.
    """
    name = proposal.model_name
    facts = partial(facts_of, registry, workspace=proposal.workspace, recent=recent)
    challenger, model, champion = _asked(
        lambda: facts(name, proposal.version),
        Description(registry, name, workspace=proposal.workspace),
        lambda: _champion(registry, proposal, facts, exact=exact),
    )
    if champion.place == (name, proposal.version):
        champion = replace(champion, facts=challenger, model=model)
    return _with_models(
        Evidence(challenger, champion.facts, champion.others, proposal.change == Change.REMOVE),
        model,
        champion.model or model,
        workspace=proposal.workspace,
    )


def observe_both(registry: RegistryClient, new: tuple[str, str], old: tuple[str, str], *, workspace: str) -> Evidence:
    """Returns what the registry has of any two (model, version), or had some seconds ago: nothing is decided by it.

    Raises:
        RegistryError: as the registry raises it.
    """
    facts = partial(facts_of, registry, workspace=workspace, recent=True)
    challenger, model, (champion, its_model) = _asked(
        lambda: facts(*new),
        Description(registry, new[0], workspace=workspace),
        lambda: (
            facts(*old),
            described(registry, old[0], workspace=workspace) if old[0] != new[0] else None,
        ),
    )
    return _with_models(Evidence(challenger, champion), model, its_model or model, workspace=workspace)


@dataclass(frozen=True, slots=True)
class _Champion:
    """Who holds the target: its model and version, what is known of both, and the further holders.

    Attributes:
        facts: None of nobody, and of the challenger itself, whom somebody asks for already.
        model: None of the challenger's.
    """

    place: tuple[str, str] | None = None
    facts: VersionFacts | None = None
    model: RegisteredModel | None = None
    others: tuple[str, ...] = ()


def _asked(
    challenger: Callable[[], VersionFacts], model: Description, champion: Callable[[], T]
) -> tuple[VersionFacts, RegisteredModel, T]:
    """Asks for both sides at once; the champion in this thread, which may read what is kept in the database.

    Where several fail, what is said of the challenger comes first.
    """
    found: list[Any] = side_by_side([challenger, model.ask, champion])
    model.keep()
    return found[0], found[1], found[2]


def _champion(
    registry: RegistryClient, proposal: Proposal, facts: Callable[[str, str], VersionFacts], *, exact: bool
) -> _Champion:
    name, version, target = proposal.model_name, proposal.version, proposal.target
    if proposal.change == Change.REMOVE:
        others = [holder for holder in registry.holders(name, target, exact=exact) if holder != version]
        return _Champion((name, others[0]), facts(name, others[0])) if others else _Champion()
    holders = registry.holders(name, target, exact=exact) if target.has_champion else []
    if not holders:
        return _Champion()
    newest, *rest = holders
    place = (target.changed_model(name), newest)
    if place == (name, version):
        return _Champion(place, others=tuple(rest))
    model = described(registry, place[0], workspace=proposal.workspace) if place[0] != name else None
    return _Champion(place, facts(*place), model, tuple(rest))


def _with_models(
    evidence: Evidence, of_challenger: RegisteredModel, of_champion: RegisteredModel, *, workspace: str
) -> Evidence:
    """Returns the evidence with what is not MLflow's word on the version: of its model, and of Checkpoint's record."""
    challenger = replace(evidence.challenger, model_description=of_challenger.description)
    challenger = _with_record(challenger, workspace)
    champion, model = evidence.champion, of_challenger
    if champion is evidence.challenger:
        champion = challenger
    elif champion is not None:
        champion, model = replace(champion, model_description=of_champion.description), of_champion
        champion = _with_record(champion, workspace)
    directions = directions_of(model, workspace=workspace)
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
