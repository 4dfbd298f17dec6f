"""Evidence recognised again and kept: a fingerprint of what was judged, and JSON that every database takes."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from evidence.observe import Evidence
from foundation.texts import storable_text
from registry.measurements import Measurement, Origin
from registry.targets import Target, TargetKind
from registry.types import ModelVersion, VersionFacts


@dataclass(frozen=True, slots=True)
class Observation:
    """What a request keeps of the evidence that was last observed, to notice when it changes.

    Attributes:
        champion_version: None where nobody holds the target.
        challenger_stage: The stage that the challenger would leave; "" where the target is no stage.
        evidence_fingerprint: From `fingerprint`.
    """

    champion_version: str | None
    challenger_stage: str
    evidence_fingerprint: str

    @classmethod
    def of(cls, evidence: Evidence, target: Target) -> Self:
        """Returns what of the evidence on this target a request keeps."""
        return cls(
            evidence.champion_version,
            evidence.challenger.version.stage if target.kind == TargetKind.STAGE else "",
            fingerprint(evidence),
        )


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
        # Not the step and the time: the same value once more is no other fact.
        "metrics": {
            name: [repr(float(found.value)), found.dataset_name, found.dataset_digest]
            for name, found in challenger.metrics.items()
        },
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
    metrics = {name: _thawed(found) for name, found in frozen["metrics"].items()}
    return VersionFacts(**{**frozen, "version": ModelVersion(**version), "metrics": metrics})


def _thawed(frozen: dict[str, Any]) -> Measurement:
    other = frozen["other"] and _thawed(frozen["other"])
    return Measurement(
        **{**frozen, "value": float(frozen["value"]), "origin": Origin(frozen["origin"]), "other": other}
    )


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
