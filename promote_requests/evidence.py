"""The facts that a decision is taken on: observed, recognised again, and kept. Pure but for the registry it asks."""

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from promote_requests.choices import RequestAction, TargetKind
from promote_requests.registry.client import RegistryClient
from promote_requests.registry.types import ModelVersion, VersionFacts
from promote_requests.targets import Target

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reviewer judges.

    Attributes:
        champion: Who holds the target now: None when nobody does and when the target replaces nobody (Archived, None).
            It is the challenger itself when that is there already. Where the alias is to be taken away, it is None
            unless another version than the challenger has the alias now.
        other_holders: The stage's further holders, newest first, without the champion.
        removing: The request takes the alias away from the challenger; what is shown of it is what would be lost.
    """

    challenger: VersionFacts
    champion: VersionFacts | None = None
    other_holders: tuple[ModelVersion, ...] = ()
    removing: bool = False

    @property
    def champion_version(self) -> str | None:
        """The champion's version; None when there is no champion."""
        return self.champion.version.version if self.champion else None


def observe(
    registry: RegistryClient, *, model_name: str, version: str, target: Target, action: RequestAction
) -> Evidence:
    """Returns the evidence as the registry has it now.

    The champion is the newest holder of the target; for a copy the newest version of the destination. Of an alias that
    is to be taken away, a holder counts only if it is another version: that one would lose what nobody asked about.

    Raises:
        RegistryError: as the registry raises it, RegistryNotFound when there is no such model or version.
    """
    challenger = registry.get_facts(model_name, version)
    if action == RequestAction.REMOVE:
        others = [holder for holder in registry.holders(model_name, target) if holder.version != version]
        return Evidence(
            challenger, registry.get_facts(model_name, others[0].version) if others else None, removing=True
        )
    if not target.has_champion:
        return Evidence(challenger)
    holders = registry.holders(model_name, target)
    if not holders:
        return Evidence(challenger)
    newest, *others = holders
    is_challenger = (newest.name, newest.version) == (challenger.version.name, challenger.version.version)
    champion = challenger if is_challenger else registry.get_facts(newest.name, newest.version)
    return Evidence(challenger, champion, tuple(others) if target.kind == TargetKind.STAGE else ())


def is_at_target(version: ModelVersion, target: Target) -> bool:
    """Says whether a version holds a stage or alias of its own model already. A copy can always be made again."""
    if target.kind == TargetKind.STAGE:
        return version.stage == target.name
    return target.kind == TargetKind.ALIAS and target.name in version.aliases


def fingerprint(evidence: Evidence) -> str:
    """Returns a SHA-256 in hex that changes when what was judged changes: the challenger's facts, who holds the target.

    Stages, aliases, descriptions and tags are left out: they change without the version becoming another one, and a
    promotion itself changes them.
    """
    challenger, champion = evidence.challenger, evidence.champion
    facts = {
        "name": challenger.version.name,
        "version": challenger.version.version,
        "source": challenger.version.source,
        "run_id": challenger.version.run_id,
        "model_id": challenger.version.model_id,
        "params": challenger.params,
        "metrics": {name: repr(float(value)) for name, value in challenger.metrics.items()},
        "prompt_text": challenger.prompt_text,
        "champion": [champion.version.name, champion.version.version] if champion else None,
    }
    if evidence.other_holders:
        # A promotion may archive them all, so those who judged it must have seen them.
        facts["other_holders"] = [holder.version for holder in evidence.other_holders]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def freeze(facts: VersionFacts) -> dict[str, Any]:
    """Returns the facts as JSON that every database takes; `thaw` gives them back, with every digit of a number.

    NaN and infinities become texts. NUL and lone surrogates, which PostgreSQL refuses, become U+FFFD.
    """
    frozen: dict[str, Any] = _storable(asdict(facts))
    return frozen


def thaw(frozen: dict[str, Any]) -> VersionFacts:
    """Returns the facts that `freeze` was given.

    Raises:
        KeyError, TypeError, ValueError: it is not what `freeze` returned.
    """
    version = dict(frozen["version"])
    version["aliases"] = tuple(version["aliases"])
    for name in ("created_at", "updated_at"):
        version[name] = version[name] and datetime.fromisoformat(version[name])
    metrics = {name: float(value) for name, value in frozen["metrics"].items()}
    return VersionFacts(**{**frozen, "version": ModelVersion(**version), "metrics": metrics})


def storable_text(text: str) -> str:
    """Returns the text as every database takes it: NUL and lone surrogates become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def _storable(value: Any) -> Any:
    match value:
        case dict():
            return {_storable(key): _storable(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_storable(entry) for entry in value]
        case datetime():
            return value.isoformat()
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case str():
            return storable_text(value)
    return value
