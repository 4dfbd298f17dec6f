"""Which rule protects a target. The one place that matches patterns."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol

from registry.targets import STAGES, Target, TargetKind


class Rule(Protocol):
    """A protection rule as far as matching goes; `models.ProtectionRule` is one."""

    workspace_pattern: str
    model_pattern: str
    target_pattern: str
    is_enabled: bool
    required_approvals: int
    promote_when_approved: bool


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the matching rules together ask for: the strictest of each.

    An unprotected target has no rules; a request for one still needs one approval, because asking is why it exists.
    """

    required_approvals: int = 1
    promote_when_approved: bool = True
    rules: tuple[Rule, ...] = ()

    @property
    def is_protected(self) -> bool:
        """Whether any rule matched."""
        return bool(self.rules)


def requirement_for(rules: Iterable[Rule], *, workspace: str, model_name: str, target: Target) -> Requirement:
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


def strictest(one: Requirement, other: Requirement) -> Requirement:
    """Returns what both ask for together; a requirement without rules adds nothing."""
    if not other.is_protected:
        return one
    if not one.is_protected:
        return other
    return Requirement(
        required_approvals=max(one.required_approvals, other.required_approvals),
        promote_when_approved=one.promote_when_approved and other.promote_when_approved,
        rules=one.rules + tuple(rule for rule in other.rules if rule not in one.rules),
    )


def is_match(rule: Rule, *, workspace: str, model_name: str, target: Target) -> bool:
    """Tells whether an enabled rule covers a target of a model.

    Case, accents and width are ignored, so that a spelling that MLflow's database takes for the same name (MySQL does)
    is not a way round: neither for a direct call nor for a request that would then need fewer approvals.
    """
    if not rule.is_enabled or not _glob(workspace or "default", rule.workspace_pattern):
        return False
    if not _glob(str(target), rule.target_pattern):
        return False
    return target.kind == TargetKind.MODEL or _glob(model_name, rule.model_pattern)


def pattern_problems(*, workspace_pattern: str, model_pattern: str, target_pattern: str) -> dict[str, str]:
    """Returns {field: what is wrong} of a rule's patterns, so that a typing error does not leave a target open.

    Only `*` and `?` are wildcards for people; `[` would be one for the matcher, and is refused, because a model whose
    name has brackets would then not match its own name.
    """
    patterns = {
        "workspace_pattern": workspace_pattern,
        "model_pattern": model_pattern,
        "target_pattern": target_pattern,
    }
    problems = {}
    for field, pattern in patterns.items():
        if pattern != pattern.strip():
            problems[field] = "Remove the space at the beginning or end."
        elif "[" in pattern:
            problems[field] = "Write ? in place of [: only * and ? are wildcards."
    kind, separator, name = target_pattern.partition(":")
    if not separator or kind not in TargetKind.values or not name:
        problems.setdefault(
            "target_pattern", f"{target_pattern!r} protects nothing: start with stage:, alias: or model:, then a name."
        )
    elif kind == TargetKind.STAGE and not any(_glob(stage, name) for stage in STAGES):
        problems.setdefault("target_pattern", f"No stage is called {name!r}: MLflow has {', '.join(STAGES)}.")
    return problems


def _glob(text: str, pattern: str) -> bool:
    return fnmatchcase(text.casefold(), pattern.casefold()) or fnmatchcase(_plain(text), _plain(pattern))


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).casefold()
