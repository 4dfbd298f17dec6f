"""Tries gates on a version before a rule with them is saved. Nothing is stored."""

from dataclasses import dataclass, field
from typing import Any

from evidence.contents.reading import with_files
from evidence.observe import observe
from foundation.exceptions import CheckpointError, InvalidInput
from promote_requests import services
from protection.conditions.gates import Gates
from protection.gates import GateResult
from registry import get_registry
from registry.proposals import Change, Proposal
from registry.targets import Target
from registry.workspaces import canonical_workspace


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying gates.

    Attributes:
        results: (gate, what came of it), in the order in which they stand in the form.
        against: Which version was measured, and beside which champion.
        failure: Why nothing could be measured.
    """

    results: tuple[tuple[str, GateResult], ...] = ()
    against: str = ""
    failure: CheckpointError | None = None
    said: dict[str, str] = field(default_factory=dict)


def try_gates(values: dict[str, Any]) -> Tried:
    """Measures the gates of a form on the version that it names.

    Args:
        values: `gates`, one a line; `try_model`, `try_version`, `try_target`, `try_workspace`.
    """
    fields = ("try_model", "try_version", "try_target", "try_workspace")
    said = {name: str(values.get(name, "")).strip() for name in fields}
    try:
        gates = Gates.parse(str(values.get("gates", ""))).gates
        if not said["try_model"] or not said["try_version"]:
            raise InvalidInput("Name the model and the version to try the gates on.")
        workspace = canonical_workspace(said["try_workspace"])
        proposal = Proposal(
            said["try_model"], said["try_version"], Target.parse(said["try_target"]), Change.SET, False, workspace
        )
        registry = get_registry(workspace)
        evidence = with_files(registry, observe(registry, proposal), workspace=workspace)
        results = services.judge_gates(gates, evidence, workspace=workspace, description="")
    except CheckpointError as failure:
        return Tried(failure=failure, said=said)
    champion = evidence.champion_version
    beside = f"version {champion}, which holds it now" if champion else "nobody, because nobody holds it"
    against = f"{said['try_model']} version {said['try_version']} for {proposal.target}, beside {beside}"
    return Tried(tuple(results.items()), against, said=said)
