"""Protection rules: the only writers of them. Every change leaves an audit row that says in words what changed."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from protection.models import ProtectionRule
from protection.permissions import require_rule_editor


@trail.records_refusals
def save_rule(*, actor: Actor, rule: ProtectionRule) -> ProtectionRule:
    """Adds a rule or writes its new values; one that says what it said before leaves no row.

    Raises:
        InvalidInput: a pattern or number cannot be, or another rule has the same patterns.
        NotAllowed: the actor may not edit rules.
        WrongState: somebody deleted the rule meanwhile.
    """
    adding = rule.pk is None
    require_rule_editor(actor, "add" if adding else "change")
    _check(rule)
    try:
        with transaction.atomic():
            before = None if adding else describe(_lock(rule))
            rule.save(force_insert=adding, force_update=not adding)
            after = describe(rule)
            if before is None:
                _record(rule, actor, f"added: {_words(after)}")
            elif before != after:
                _record(rule, actor, _changes(before, after))
    except IntegrityError:
        # Somebody saved the same patterns between our look and our write: the constraint noticed.
        _check(rule)
        raise
    return rule


@trail.records_refusals
def delete_rule(*, actor: Actor, rule: ProtectionRule) -> None:
    """Deletes a rule; what it alone protected can be changed directly from now on.

    Raises:
        NotAllowed: the actor may not delete rules.
        WrongState: somebody deleted the rule already.
    """
    require_rule_editor(actor, "delete")
    with transaction.atomic():
        locked = _lock(rule)
        _record(locked, actor, f"deleted: {_words(describe(locked))}")
        locked.delete()


def describe(rule: ProtectionRule) -> dict[str, str]:
    """Returns {what: value} of a rule in words, in the order in which people read them."""
    return {
        "target": rule.target_pattern,
        "model": rule.model_pattern,
        "workspace": rule.workspace_pattern,
        "asks for": ", ".join(map(str, rule.parsed_conditions)),
        "promotes when approved": "yes" if rule.promote_when_approved else "no",
        "enabled": "yes" if rule.is_enabled else "no",
        "description": rule.description,
    }


def _check(rule: ProtectionRule) -> None:
    try:
        rule.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field="" if field == "__all__" else field) from None


def _lock(rule: ProtectionRule) -> ProtectionRule:
    found = ProtectionRule.objects.select_for_update().filter(pk=rule.pk).first()
    if found is None:
        raise WrongState("Somebody else deleted this rule meanwhile.")
    return found


def _words(described: dict[str, str]) -> str:
    return ", ".join(f"{what} {value}" for what, value in described.items() if value)


def _changes(before: dict[str, str], after: dict[str, str]) -> str:
    changes = [f"{what}: {before[what]!r} became {after[what]!r}" for what in after if before[what] != after[what]]
    return f"{before['target']} of {before['model']}: {'; '.join(changes)}"


def _record(rule: ProtectionRule, actor: Actor, reason: str) -> None:
    trail.record(
        AuditAction.RULE_CHANGED,
        reason=reason,
        about=rule.about,
        actor=actor,
    )


def enabled_rules() -> list[ProtectionRule]:
    """Returns the rules that hold now; load them once for a whole page of requests."""
    return list(ProtectionRule.objects.filter(is_enabled=True))
