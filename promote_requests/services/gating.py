"""Judges the rules' gates on the facts, and keeps what came of it, so that a list can tell without asking MLflow."""

from typing import Any

from django.utils import timezone

from evidence.contents.reading import with_files
from evidence.freeze import Observation
from evidence.observe import Evidence
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
    """Judges a request's gates on this evidence, in the object only; returns whether anything changed.

    `keep` writes it. Not within a transaction: MLflow may be asked for files.
    """
    found = judge_gates(
        requirement_of(promote_request, rules, Observation.of(evidence, promote_request.target)).gates,
        evidence,
        workspace=promote_request.workspace,
        description=promote_request.description,
        fresh=fresh,
    )
    results = as_stored(found)
    if results == promote_request.gate_results:
        return False
    promote_request.gate_results = results
    return True


def keep(promote_request: PromoteRequest) -> None:
    """Writes what `measure` found; what a decision was taken on stays."""
    PromoteRequest.objects.filter(pk=promote_request.pk, status__in=UNFINISHED).update(
        gate_results=promote_request.gate_results
    )


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
