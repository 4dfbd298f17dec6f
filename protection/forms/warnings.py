"""What somebody who saves a rule, a window or owners should know, though it is saved: patterns that match nothing.

MLflow is asked, shortly and after the change: what cannot be found out is not warned of.
"""

import re
from collections.abc import Iterable

from foundation.exceptions import CheckpointError
from protection.matching import is_match
from protection.models import FreezeWindow, Ownership, ProtectionRule
from registry import patience
from registry.lists import Lists
from registry.targets import Target, TargetKind

_SECONDS = 3.0
_LOOKED_AT = 1_000
"""The most models of a workspace whose names have the longest word of the pattern."""
_PROBE = Target(TargetKind.STAGE, "Production")


def pattern_warnings(row: ProtectionRule | FreezeWindow | Ownership) -> list[str]:
    """Returns a sentence for a model pattern that no model of MLflow's has; none where MLflow cannot be asked."""
    if not set(row.model_pattern) - {"*"} or getattr(row, "target_pattern", "").startswith("model:"):
        return []
    try:
        with patience.at_most(_SECONDS):
            if _names_any(row):
                return []
    except CheckpointError:
        return []
    return [f"No registered model is called like {row.model_pattern} now: it covers nothing until there is one."]


def _names_any(row: ProtectionRule | FreezeWindow | Ownership) -> bool:
    probe = ProtectionRule(
        workspace_pattern=row.workspace_pattern, model_pattern=row.model_pattern, target_pattern=str(_PROBE)
    )
    longest = max(re.split(r"[*?]", row.model_pattern), key=len)
    return any(
        is_match(probe, workspace=workspace, model_name=model.name, target=_PROBE)
        for workspace in _workspaces()
        for model in Lists(workspace).models(longest, limit=_LOOKED_AT)
    )


def _workspaces() -> Iterable[str]:
    # The default one has no name here.
    return {"", *(name for name in Lists("").workspaces() if name != "default")}
