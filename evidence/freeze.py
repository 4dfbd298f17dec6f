"""Fingerprints evidence, to notice that it changed, and freezes it as JSON that every database can store.

Both outlive the code that made them, so both carry the number of their format. Every format ever written is read here.
A format that this release does not know, because a newer one wrote it, is shown as such and never trusted.
"""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from evidence.observe import Evidence, standing
from foundation.exceptions import CheckpointError
from foundation.texts import storable_text
from registry.makers import Deed, Maker
from registry.measurements import Measurement, Origin, Repeats
from registry.targets import Target
from registry.types import Contents, FileEntry, FileTree, ModelVersion, VersionFacts


@dataclass(frozen=True, slots=True)
class Observation:
    """What a request stores of the evidence that was last observed, to notice when it changes.

    Attributes:
        champion_version: None where nobody holds the target.
        challenger_stage: The stage or status that the challenger would leave; "" where the target is neither.
        evidence_fingerprint: From `fingerprint`.
        unplaced_source: The challenger's, from `VersionFacts`.
    """

    champion_version: str | None
    challenger_stage: str
    evidence_fingerprint: str
    unplaced_source: str = ""

    @classmethod
    def of(cls, evidence: Evidence, target: Target) -> Self:
        """Returns what a request for this target stores of the evidence."""
        return cls(
            evidence.champion_version,
            standing(evidence.challenger.version, target),
            fingerprint(evidence),
            storable_text(evidence.challenger.unplaced_source),
        )


FORMAT = 1
"""The format of frozen facts and of fingerprints that this release writes."""


class UnreadableEvidence(CheckpointError):
    """Frozen facts that this release cannot read: a newer one wrote them, or somebody changed the row."""

    status = 503
    code = "TEMPORARILY_UNAVAILABLE"


def fingerprint(evidence: Evidence) -> str:
    """Returns `1:` and a SHA-256 in hex, which changes when what was judged changes.

    It covers the challenger's facts, who holds the target, what that version is compared by (anybody may log to a
    champion's run), and which values of the metrics are better. Stages, aliases, descriptions and tags are left out:
    they can change while the version stays the same, and a promotion itself changes them. So are makers and since when
    it holds what, which Checkpoint says and not MLflow.
    """
    challenger, champion = evidence.challenger, evidence.champion
    facts = _own_facts(challenger)
    facts["champion"] = [champion.version.name, champion.version.version] if champion else None
    if champion and champion.version != challenger.version:
        facts["champion_metrics"] = _values(champion)
        facts["champion_params"] = champion.params
        facts["champion_prompt"] = [champion.prompt_text, champion.prompt_settings]
        # Who turns what counts as better turns what was approved.
        facts["directions"] = {key: str(evidence.directions.of(key).direction) for key in measured_keys(evidence)}
    if evidence.other_holders:
        # A promotion may archive them all, so its reviewers must have seen them.
        facts["other_holders"] = list(evidence.other_holders)
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()
    return f"{FORMAT}:{digest}"


def is_same_make(then: VersionFacts, now: VersionFacts) -> bool:
    """Tells whether a version is what it was: what it is judged by, and its files where both looks have them."""
    for before, after in ((then.tree, now.tree), (then.contents, now.contents)):
        if before is not None and after is not None and before != after:
            return False
    return _stored(_own_facts(then)) == _stored(_own_facts(now))


def _stored(facts: dict[str, Any]) -> str:
    return json.dumps(_storable(facts), sort_keys=True)


def _own_facts(challenger: VersionFacts) -> dict[str, Any]:
    """Returns what a version is judged by, other than by comparison."""
    facts: dict[str, Any] = {
        "name": challenger.version.name,
        "version": challenger.version.version,
        "source": challenger.version.source,
        "run_id": challenger.version.run_id,
        "model_id": challenger.version.model_id,
        "params": challenger.params,
        "metrics": _values(challenger),
        "prompt_text": challenger.prompt_text,
        "prompt_settings": challenger.prompt_settings,
        "gone": challenger.gone,
    }
    for name in ("origin", "datasets", "criteria", "made_by"):
        if value := getattr(challenger, name):
            facts[name] = value
    return facts


def measured_keys(evidence: Evidence) -> set[str]:
    """Returns the keys of the metrics of either side, without data sets."""
    sides = [evidence.challenger, *([evidence.champion] if evidence.champion else [])]
    return {found.key for facts in sides for found in facts.metrics.values()}


def _values(facts: VersionFacts) -> dict[str, list[str]]:
    # Without the step and the time: the same value, logged once more, is the same fact.
    return {
        name: [repr(float(found.value)), found.dataset_name, found.dataset_digest]
        for name, found in facts.metrics.items()
    }


def freeze(facts: VersionFacts) -> dict[str, Any]:
    """Returns the facts as JSON that every database can store; `thaw` returns them with every digit of a number.

    NaN and infinities become texts. NUL and lone surrogates, which PostgreSQL refuses, become U+FFFD.
    """
    return {"format": FORMAT, **_storable(asdict(facts))}


def thaw(frozen: Any) -> VersionFacts:
    """Returns the facts that `freeze` was given, whichever release froze them.

    Raises:
        UnreadableEvidence: the format is a newer release's, or no release wrote this.
    """
    found = frozen.get("format") if isinstance(frozen, dict) else None
    reader = _READERS.get(found) if isinstance(found, int) else None
    if reader is None:
        raise UnreadableEvidence(
            f"What was true then is kept in a format that this Checkpoint cannot read ({found or 'none is named'})."
        )
    try:
        return reader({name: value for name, value in frozen.items() if name != "format"})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableEvidence("What was true then is kept in a damaged row, which cannot be read.") from error


def _read_1(frozen: dict[str, Any]) -> VersionFacts:
    version = dict(frozen["version"])
    version["aliases"] = tuple(version["aliases"])
    for name in ("created_at", "updated_at"):
        version[name] = version[name] and datetime.fromisoformat(version[name])
    metrics = {name: _thawed(found) for name, found in frozen["metrics"].items()}
    gone = tuple(frozen["gone"])
    said = frozen.get("contents")
    contents = said and Contents(dict(said["files"]), tuple(said["problems"]))
    names = {context: tuple(said) for context, said in frozen.get("dataset_names", {}).items()}
    listed = frozen.get("tree")
    tree = listed and FileTree(tuple(FileEntry(**entry) for entry in listed["files"]), listed["problem"])
    makers = tuple(Maker(**{**said, "deed": Deed(said["deed"])}) for said in frozen.get("makers", ()))
    read = {
        "version": ModelVersion(**version),
        "makers": makers,
        "metrics": metrics,
        "gone": gone,
        "contents": contents,
        "dataset_names": names,
        "tree": tree,
    }
    return VersionFacts(**{**frozen, **read})


def _thawed(frozen: dict[str, Any]) -> Measurement:
    other, repeats = frozen["other"] and _thawed(frozen["other"]), frozen.get("repeats")
    read = {"value": float(frozen["value"]), "origin": Origin(frozen["origin"]), "other": other}
    return Measurement(**{**frozen, **read, "repeats": repeats and Repeats(**repeats)})


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


_READERS: dict[int, Callable[[dict[str, Any]], VersionFacts]] = {1: _read_1}
"""{format: its reader}. A reader stays for ever; a new format gets a reader of its own."""
