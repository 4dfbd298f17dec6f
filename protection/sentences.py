"""What the audit trail says about a change to a protection rule."""

from collections.abc import Sequence

from protection.choices import ServiceDirectWrite
from protection.models import FreezeWindow, Ownership, ProtectionRule
from protection.references import People

SAME_WORDS = "the same words, for other people, groups or settings"
"""What is said of a change that the words do not show: a group was deleted, and another one has its name."""


def described(rule: ProtectionRule) -> dict[str, str]:
    """Returns {what: value} of a rule in words, in the order in which they are shown."""
    is_same = rule.on_direct_write_by_service_accounts == ServiceDirectWrite.SAME
    return {
        "target": rule.target_pattern,
        "model": rule.model_pattern,
        "workspace": rule.workspace_pattern,
        "asks for": ", ".join(map(str, rule.asked)),
        "promotes": rule.get_promote_when_display().lower(),
        "may press": ", ".join(group.name for group in rule.parsed_promoters),
        "on a direct change": rule.on_direct_write,
        "on a direct change by a service account": "" if is_same else rule.on_direct_write_by_service_accounts,
        **rule.parsed_moves.described(),
        "enforcement": rule.enforcement,
        "description": rule.description,
    }


def entry(row: FreezeWindow | Ownership) -> dict[str, str]:
    """Returns {what: value} of a freeze window or a row of the ownership list, in words."""
    if isinstance(row, FreezeWindow):
        return {"freeze window": row.name, **{key: value for key, value in row.document.items() if key != "name"}}
    return {
        "owners": row.section,
        "model": row.model_pattern,
        "workspace": row.workspace_pattern,
        "approvals": str(row.approvals),
        "people": str(People.parse(row.people, field="people")),
    }


def entry_changed(before: dict[str, str], after: dict[str, str]) -> str:
    """Returns the reason in the row of a changed window or ownership, from `entry` before and after."""
    kind, name = next(iter(before.items()))
    return f"{kind} {name}: {_changes(before, after)}"


def entry_meanwhile(stored: FreezeWindow | Ownership) -> str:
    """Returns what is said to who edits a row that somebody else has changed since."""
    return changed_meanwhile("Somebody", "this", [f"it says now: {_words(entry(stored))}"])


def changed_meanwhile(who: str, what: str, changes: Sequence[str]) -> str:
    """Returns what is said to who edits something that somebody else has changed since."""
    said = f": {'; '.join(changes)}" if changes else ""
    return f"{who} changed {what} while you had it open{said}. Save again to put what you typed in its place."


def added(rule: dict[str, str]) -> str:
    """Returns the reason in the row of a new rule, from `described`."""
    return f"added: {_words(rule)}"


def changed(before: dict[str, str], after: dict[str, str]) -> str:
    """Returns the reason in the row of a changed rule, from `described` before and after."""
    return f"{before['target']} of {before['model']}: {_changes(before, after)}"


def deleted(rule: dict[str, str]) -> str:
    """Returns the reason in the row of a deleted rule, from `described`."""
    return f"deleted: {_words(rule)}"


def _changes(before: dict[str, str], after: dict[str, str]) -> str:
    changes = [f"{what}: {before[what]!r} became {after[what]!r}" for what in after if before[what] != after[what]]
    return "; ".join(changes) or SAME_WORDS


def _words(rule: dict[str, str]) -> str:
    return ", ".join(f"{what} {value}" for what, value in rule.items() if value)
