"""Which rule protects a target. The one place that matches patterns."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from promote_requests.choices import TargetKind
from promote_requests.targets import Target

if TYPE_CHECKING:
    from promote_requests.models import ProtectionRule


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the matching rules together ask for: the strictest of each.

    An unprotected target has no rules; a request for one still needs one approval, because asking is why it exists.
    """

    required_approvals: int = 1
    promote_when_approved: bool = True
    rules: tuple["ProtectionRule", ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether any rule matched."""
        return bool(self.rules)


def requirement_for(
    rules: Iterable["ProtectionRule"], *, workspace: str, model_name: str, target: Target
) -> Requirement:
    """Returns what `rules` (the enabled ones) ask for a target of a model."""
    matching = tuple(
        rule for rule in rules if is_match(rule, workspace=workspace, model_name=model_name, target=target)
    )
    if not matching:
        return Requirement()
    return Requirement(
        required_approvals=max(rule.required_approvals for rule in matching),
        promote_when_approved=all(rule.promote_when_approved for rule in matching),
        rules=matching,
    )


def is_match(rule: "ProtectionRule", *, workspace: str, model_name: str, target: Target) -> bool:
    """Tells whether an enabled rule covers a target of a model.

    Case is ignored, so that a spelling that a database would take for the same name is not a way round.
    """
    if not rule.is_enabled or not _glob(workspace or "default", rule.workspace_pattern):
        return False
    if not _glob(str(target), rule.target_pattern):
        return False
    return target.kind == TargetKind.MODEL or _glob(model_name, rule.model_pattern)


def _glob(text: str, pattern: str) -> bool:
    return fnmatchcase(text.casefold(), pattern.casefold())
