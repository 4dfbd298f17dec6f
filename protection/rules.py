"""The services that write protection rules. Every change leaves an audit row that says what changed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from audit import trail
from audit.actors import Actor
from audit.choices import AuditAction
from foundation.exceptions import InvalidInput, WrongState
from protection import documents, possible, sentences
from protection.choices import Enforcement
from protection.conditions import parse
from protection.documents import history
from protection.models import ProtectionRule, RuleVersion
from protection.people import resolved
from protection.permissions import require_editor


@trail.records_refusals
def save_rule(*, actor: Actor, rule: ProtectionRule) -> ProtectionRule:
    """Adds a rule or stores its new values; saving it unchanged leaves no audit row.

    A rule that nobody could meet is refused, unless it is switched off: then it may wait for its people.

    Args:
        actor: Who changes it.
        rule: With its new values, and the version that the actor was shown.

    Raises:
        InvalidInput: a pattern or number is wrong, another rule has the same patterns, or nobody could meet it.
        NotAllowed: the actor may not edit rules.
        WrongState: somebody changed or deleted the rule meanwhile.
    """
    adding = rule.pk is None
    require_editor(actor, "add" if adding else "change", rule)
    is_off = rule.enforcement == Enforcement.OFF
    rule.conditions = resolved(rule.conditions, must_be_able=not is_off)
    rule.promoters = resolved({"groups": rule.promoters}, field="promoters", must_be_able=not is_off)["groups"]
    parse(rule.conditions)  # names the condition that is wrong, where the model can only name all of them
    _check(rule)
    if not is_off and (impossible := possible.of_rule(rule.parsed_conditions)):
        raise InvalidInput(impossible[0].sentence, field=impossible[0].condition)
    try:
        with transaction.atomic():
            if adding:
                _add(rule, actor)
            else:
                _change(rule, actor)
    except IntegrityError:
        # Somebody saved the same patterns since the check above; the constraint refused the second.
        _check(rule)
        raise
    return rule


def _add(rule: ProtectionRule, actor: Actor) -> None:
    rule.version = 1
    rule.save(force_insert=True)
    _record(rule, actor, sentences.added(sentences.described(rule)))
    _keep(rule, documents.of_rule(rule), actor)


def _change(rule: ProtectionRule, actor: Actor) -> None:
    locked = _lock(rule)
    if locked.version != rule.version:
        raise WrongState(_meanwhile(locked, rule.version))
    if documents.is_same(locked, rule):
        rule.save(force_update=True)
        return
    if not RuleVersion.objects.filter(rule_id=rule.pk, number=locked.version).exists():
        # A rule that Checkpoint shipped: without this nobody could read what it was before its first change.
        _keep(locked, documents.of_rule(locked))
    rule.version = locked.version + 1
    rule.save(force_update=True)
    _record(rule, actor, sentences.changed(sentences.described(locked), sentences.described(rule)))
    _keep(rule, documents.of_rule(rule), actor)


def changed_meanwhile(rule: ProtectionRule) -> str:
    """Says what somebody changed since the version that `rule` has, for who edits it; "" where nobody did."""
    stored = ProtectionRule.objects.filter(pk=rule.pk).first()
    return "" if stored is None or stored.version == rule.version else _meanwhile(stored, rule.version)


def _meanwhile(stored: ProtectionRule, seen: int) -> str:
    kept = {row.number: row for row in RuleVersion.objects.filter(rule_id=stored.pk, number__in=(seen, stored.version))}
    before, after = kept.get(seen), kept.get(stored.version)
    who = after.changed_by_name if after else "Somebody"
    # Somebody may also have changed it and put it back.
    if before is None or after is None or before.document == after.document:
        return sentences.changed_meanwhile(who, "this rule", [])
    return sentences.changed_meanwhile(who, "this rule", history.differences(before.document, after.document))


@trail.records_refusals
def delete_rule(*, actor: Actor, rule: ProtectionRule) -> None:
    """Deletes a rule; from then on anybody can change directly what only this rule protected.

    Raises:
        NotAllowed: the actor may not delete rules.
        WrongState: somebody deleted the rule already.
    """
    require_editor(actor, "delete", rule)
    with transaction.atomic():
        locked = _lock(rule)
        _record(locked, actor, sentences.deleted(sentences.described(locked)))
        if not RuleVersion.objects.filter(rule_id=locked.pk, number=locked.version).exists():
            _keep(locked, documents.of_rule(locked))
        locked.version += 1
        _keep(locked, None, actor)
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


def _keep(rule: ProtectionRule, document: dict[str, Any] | None, actor: Actor | None = None) -> None:
    RuleVersion.objects.create(
        rule_id=rule.pk,
        number=rule.version,
        document=document,
        changed_by_id=actor.account.pk if actor else None,
        changed_by_name=actor.name if actor else "Checkpoint",
    )


def _record(rule: ProtectionRule, actor: Actor, reason: str) -> None:
    trail.record(
        AuditAction.RULE_CHANGED,
        reason=reason,
        about=rule.about,
        actor=actor,
    )


def versions_of(rule_id: int) -> list[RuleVersion]:
    """Returns every version of a rule that somebody changed, the newest first, of a deleted rule too.

    A rule that Checkpoint shipped has none before its first change.
    """
    return list(RuleVersion.objects.filter(rule_id=rule_id))
