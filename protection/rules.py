"""The services that write protection rules. Every change leaves an audit row that says what changed."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from protection import sentences
from protection.models import ProtectionRule
from protection.permissions import require_rule_editor


@trail.records_refusals
def save_rule(*, actor: Actor, rule: ProtectionRule) -> ProtectionRule:
    """Adds a rule or stores its new values; saving it unchanged leaves no audit row.

    Raises:
        InvalidInput: a pattern or number is wrong, or another rule has the same patterns.
        NotAllowed: the actor may not edit rules.
        WrongState: somebody deleted the rule meanwhile.
    """
    adding = rule.pk is None
    require_rule_editor(actor, "add" if adding else "change")
    _check(rule)
    try:
        with transaction.atomic():
            before = None if adding else sentences.described(_lock(rule))
            rule.save(force_insert=adding, force_update=not adding)
            after = sentences.described(rule)
            if before is None:
                _record(rule, actor, sentences.added(after))
            elif before != after:
                _record(rule, actor, sentences.changed(before, after))
    except IntegrityError:
        # Somebody saved the same patterns since the check above; the constraint refused the second.
        _check(rule)
        raise
    return rule


@trail.records_refusals
def delete_rule(*, actor: Actor, rule: ProtectionRule) -> None:
    """Deletes a rule; from then on anybody can change directly what only this rule protected.

    Raises:
        NotAllowed: the actor may not delete rules.
        WrongState: somebody deleted the rule already.
    """
    require_rule_editor(actor, "delete")
    with transaction.atomic():
        locked = _lock(rule)
        _record(locked, actor, sentences.deleted(sentences.described(locked)))
        locked.delete()


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


def _record(rule: ProtectionRule, actor: Actor, reason: str) -> None:
    trail.record(
        AuditAction.RULE_CHANGED,
        reason=reason,
        about=rule.about,
        actor=actor,
    )


def enabled_rules() -> list[ProtectionRule]:
    """Returns the enabled rules; load them once for a whole page of requests."""
    return list(ProtectionRule.objects.filter(is_enabled=True))
