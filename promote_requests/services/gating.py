"""Judges the rules' gates on the facts, and keeps what came of it, so that a list can tell without asking MLflow."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone

from evidence.contents.reading import with_files
from evidence.observe import Evidence, standing
from promote_requests.choices import Status
from promote_requests.models import PromoteRequest
from promote_requests.services.reading import requirement_of
from protection.gates import Gate, GateResult, Subject
from protection.gates.statements import Described
from protection.matching import Rulebook
from registry import get_registry

UNFINISHED = (Status.DRAFT, Status.OPEN)


def judge_gates(
    gates: tuple[Gate, ...], evidence: Evidence, *, workspace: str, description: str, fresh: bool = False
) -> dict[str, GateResult]:
    """Returns {gate: what came of it}; files are asked for only where a gate is about them.

    Args:
        gates: What the rules ask for.
        evidence: With or without files.
        workspace: Canonical.
        description: Of the promote request.
        fresh: Asks for files now, whatever was read a moment ago.
    """
    if not gates:
        return {}
    registry = get_registry(workspace)
    contents = any(gate.needs_files for gate in gates) and evidence.challenger.contents is None
    trees = any(gate.needs_tree for gate in gates) and evidence.challenger.tree is None
    evidence = with_files(registry, evidence, workspace=workspace, contents=contents, trees=trees, fresh=fresh)
    champion = None if evidence.champion is evidence.challenger else evidence.champion
    if champion is not None and champion.version == evidence.challenger.version:
        champion = None
    subject = Subject(evidence.challenger, champion, description, timezone.now(), evidence.directions)
    return {str(gate): gate.judge(subject) for gate in gates}


def measure(
    promote_request: PromoteRequest, evidence: Evidence, *, rules: Rulebook | None = None, fresh: bool = False
) -> bool:
    """Judges a request's gates on this evidence, and takes over what Checkpoint has on record of the version.

    In the object only; returns whether anything changed.

    `keep` writes it. Not within a transaction: MLflow may be asked for files.
    """
    leaving = standing(evidence.challenger.version, promote_request.target)
    found = judge_gates(
        requirement_of(promote_request, rules, leaving=leaving).gates,
        evidence,
        workspace=promote_request.workspace,
        description=promote_request.description,
        fresh=fresh,
    )
    measured = {"gate_results": as_stored(found), **on_record(evidence)}
    if measured == taken(promote_request):
        return False
    for column, value in measured.items():
        setattr(promote_request, column, value)
    return True


def keep(promote_request: PromoteRequest) -> None:
    """Writes what `measure` found; what a decision was taken on stays."""
    PromoteRequest.objects.filter(pk=promote_request.pk, status__in=UNFINISHED).update(**taken(promote_request))


def taken(promote_request: PromoteRequest) -> dict[str, Any]:
    """Returns the columns that `measure` fills, as the object has them."""
    return {name: getattr(promote_request, name) for name in ("gate_results", "makers", "held_since")}


def on_record(evidence: Evidence) -> dict[str, Any]:
    """Returns the columns of a request that say what Checkpoint has on record of the version: {field: value}."""
    challenger = evidence.challenger
    return {"makers": [asdict(maker) for maker in challenger.makers], "held_since": dict(challenger.held_since)}


def as_stored(results: dict[str, GateResult]) -> dict[str, Any]:
    """Returns what came of gates as a request keeps it."""
    return {gate: found.as_json() for gate, found in results.items()}


def after_description(results: dict[str, Any], description: str) -> dict[str, Any]:
    """Returns the kept results once the request's description was edited, before anybody asks MLflow again."""
    gate = str(Described())
    if gate not in results:
        return results
    if description.strip():
        return {**results, gate: GateResult(True, "the request has one").as_json()}
    # The version may have one of its own: that takes a look at MLflow.
    return {kept: found for kept, found in results.items() if kept != gate}
