"""Sentences about the evidence: how it was measured, and how it changed since somebody judged it."""

from collections.abc import Mapping, Sequence

from evidence.directions.names import Direction
from evidence.directions.wanted import Source, Wanted
from evidence.freeze import measured_keys
from evidence.lineage import who
from evidence.numbers import shown
from evidence.observe import Evidence, standing
from foundation.words import listed
from promote_requests.choices import Verdict
from promote_requests.models import PromoteRequest
from registry.makers import Deed, Maker
from registry.measurements import Measurement, Origin
from registry.proposals import Change
from registry.targets import TargetKind
from registry.types import VersionFacts

_GONE = {
    "run": "The run behind {} is deleted in MLflow, and MLflow's garbage collection will remove its files for good.",
    "logged_model": "The logged model behind {} is deleted in MLflow; its files may be gone already.",
}
_FILES_NAMED = 5
_WANTED = {Direction.HIGHER: "higher ones", Direction.LOWER: "lower ones", Direction.UNKNOWN: "none"}
_PLACES = {Origin.RUN: "run", Origin.LOGGED_MODEL: "logged model", Origin.BOTH: "run and logged model"}


def how_measured(measurement: Measurement) -> str:
    """Returns at which step a metric was measured, where MLflow has it, and on which data."""
    words = [f"step {measurement.step}", _PLACES[measurement.origin]]
    if measurement.dataset_name:
        digest = f" ({measurement.dataset_digest[:8]})" if measurement.dataset_digest else ""
        words.append(f"on {measurement.dataset_name}{digest}")
    if (repeats := measurement.repeats) is not None:
        mean, error = shown(repeats.mean).text, shown(repeats.error).text
        words.append(f"mean {mean} ± {error} (standard error) of {repeats.count} at this step")
    return ", ".join(words)


def says_otherwise(other: Measurement) -> str:
    """Returns what the run has where the logged model's value is newer, or the other way round."""
    return f"the {_PLACES[other.origin]} has {shown(other.value).text} (step {other.step})"


def what_changed(promote_request: PromoteRequest, evidence: Evidence) -> str:
    """Returns one sentence about how the evidence differs from what was last observed."""
    now = evidence.champion_version
    before = promote_request.champion_version
    target = promote_request.target_name
    if promote_request.change == Change.REMOVE and now is not None:
        return alias_lost(promote_request, now)
    left, leaves = promote_request.challenger_stage, standing(evidence.challenger.version, promote_request.target)
    if now == before and left not in ("", leaves):
        if promote_request.target_kind == TargetKind.STATUS:
            return f"Version {promote_request.version} has the status {leaves} now; it had {left}."
        return f"Version {promote_request.version} is in the stage {leaves} now; it was in {left}."
    if now == before:
        facts = f"What MLflow says of version {promote_request.version}"
        if now not in (None, promote_request.version):
            facts += f" or of version {now}"
        if promote_request.archive_existing_versions:
            facts += f", or which other versions are in {target},"
        return " ".join([f"{facts} has changed since this request was reviewed.", *gone(evidence.challenger)])
    if now is None:
        return f"Version {before} no longer holds {target}; nobody does."
    if before is None:
        return f"Version {now} holds {target} now; nobody did when this request was reviewed."
    return f"Version {now} holds {target} now; reviewers compared with version {before}."


def turned(before: Evidence, now: Evidence) -> str:
    """Says of which metrics other values count as better than before, and whose word that is; "" of none."""
    keys = sorted(measured_keys(before) & measured_keys(now))
    pairs = [(key, before.directions.of(key), now.directions.of(key)) for key in keys]
    changed = [
        f"of {key} {_WANTED[new.direction]} ({direction_from(new)}); {_WANTED[old.direction]} before"
        for key, old, new in pairs
        if old.direction is not new.direction
    ]
    more = [f"of {len(changed) - _FILES_NAMED} more metrics others"] if len(changed) > _FILES_NAMED else []
    return f"Other values count as better now: {listed([*changed[:_FILES_NAMED], *more])}." if changed else ""


def direction_from(wanted: Wanted) -> str:
    """Returns where it comes from that some values of a metric are better."""
    match wanted.source:
        case Source.PAGE:
            return f"set by {wanted.by}" + (f" on {wanted.at:%d %B %Y}" if wanted.at else "")
        case Source.TAG:
            return "a tag of the model"
    return "its name" if wanted.direction else "its name says nothing"


def gone(facts: VersionFacts) -> list[str]:
    """Says what a version is made of that MLflow no longer has, in one sentence each."""
    return [_GONE[what].format(f"version {facts.version.version}") for what in facts.gone]


def alias_lost(promote_request: PromoteRequest, holder: str) -> str:
    """Says that another version has got the alias that was to be taken away."""
    return (
        f"Version {holder} holds {promote_request.target_name} now: there is nothing to take away from version "
        f"{promote_request.version}."
    )


def nothing_to_take_away(promote_request: PromoteRequest, holder: str) -> str:
    """Says that another version has the alias now, and what to do."""
    return f"{alias_lost(promote_request, holder)} Close this request, or ask for the alias of that version."


def look_again(changed: str) -> str:
    """Says what changed, from `what_changed`, and asks for a new review."""
    return f"{changed} Please take a fresh look at the comparison and review again."


def facts_of_review(promote_request: PromoteRequest, verdict: str, seen: str, champion: str | None) -> str:
    """Says that a review is about facts that have changed since, or "" where it is about the present ones.

    Args:
        promote_request: The request.
        verdict: The review's.
        seen: The fingerprint of the evidence that the review is about.
        champion: The version that held the target then.
    """
    if verdict == Verdict.COMMENT or seen == promote_request.evidence_fingerprint:
        return ""
    if champion == promote_request.champion_version:
        return "of facts that have changed since"
    compared = f"compared with version {champion}" if champion else "when no version held the target"
    return f"{compared}; the champion has changed since"


def files_differ(mismatches: Sequence[Mapping[str, str]]) -> str:
    """Returns which files of a version are not what they were when their digests were taken."""
    named = [f"{one['path']} is {one['what']}" for one in mismatches[:_FILES_NAMED]]
    more = [f"{len(mismatches) - _FILES_NAMED} more"] if len(mismatches) > _FILES_NAMED else []
    return (
        f"The version's files are not what they were when their digests were taken: {listed([*named, *more])}. Restore "
        "them and run manage.py digest --verify, or register a new version."
    )


def made(makers: Sequence[Maker]) -> str:
    """Returns `Registered and trained by ada (known to Checkpoint)`, by Checkpoint's own record; "" where none is."""
    registered = who(maker for maker in makers if maker.deed is Deed.REGISTERED)
    trained = who(maker for maker in makers if maker.deed is not Deed.REGISTERED)
    if not trained or not registered:
        return f"Registered by {registered}" if registered else f"Trained by {trained}" if trained else ""
    if trained == registered:
        return f"Registered and trained by {registered}"
    return f"Registered by {registered}, trained by {trained}"
